package clock

import (
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	var w Watch
	if _, ok := w.Off(); ok {
		t.Error("wrong before anybody said anything")
	}
	w.Heard("tsp", 2*time.Minute)
	if a, ok := w.Off(); ok {
		t.Errorf("two minutes are taken for an error: %+v", a)
	}
	// One service that is wrong does not make the clock wrong.
	w.Heard("ocsp", time.Second)
	w.Heard("odd", 40*24*time.Hour)
	if a, ok := w.Off(); ok {
		t.Errorf("one against two: %+v", a)
	}
	for range kept {
		w.Heard("tsp", -time.Hour)
	}
	if a, ok := w.Off(); !ok || a.Ahead != -time.Hour || a.Service != "tsp" {
		t.Errorf("an hour: %+v, %v", a, ok)
	}
	var none *Watch
	none.Heard("x", time.Hour)
	if _, ok := none.Off(); ok {
		t.Error("nil")
	}
}

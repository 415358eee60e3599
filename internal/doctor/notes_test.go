package doctor

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"tanba/internal/clock"
	"tanba/internal/state"
)

func TestFixForgetsModules(t *testing.T) {
	o := healthy(t)
	(&Observer{Dir: o.State, Now: o.Now}).Module("x", "https://e.kz")
	if err := Fix(t.Context(), Faults(Run(t.Context(), o))[0]); err != nil {
		t.Fatal(err)
	}
	if faults := Faults(Run(t.Context(), o)); len(faults) != 0 {
		t.Errorf("%+v", faults)
	}
}

func TestObserver(t *testing.T) {
	at := now
	w := &Observer{Dir: state.Dir(t.TempDir()), Now: func() time.Time { return at }}
	for i := range 30 {
		w.Module("m"+strconv.Itoa(i), "https://e.kz\n"+strings.Repeat("x", 200))
	}
	n, err := LoadNotes(w.Dir)
	if err != nil || len(n.Modules) != maxModules || strings.ContainsAny(n.Modules[0].Origin, "\n") || len(n.Modules[0].Origin) > 100 {
		t.Errorf("%d, %v", len(n.Modules), err)
	}
	if n.Modules[0].Module != "m19" {
		t.Errorf("one page can have the notes written without end: %+v", n.Modules[0])
	}
	at = at.Add(2 * time.Hour)
	w.Module("later", "")
	if n, _ := LoadNotes(w.Dir); n.Modules[0].Module != "later" || len(n.Modules) != maxModules {
		t.Errorf("the latest: %+v", n.Modules[0])
	}
	var watch clock.Watch
	w.Heard(&watch)("tsp", time.Hour)
	if n, _ := LoadNotes(w.Dir); n.Clock == nil || n.Clock.Service != "tsp" || n.Clock.Ahead != time.Hour {
		t.Errorf("clock: %+v", n.Clock)
	}
	w.Clock("tsp", 0, false)
	if n, _ := LoadNotes(w.Dir); n.Clock != nil {
		t.Error("a clock that was set right is still wrong")
	}
	if err := w.Dir.Write([]byte("{"), notesFile); err != nil {
		t.Fatal(err)
	}
	if err := w.Module("again", "https://e.kz"); err != nil {
		t.Error(err)
	}
	if n, err := LoadNotes(w.Dir); err != nil || len(n.Modules) != 1 {
		t.Errorf("%+v, %v", n, err)
	}
}

// What every client asks for, and what is no name, is no fault.
func TestObserverPassesOverProbes(t *testing.T) {
	w := &Observer{Dir: state.Dir(t.TempDir())}
	for _, name := range append([]string{"", "a b", "<b>", "модуль", strings.Repeat("x", 81)}, probes...) {
		if err := w.Module(name, "https://e.kz"); err != nil {
			t.Error(err)
		}
	}
	if n, err := LoadNotes(w.Dir); err != nil || len(n.Modules) > 0 {
		t.Errorf("%+v, %v", n, err)
	}
	var none *Observer
	if err := none.Module("kz.ecc.Other", ""); err != nil {
		t.Error(err)
	}
}

// A wrong clock is spoken of until it was set, or might have been.
func TestClockNote(t *testing.T) {
	for _, c := range []struct {
		name  string
		ahead time.Duration
		age   time.Duration
		fault bool
	}{
		{"just now", time.Hour, 0, true},
		{"yesterday", time.Hour, 24 * time.Hour, true},
		{"long ago", time.Hour, 5 * 24 * time.Hour, false},
		{"set back since", -2 * time.Hour, -2 * time.Hour, false},
		{"small", 2 * time.Minute, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := healthy(t)
			(&Observer{Dir: o.State, Now: func() time.Time { return now.Add(-c.age) }}).Clock("tsp", c.ahead, true)
			faults := Faults(Run(t.Context(), o))
			if (len(faults) == 1 && faults[0].Code == ClockWrong) != c.fault || len(faults) > 1 {
				t.Fatalf("%+v", faults)
			}
			for _, f := range faults {
				if err := Fix(t.Context(), f); err != nil {
					t.Error(err)
				}
				if left := Faults(Run(t.Context(), o)); len(left) > 0 {
					t.Errorf("after it was set: %+v", left)
				}
			}
		})
	}
}

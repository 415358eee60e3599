package prompt

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestRemindsOfAWindowBehindOthers: three times at most, not at all while the
// person looks at it, and the note goes with the window.
func TestRemindsOfAWindowBehindOthers(t *testing.T) {
	var shown, gone atomic.Int32
	reminds := func(o *WebOptions) {
		o.Patience, o.Again = 20*time.Millisecond, 20*time.Millisecond
		o.Remind = func(*Request) func() {
			shown.Add(1)
			return func() { gone.Add(1) }
		}
	}
	eventually := func(what string, f func() bool) {
		t.Helper()
		for range 6000 {
			if f() {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("%s: shown %d, gone %d", what, shown.Load(), gone.Load())
	}
	w := open(t, minimal(), reminds)
	eventually("three notes", func() bool { return shown.Load() == 3 })
	time.Sleep(100 * time.Millisecond)
	if n := shown.Load(); n != 3 {
		t.Errorf("%d notes", n)
	}
	w.exchange()
	w.send("POST", "/cancel", nil)
	eventually("all taken back", func() bool { return gone.Load() == 3 })

	shown.Store(0)
	w = open(t, minimal(), func(o *WebOptions) { reminds(o); o.Patience = 2 * time.Second })
	w.exchange()
	w.send("POST", "/focus", map[string]bool{"focused": true})
	time.Sleep(2200 * time.Millisecond)
	if n := shown.Load(); n != 0 {
		t.Errorf("%d notes of a window in front", n)
	}
	w.send("POST", "/focus", map[string]bool{"focused": false})
	eventually("behind another window", func() bool { return shown.Load() > 0 })
	w.send("POST", "/cancel", nil)
	w.wait()
}

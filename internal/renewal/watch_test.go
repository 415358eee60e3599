package renewal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/notify"
	"tanba/internal/state"
)

// board keeps notes; err is what showing one ends with.
type board struct {
	notes []string
	err   error
	press func(action string) // the last note's
}

func (b *board) Show(_ context.Context, n notify.Note, replaces uint32) (uint32, error) {
	if b.err != nil {
		return 0, b.err
	}
	line := n.Title + " | " + n.Body
	if n.Urgent {
		line = "! " + line
	}
	if replaces != 0 {
		line += fmt.Sprintf(" (for %d)", replaces)
	}
	for _, a := range n.Actions {
		line += " [" + a.Label + "]"
	}
	b.notes, b.press = append(b.notes, line), n.Chosen
	return 7, nil
}

func (b *board) Withdraw(context.Context, uint32) error { return nil }

// TestEveryText lets a key end in each language, with a clock of the test, and
// compares every word with testdata.
func TestEveryText(t *testing.T) {
	var out strings.Builder
	for _, lang := range []string{"kk", "ru", "en"} {
		for _, token := range []bool{false, true} {
			k := key("old", start.AddDate(0, 0, 31))
			k.Token = token
			keys := []Key{k}
			b := &board{}
			w := &Watcher{Plan: Open("", DefaultQuiet), Keys: func(context.Context) []Key { return keys }, Notes: b, Open: func(string, Warning) {},
				Ask: func() (bool, string, Quiet) { return true, lang, DefaultQuiet }}
			for h := range 24 * 33 {
				w.Look(t.Context(), start.Add(time.Duration(h)*time.Hour))
			}
			if len(b.notes) != 6 {
				t.Errorf("%s: %d notes", lang, len(b.notes))
			}
			// And one that was renewed in time.
			k.ID, k.NotAfter = "other", start.AddDate(0, 0, 20)
			newer := key("new", start.AddDate(1, 0, 0))
			keys = []Key{k, newer}
			for h := range 48 {
				w.Look(t.Context(), start.Add(time.Duration(h)*time.Hour))
			}
			for _, n := range b.notes {
				fmt.Fprintf(&out, "%s token=%v: %s\n", lang, token, n)
			}
		}
	}
	golden := filepath.Join("testdata", "warnings.txt")
	if os.Getenv("TANBA_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != out.String() {
		t.Errorf("%v; the texts are now\n%s", err, &out)
	}
}

// TestButtons: what to do opens at once; later is a day, is kept over a restart as
// the page's is, is never in the quiet hours, and says the same again.
func TestButtons(t *testing.T) {
	dir := state.Dir(t.TempDir())
	b := &board{}
	var opened []string
	now := start
	restart := func() *Watcher {
		return &Watcher{
			Plan: Open(dir, DefaultQuiet), Notes: b, Now: func() time.Time { return now },
			Keys: func(context.Context) []Key { return []Key{key("a", start.Add(6*day))} },
			Ask:  func() (bool, string, Quiet) { return true, "en", DefaultQuiet },
			Open: func(lang string, w Warning) { opened = append(opened, fmt.Sprint(lang, " ", w.Key.ID, " ", w.Days)) },
		}
	}
	look := func(w *Watcher, hours int, want int) {
		t.Helper()
		now = start.Add(time.Duration(hours) * time.Hour)
		if w.Look(t.Context(), now); len(b.notes) != want {
			t.Errorf("after %d hours: %d notes, want %d: %q", hours, len(b.notes), want, b.notes)
		}
	}
	w := restart()
	look(w, 0, 1)
	b.press("open")
	b.press("something else")
	look(w, 25, 1)                  // said, and not put off
	now = start.Add(40 * time.Hour) // four in the morning
	b.press("later")
	w = restart()
	look(w, 63, 1)
	look(w, 64, 1) // a day has passed, but it is four again
	look(w, 68, 2)
	look(w, 69, 2)
	if fmt.Sprint(opened) != "[en a 6]" {
		t.Errorf("opened %q", opened)
	}
	if len(b.notes) == 2 && !strings.Contains(b.notes[1], "expires in 3 days") {
		t.Errorf("said %q", b.notes[1])
	}
	// The page puts off what the note said.
	if w, ok := State(key("a", start.Add(6*day)), nil, now); !ok || restart().Plan.Later(w, now) != nil {
		t.Error("not put off")
	}
	look(restart(), 92, 2)
	look(restart(), 93, 3)
}

// A press that comes while the note is still being shown is not lost.
type eager struct{ board }

func (e *eager) Show(ctx context.Context, n notify.Note, replaces uint32) (uint32, error) {
	pressed := make(chan struct{})
	go func() { close(pressed); n.Chosen("later") }()
	<-pressed
	return e.board.Show(ctx, n, replaces)
}

func TestPressedAtOnce(t *testing.T) {
	e := &eager{}
	now := start
	w := &Watcher{Plan: Open("", Quiet{}), Notes: e, Now: func() time.Time { return start }, Open: func(string, Warning) {},
		Keys: func(context.Context) []Key { return []Key{key("a", start.Add(5*day))} }}
	w.Look(t.Context(), now)
	for deadline := time.Now().Add(time.Minute); len(w.Plan.Due(w.Keys(nil), start.Add(day))) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the press was lost")
		}
		time.Sleep(time.Millisecond)
	}
}

// Where nobody can be told, nothing counts as said.
func TestNobodyToTell(t *testing.T) {
	b := &board{err: notify.ErrUnsupported}
	w := &Watcher{Plan: Open("", DefaultQuiet), Keys: func(context.Context) []Key { return []Key{key("a", start.Add(5*day))} }, Notes: b}
	if next := w.Look(t.Context(), start); next.After(start.Add(longest)) {
		t.Errorf("looks again at %v", next)
	}
	b.err = nil
	w.Look(t.Context(), start.Add(longest))
	if len(b.notes) != 1 {
		t.Errorf("%d notes", len(b.notes))
	}
}

func TestSwitchedOffAndQuiet(t *testing.T) {
	on, quiet := false, DefaultQuiet
	b := &board{}
	w := &Watcher{Plan: Open("", DefaultQuiet), Keys: func(context.Context) []Key { return []Key{key("a", start.Add(5*day))} }, Notes: b,
		Ask: func() (bool, string, Quiet) { return on, "en", quiet }}
	w.Look(t.Context(), start)
	on, quiet = true, Quiet{0, 24 * 60}
	w.Look(t.Context(), start)
	if len(b.notes) != 0 {
		t.Errorf("said %q", b.notes)
	}
	quiet = DefaultQuiet
	w.Look(t.Context(), start)
	if len(b.notes) != 1 {
		t.Errorf("%d notes", len(b.notes))
	}
}

// TestSleepsAndWakes: it sleeps until something may be due, an hour at most, and
// wakes when a token comes.
func TestSleepsAndWakes(t *testing.T) {
	b := &board{}
	slept := make(chan time.Duration)
	timer := make(chan time.Time)
	change := make(chan struct{})
	looked := 0
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	w := &Watcher{
		Plan: Open(state.Dir(""), DefaultQuiet), Notes: b, Now: func() time.Time { return start },
		Keys:    func(context.Context) []Key { looked++; return []Key{key("a", start.Add(7*day+10*time.Minute))} },
		Changed: func() <-chan struct{} { return change },
		After:   func(d time.Duration) <-chan time.Time { slept <- d; return timer },
	}
	go func() { w.Run(ctx); close(ended) }()
	if d := <-slept; d != 10*time.Minute {
		t.Errorf("sleeps %v", d)
	}
	timer <- start
	if d := <-slept; d != 10*time.Minute {
		t.Errorf("sleeps %v", d)
	}
	close(change)
	<-slept
	cancel()
	for done := false; !done; {
		select {
		case <-slept:
		case <-ended:
			done = true
		}
	}
	if looked < 3 || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("looked %d times", looked)
	}
}

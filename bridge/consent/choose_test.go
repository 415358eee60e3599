package consent

import (
	"context"
	"testing"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/testpki"
)

// TestT22ChooseTakesEffectAtOnce: a smaller number of minutes shortens what is
// kept, 0 forgets it now, a larger one lengthens nothing that was promised to end.
func TestT22ChooseTakesEffectAtOnce(t *testing.T) {
	path := keyFile(t, testpki.Profile{})
	site := func() *Question { return from("https://egov.kz") }
	for _, c := range []struct {
		name         string
		before       time.Duration // between typing and choosing
		choose       time.Duration
		after        time.Duration // between choosing and asking
		open         bool
		offered      time.Duration
		kept         int // right after choosing
		wantLessThan time.Duration
	}{
		{"0 forgets now", time.Minute, 0, 0, false, 0, 0, 0},
		{"less than has passed", 6 * time.Minute, 5 * time.Minute, 0, false, 5 * time.Minute, 0, 0},
		{"less, still running", time.Minute, 5 * time.Minute, 3 * time.Minute, true, 5 * time.Minute, 1, 4*time.Minute + time.Second},
		{"less, then over", time.Minute, 5 * time.Minute, 5 * time.Minute, false, 5 * time.Minute, 1, 0},
		{"no change", time.Minute, 15 * time.Minute, 13 * time.Minute, true, 15 * time.Minute, 1, 15 * time.Minute},
		{"more than may be", time.Minute, time.Hour, 15 * time.Minute, false, 15 * time.Minute, 1, 15 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, func(o *Options) { o.Remember = 15 * time.Minute })
			d.agree(site(), path, prompt.Decision{Remember: true})
			d.clock.add(c.before)
			d.Choose(Choices{Remember: c.choose})
			kept := d.Remembered()
			if len(kept) != c.kept {
				t.Fatalf("%d are kept", len(kept))
			}
			if c.wantLessThan > 0 && kept[0].Until.Sub(d.clock.Now()) > c.wantLessThan {
				t.Errorf("kept until %v, it is %v", kept[0].Until, d.clock.Now())
			}
			d.clock.add(c.after)
			s, open := d.open(site())
			if open != c.open || s.RememberFor != c.offered {
				t.Errorf("open %t, offered for %v", open, s.RememberFor)
			}
		})
	}
	// From never to some minutes: the next window offers it, and keeps to it.
	d := newDesk(t)
	if s, _ := d.open(site()); s.RememberFor != 0 {
		t.Error("offered though never chosen")
	}
	d.Choose(Choices{Remember: 5 * time.Minute, Phrase: "көк түйе", Language: "kk"})
	d.agree(site(), path, prompt.Decision{Remember: true})
	s, open := d.open(site())
	if !open || s.RememberFor != 5*time.Minute || s.Phrase != "көк түйе" || s.Locale != "kk" {
		t.Errorf("open %t, %v, %q, %q", open, s.RememberFor, s.Phrase, s.Locale)
	}
	// The person lowered it while a window was open that had offered more.
	asked := d.ask(context.Background(), site())
	w := d.person.next(t)
	d.Choose(Choices{})
	keys, err := w.Unlock(w.ctx, path, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	w.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID, Remember: true}}
	r := wait(t, asked)
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.g.Close("")
	if kept := d.Remembered(); len(kept) != 0 {
		t.Errorf("kept against the choice: %+v", kept)
	}
}

package consent

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tanba/bridge/prompt"
	"tanba/protocol"
)

func TestT8OneVisibleInOrder(t *testing.T) {
	d := newDesk(t)
	var asked []chan result
	for i := range 4 {
		asked = append(asked, d.ask(context.Background(), pick(fmt.Sprintf("https://site%d.kz", i))))
		for d.queue.waiting() < i { // the order of asking is what is tested
			time.Sleep(time.Millisecond)
		}
		if i == 0 {
			for len(d.person.shown) == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	}
	for i := range 4 {
		s := d.person.next(t)
		if want := fmt.Sprintf("https://site%d.kz", i); s.Site.Origin != want {
			t.Fatalf("shown %s, want %s", s.Site.Origin, want)
		}
		if got := s.Waiting(); got != 3-i {
			t.Errorf("waiting %d behind the %d.", got, i)
		}
		d.person.nothing(t)
		if i == 1 {
			s.no()
			if r := wait(t, asked[i]); !errors.Is(r.err, protocol.ErrCancelled) {
				t.Error(r.err)
			}
			continue
		}
		s.answer <- answer{d: prompt.Decision{Path: "/x"}}
		r := wait(t, asked[i])
		if r.err != nil {
			t.Fatal(r.err)
		}
		d.person.nothing(t) // the work of the first goes on
		r.g.Close("")
	}
}

func TestT8QueuePerOrigin(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(context.Background())
	asked := []chan result{d.ask(ctx, pick("https://flood.kz"))}
	d.person.next(t)
	for range queuedPerOrigin {
		asked = append(asked, d.ask(ctx, pick("https://flood.kz")))
	}
	for d.queue.waiting() < queuedPerOrigin {
		time.Sleep(time.Millisecond)
	}
	if r := wait(t, d.ask(ctx, pick("https://flood.kz"))); !errors.Is(r.err, protocol.ErrCancelled) || !errors.Is(r.err, errLimit) {
		t.Errorf("the fifth: %v", r.err)
	}
	if j := d.journalOf(); len(j) != 1 || j[0].Outcome != OutcomeLimit {
		t.Errorf("journal: %+v", j)
	}
	asked = append(asked, d.ask(ctx, pick("https://other.kz"))) // others are not touched
	for d.queue.waiting() < queuedPerOrigin+1 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	for _, a := range asked {
		wait(t, a)
	}
}

func TestT8CoolDown(t *testing.T) {
	d := newDesk(t)
	dismiss := func() {
		t.Helper()
		asked := d.ask(context.Background(), pick("https://nag.kz"))
		d.person.next(t).no()
		wait(t, asked)
	}
	refused := func() bool {
		t.Helper()
		asked := d.ask(context.Background(), pick("https://nag.kz"))
		select {
		case s := <-d.person.shown:
			s.answer <- answer{d: prompt.Decision{Path: "/x"}}
			wait(t, asked).g.Close("")
			return false
		case r := <-asked:
			return errors.Is(r.err, errLimit)
		case <-time.After(time.Minute):
			t.Fatal("neither shown nor refused")
			return false
		}
	}
	dismiss()
	d.clock.add(time.Minute)
	dismiss()
	if !refused() {
		t.Error("asked again after two dismissals")
	}
	asked := d.ask(context.Background(), pick("https://other.kz"))
	d.person.next(t).no()
	wait(t, asked)
	d.clock.add(coolDown - time.Minute - time.Second)
	if !refused() {
		t.Error("asked again within five minutes")
	}
	d.clock.add(2 * time.Second) // the first dismissal is five minutes old
	if refused() {
		t.Error("refused after five minutes")
	}
	// The yes wiped the slate.
	dismiss()
	if refused() {
		t.Error("refused after one dismissal")
	}
}

func TestT8HourlyLimit(t *testing.T) {
	d := newDesk(t)
	answer1 := func(origin string, yes bool) bool {
		t.Helper()
		asked := d.ask(context.Background(), pick(origin))
		select {
		case s := <-d.person.shown:
			if yes {
				s.answer <- answer{d: prompt.Decision{Path: "/x"}}
				wait(t, asked).g.Close("")
			} else {
				s.no()
				wait(t, asked)
			}
			return true
		case <-asked:
			return false
		}
	}
	if !answer1("https://work.kz", true) {
		t.Fatal("the first question was refused")
	}
	for i := range 29 {
		d.clock.add(time.Second)
		if !answer1(fmt.Sprintf("https://flood%d.kz", i), false) {
			t.Fatalf("question %d was refused", i+2)
		}
	}
	if answer1("https://flood-more.kz", false) {
		t.Error("the 31st question of an hour was shown")
	}
	// A site approved within the hour is at work.
	for range 20 {
		if !answer1("https://work.kz", true) {
			t.Fatal("a site at work was refused")
		}
	}
	d.clock.add(time.Hour + time.Minute)
	if !answer1("https://flood-more.kz", false) {
		t.Error("refused after an hour")
	}
}

func TestScriptHasNoLimits(t *testing.T) {
	d := New(Options{Prompter: prompt.NewScript([]prompt.Answer{{Approve: false}})})
	for range 100 {
		_, err := d.Ask(context.Background(), from("https://egov.kz"))
		if !errors.Is(err, protocol.ErrCancelled) || errors.Is(err, errLimit) {
			t.Fatal(err)
		}
	}
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPerson()
		d := New(Options{Prompter: p})
		asked := time.Now()
		_, err := d.Ask(context.Background(), pick("https://egov.kz"))
		if !errors.Is(err, protocol.ErrCancelled) || !errors.Is(err, errTimeout) || time.Since(asked) != 5*time.Minute {
			t.Errorf("err = %v after %v", err, time.Since(asked))
		}
	})
}

// TestClosedSocketClosesItsQuestion: visible or waiting, the end of ctx ends it,
// and the next one is shown.
func TestClosedSocketClosesItsQuestion(t *testing.T) {
	d := newDesk(t)
	first, endFirst := context.WithCancel(context.Background())
	second, endSecond := context.WithCancel(context.Background())
	a := d.ask(first, pick("https://a.kz"))
	shown := d.person.next(t)
	b := d.ask(second, pick("https://b.kz"))
	for d.queue.waiting() < 1 {
		time.Sleep(time.Millisecond)
	}
	c := d.ask(context.Background(), pick("https://c.kz"))
	for d.queue.waiting() < 2 {
		time.Sleep(time.Millisecond)
	}
	endSecond()
	if r := wait(t, b); !errors.Is(r.err, protocol.ErrCancelled) {
		t.Errorf("waiting: %v", r.err)
	}
	d.person.nothing(t)
	endFirst()
	if r := wait(t, a); !errors.Is(r.err, protocol.ErrCancelled) {
		t.Errorf("visible: %v", r.err)
	}
	<-shown.ctx.Done()
	s := d.person.next(t)
	if s.Site.Origin != "https://c.kz" {
		t.Errorf("shown: %s", s.Site.Origin)
	}
	s.no()
	wait(t, c)
	outcomes := ""
	for _, e := range d.journalOf() {
		outcomes += e.Outcome + " "
	}
	if outcomes != "gone gone cancelled " {
		t.Errorf("journal: %s", outcomes)
	}
	if n := len(d.queue.history("https://a.kz").dismissed); n != 0 {
		t.Errorf("a closed page counts as %d dismissals", n)
	}
}

func TestNobodyToAsk(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Prompter = prompt.First() })
	for range 3 {
		_, err := d.Ask(context.Background(), from("https://egov.kz"))
		if !errors.Is(err, protocol.ErrCancelled) || !errors.Is(err, prompt.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	for _, e := range d.journalOf() {
		if e.Outcome != OutcomeUnavailable {
			t.Errorf("journal: %+v", e)
		}
	}
}

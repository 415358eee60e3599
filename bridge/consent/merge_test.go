package consent

import (
	"context"
	"errors"
	"testing"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/testpki"
	"tanba/keystore"
	"tanba/protocol"
)

// joined waits until n questions wait for the answer to another.
func (d *desk) joined(n int) {
	d.t.Helper()
	for range 60_000 {
		d.flights.mu.Lock()
		sum := 0
		for _, f := range d.flights.open {
			sum += f.joined
		}
		d.flights.mu.Unlock()
		if sum == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	d.t.Fatalf("not %d questions joined", n)
}

// TestT8IdenticalQuestionsAreOne: one window, one answer for all, and the key
// lives until the last of them is done.
func TestT8IdenticalQuestionsAreOne(t *testing.T) {
	d := newDesk(t)
	path := keyFile(t, testpki.Profile{})
	first := d.ask(context.Background(), from("https://egov.kz"))
	s := d.person.next(t)
	second, third := d.ask(context.Background(), from("https://egov.kz")), d.ask(context.Background(), from("https://egov.kz"))
	d.joined(2)
	if n := s.Waiting(); n != 0 {
		t.Errorf("%d wait behind it", n)
	}
	s.yes(t, path)
	grants := []*Grant{wait(t, first).g, wait(t, second).g, wait(t, third).g}
	for i, g := range grants {
		if g == nil || g.Key == nil {
			t.Fatalf("%d: no grant", i)
		}
	}
	for i, g := range grants {
		if _, err := g.Key.Sign(nil, make([]byte, 64), nil); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		g.Close("")
	}
	if _, err := grants[0].Key.Sign(nil, make([]byte, 64), nil); !errors.Is(err, keystore.ErrClosed) {
		t.Errorf("after all are done the key signs: %v", err)
	}
	d.person.nothing(t)
	if j := d.journalOf(); len(j) != 3 {
		t.Errorf("journal: %+v", j)
	}
	if p := d.Permissions(); p[0].Count != 1 {
		t.Errorf("one yes counts %d times", p[0].Count)
	}
	// A question that comes later is one of its own.
	later := d.ask(context.Background(), from("https://egov.kz"))
	d.person.next(t).no()
	wait(t, later)
}

func TestT8ANoIsForAllOfThem(t *testing.T) {
	d := newDesk(t)
	first := d.ask(context.Background(), from("https://egov.kz"))
	s := d.person.next(t)
	second := d.ask(context.Background(), from("https://egov.kz"))
	d.joined(1)
	s.no()
	for _, c := range []chan result{first, second} {
		if r := wait(t, c); !errors.Is(r.err, protocol.ErrCancelled) {
			t.Errorf("err = %v", r.err)
		}
	}
	d.person.nothing(t)
	// It counts as one dismissal: the next question is shown.
	third := d.ask(context.Background(), from("https://egov.kz"))
	d.person.next(t).no()
	wait(t, third)
}

// TestT8TheFirstPageLeaves: the others do not lose their question, and one that
// left holds no key open.
func TestT8TheFirstPageLeaves(t *testing.T) {
	d := newDesk(t)
	path := keyFile(t, testpki.Profile{})
	ctx, leave := context.WithCancel(context.Background())
	first := d.ask(ctx, from("https://egov.kz"))
	d.person.next(t)
	second := d.ask(context.Background(), from("https://egov.kz"))
	gone, leaveToo := context.WithCancel(context.Background())
	third := d.ask(gone, from("https://egov.kz"))
	d.joined(2)
	leave()
	wait(t, first)
	s := d.person.next(t) // of the second or the third
	d.joined(1)
	leaveToo()
	if r := wait(t, third); r.err == nil {
		t.Fatal("a page that left was answered")
	}
	select {
	case <-s.ctx.Done(): // it was the third one's window: the second has one of its own
		s = d.person.next(t)
	case <-time.After(50 * time.Millisecond):
	}
	s.yes(t, path)
	r := wait(t, second)
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.g.Close("")
	if _, err := r.g.Key.Sign(nil, make([]byte, 64), nil); !errors.Is(err, keystore.ErrClosed) {
		t.Errorf("the key lives on: %v", err)
	}
}

func TestT8OnlyWhatIsAlikeIsMerged(t *testing.T) {
	base := from("https://egov.kz")
	same, ok := sameness(base)
	if !ok {
		t.Fatal("a plain question cannot be merged")
	}
	for name, f := range map[string]func(*Question){
		"origin":      func(q *Question) { q.Asker.Origin = "https://egov.kz:444" },
		"operation":   func(q *Question) { q.Operation = "x" },
		"purpose":     func(q *Question) { q.Purpose = prompt.ShowKey },
		"selection":   func(q *Question) { q.Select.IIN = "1" },
		"detached":    func(q *Question) { q.Detached = true },
		"one octet":   func(q *Question) { q.Documents[0] = Describe("", []byte("<a>2</a>")) },
		"part":        func(q *Question) { q.Documents[0].Part = "/a" },
		"one more":    func(q *Question) { q.Documents = append(q.Documents, q.Documents[0]) },
		"name":        func(q *Question) { q.Documents[0].Name = "x" },
		"log-in":      func(q *Question) { q.Login = true },
		"a path":      func(q *Question) { q.Documents = []prompt.Document{{Kind: "file", Name: "/x"}} },
		"unseen":      func(q *Question) { q.Unseen = true },
		"file dialog": func(q *Question) { q.Purpose = prompt.PickFile },
	} {
		q := from("https://egov.kz")
		f(q)
		if sum, ok := sameness(q); ok && sum == same {
			t.Errorf("another %s counts as the same question", name)
		}
	}
	if again, _ := sameness(from("https://egov.kz")); again != same {
		t.Error("the same question does not count as the same")
	}
}

package consent

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/testpki"
	"tanba/protocol"
)

const loginXML = "<login><url>https://idp.egov.kz/idp/sign-in</url><sessionid>7f2ab1c09de34412</sessionid><timeTicket>1764000000123</timeTicket></login>"

func remembers(o *Options) { o.Remember = 5 * time.Minute }

func login(origin string) *Question {
	return &Question{Asker: Asker{Origin: origin}, Login: true, Documents: []prompt.Document{Describe("", []byte(loginXML))}}
}

// agree answers the question that is shown now.
func (d *desk) agree(q *Question, path string, decision prompt.Decision) {
	d.t.Helper()
	asked := d.ask(context.Background(), q)
	s := d.person.next(d.t)
	keys := s.Open
	if keys == nil {
		var err error
		if keys, err = s.Unlock(s.ctx, path, []byte("Qwerty12")); err != nil {
			d.t.Fatal(err)
		}
	}
	decision.KeyID = keys[0].ID
	s.answer <- answer{d: decision}
	r := wait(d.t, asked)
	if r.err != nil {
		d.t.Fatal(r.err)
	}
	r.g.Close("")
}

// look shows a question, tells what is open in it from the start, and refuses it.
func (d *desk) open(q *Question) (*shown, bool) {
	d.t.Helper()
	asked := d.ask(context.Background(), q)
	s := d.person.next(d.t)
	open := s.Open != nil
	s.answer <- answer{err: prompt.ErrUnavailable} // not a dismissal
	wait(d.t, asked)
	return s, open
}

// TestT22Remember: a password is kept only when the person ticks it, for its
// minutes, for its origin and its file, and is gone at once when told so.
func TestT22Remember(t *testing.T) {
	path, other := keyFile(t, testpki.Profile{}), keyFile(t, testpki.Profile{})
	type step func(d *desk)
	agree := func(remember bool) step {
		return func(d *desk) { d.agree(from("https://egov.kz"), path, prompt.Decision{Remember: remember}) }
	}
	for _, c := range []struct {
		name  string
		steps []step
		ask   *Question
		open  bool
	}{
		{"not ticked", []step{agree(false)}, from("https://egov.kz"), false},
		{"ticked", []step{agree(true)}, from("https://egov.kz"), true},
		{"another origin", []step{agree(true)}, from("https://idp.egov.kz"), false},
		{"another port", []step{agree(true)}, from("https://egov.kz:444"), false},
		{"another file since", []step{agree(true), func(d *desk) { d.agreeWith(from("https://egov.kz"), other) }}, from("https://egov.kz"), false},
		{"in time", []step{agree(true), func(d *desk) { d.clock.add(4 * time.Minute) }}, from("https://egov.kz"), true},
		{"too late", []step{agree(true), func(d *desk) { d.clock.add(5 * time.Minute) }}, from("https://egov.kz"), false},
		{"locked", []step{agree(true), func(d *desk) { d.Forget() }}, from("https://egov.kz"), false},
		{"revoked", []step{agree(true), func(d *desk) { d.Revoke("https://egov.kz") }}, from("https://egov.kz"), false},
		{"the password has changed", []step{agree(true), func(d *desk) { os.WriteFile(path, []byte("x"), 0o600) }}, from("https://egov.kz"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer os.WriteFile(path, data, 0o600)
			d := newDesk(t, remembers)
			for _, s := range c.steps {
				s(d)
			}
			s, open := d.open(c.ask)
			if open != c.open || open && (s.OpenUntil.Sub(today) != 5*time.Minute || s.Recent[0].Path != path || len(d.Remembered()) != 1) {
				t.Errorf("open: %t until %v, %+v", open, s.OpenUntil, s.Recent)
			}
			if !open && c.name != "another origin" && c.name != "another port" && c.name != "another file since" && len(d.Remembered()) != 0 {
				t.Errorf("still kept: %+v", d.Remembered())
			}
			if s.RememberFor != 5*time.Minute {
				t.Errorf("offered for %v", s.RememberFor)
			}
		})
	}
}

func (d *desk) agreeWith(q *Question, path string) {
	d.t.Helper()
	asked := d.ask(context.Background(), q)
	d.person.next(d.t).yes(d.t, path)
	wait(d.t, asked).g.Close("")
}

func TestT22ForgetInTheWindow(t *testing.T) {
	d := newDesk(t, remembers)
	path := keyFile(t, testpki.Profile{})
	d.agree(from("https://egov.kz"), path, prompt.Decision{Remember: true})
	asked := d.ask(context.Background(), from("https://egov.kz"))
	s := d.person.next(t)
	id := s.Open[0].ID
	s.Forget()
	s.answer <- answer{d: prompt.Decision{KeyID: id}}
	if r := wait(t, asked); !errors.Is(r.err, protocol.ErrCancelled) || len(d.Remembered()) != 0 {
		t.Errorf("%v, %+v", r.err, d.Remembered())
	}
}

// TestT22NobodyTellsOfTheLock: without signals no password is kept.
func TestT22NobodyTellsOfTheLock(t *testing.T) {
	d := newDesk(t, remembers)
	path := keyFile(t, testpki.Profile{})
	d.agree(from("https://egov.kz"), path, prompt.Decision{Remember: true})
	d.StopRemembering()
	for range 2 {
		if s, open := d.open(from("https://egov.kz")); open || s.RememberFor != 0 || len(d.Remembered()) != 0 {
			t.Errorf("open %t, offered for %v, kept %+v", open, s.RememberFor, d.Remembered())
		}
		d.agree(from("https://egov.kz"), path, prompt.Decision{Remember: true})
	}
}

func TestT22NothingIsKeptWhereItMustNotBe(t *testing.T) {
	path := keyFile(t, testpki.Profile{})
	program := from("")
	program.Asker = Asker{Executable: "/usr/bin/python3", UID: 1000}
	for name, c := range map[string]struct {
		change func(*Options)
		ask    *Question
	}{
		"switched off":   {func(*Options) {}, from("https://egov.kz")},
		"kiosk":          {func(o *Options) { remembers(o); o.Kiosk = true }, from("https://egov.kz")},
		"T7 any program": {remembers, program},
	} {
		d := newDesk(t, c.change)
		d.agree(c.ask, path, prompt.Decision{Remember: true, Always: true})
		s, open := d.open(c.ask)
		if open || s.RememberFor != 0 || s.MayAlways || len(d.Remembered()) != 0 {
			t.Errorf("%s: %t, %v, %t, %+v", name, open, s.RememberFor, s.MayAlways, d.Remembered())
		}
		if name == "kiosk" && (len(d.Recent()) != 0 || d.Permissions()[0].Key != "") {
			t.Errorf("%s: the key is remembered: %+v", name, d.Recent())
		}
	}
}

// TestT20AlwaysIsForLoginsOnly: what was allowed for good answers a log-in and
// nothing that is dressed as one.
func TestT20AlwaysIsForLoginsOnly(t *testing.T) {
	d := newDesk(t, remembers)
	path := keyFile(t, testpki.Profile{})
	d.agree(login("https://egov.kz"), path, prompt.Decision{Remember: true, Always: true})
	r := wait(t, d.ask(context.Background(), login("https://egov.kz")))
	if r.err != nil || r.g.Key == nil {
		t.Fatalf("a log-in is asked about: %v", r.err)
	}
	if _, err := r.g.Key.Sign(nil, make([]byte, 64), nil); err != nil {
		t.Error(err)
	}
	r.g.Close("")
	j := d.journalOf()
	if last := j[len(j)-1]; !last.Automatic || last.Outcome != OutcomeDone || len(last.SHA256) != 1 {
		t.Errorf("journal: %+v", last)
	}
	change := func(f func(*Question)) *Question {
		q := login("https://egov.kz")
		f(q)
		return q
	}
	for name, q := range map[string]*Question{
		"another origin": login("https://idp.egov.kz"),
		"a document":     from("https://egov.kz"),
		"a document called a log-in": change(func(q *Question) {
			q.Documents = []prompt.Document{Describe("", []byte("%PDF-1.7"))}
		}),
		"two of them":  change(func(q *Question) { q.Documents = append(q.Documents, q.Documents[0]); q.Total = 2 }),
		"a digest":     change(func(q *Question) { q.Digests = true }),
		"a part":       change(func(q *Question) { q.Documents[0].Part = "/login/url" }),
		"unseen":       change(func(q *Question) { q.Documents, q.Unseen, q.Total = nil, true, 1 }),
		"certificates": {Asker: Asker{Origin: "https://egov.kz"}, Purpose: prompt.ShowKey},
		"a program":    change(func(q *Question) { q.Asker.Local = true }),
		"another key":  change(func(q *Question) { q.Select.IIN = "000000000000" }),
	} {
		asked := d.ask(context.Background(), q)
		s := d.person.next(t)
		s.answer <- answer{err: prompt.ErrUnavailable}
		if r := wait(t, asked); r.err == nil {
			t.Errorf("%s: granted", name)
		}
	}
	d.Forget()
	if _, open := d.open(login("https://egov.kz")); open {
		t.Error("after Forget the key is open")
	}
}

func TestAlwaysForCertificates(t *testing.T) {
	d := newDesk(t, remembers)
	path := keyFile(t, testpki.Profile{})
	q := &Question{Asker: Asker{Origin: "https://egov.kz"}, Purpose: prompt.ShowKey}
	d.agree(q, path, prompt.Decision{Remember: true}) // not for good
	if s, open := d.open(q); !open || !s.MayAlways {
		t.Errorf("open %t, may always %t", open, s.MayAlways)
	}
	d.agree(q, path, prompt.Decision{Always: true})
	r := wait(t, d.ask(context.Background(), q))
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.g.Close("")
	if p := d.Permissions()[0]; len(p.Scopes) != 1 || !p.Scopes[0].Always {
		t.Errorf("%+v", p)
	}
	// Signing is never allowed for good, whatever the window says.
	d.agree(from("https://egov.kz"), path, prompt.Decision{Always: true})
	if _, open := d.open(from("https://egov.kz")); !open {
		t.Error("the password is not kept")
	}
	for _, s := range d.Permissions()[0].Scopes {
		if s.Always != (s.Scope == ScopeList) {
			t.Errorf("%+v", s)
		}
	}
}

// TestTheKeyOfTheOriginComesFirst: each site finds its own key on top.
func TestTheKeyOfTheOriginComesFirst(t *testing.T) {
	d := newDesk(t)
	a, b := keyFile(t, testpki.Profile{}), keyFile(t, testpki.Profile{})
	d.agreeWith(from("https://a.kz"), a)
	d.agreeWith(from("https://b.kz"), b)
	for origin, want := range map[string]string{"https://a.kz": a, "https://b.kz": b, "https://c.kz": b} {
		if s, _ := d.open(from(origin)); len(s.Recent) != 2 || s.Recent[0].Path != want {
			t.Errorf("%s: %+v", origin, s.Recent)
		}
	}
}

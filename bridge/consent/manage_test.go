package consent

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/state"
	"tanba/internal/testpki"
	"tanba/protocol"
)

// TestT1PermissionsByScope: what was allowed is kept by exact origin and scope.
func TestT1PermissionsByScope(t *testing.T) {
	d := newDesk(t)
	path := keyFile(t, testpki.Profile{})
	yes := func(q *Question) {
		t.Helper()
		asked := d.ask(context.Background(), q)
		d.person.next(t).yes(t, path)
		r := wait(t, asked)
		if r.err != nil {
			t.Fatal(r.err)
		}
		r.g.Close("")
		d.clock.add(time.Minute)
	}
	yes(from("https://egov.kz"))
	batch := from("https://egov.kz")
	batch.Documents = append(batch.Documents, Describe("", []byte("<b/>")))
	yes(batch)
	login := from("https://egov.kz:444")
	login.Documents = []prompt.Document{Describe("", []byte("<login><url>https://egov.kz</url><sessionid>7f2ab1c09de34412</sessionid><timeTicket>1764000000123</timeTicket></login>"))}
	login.Login = true
	yes(login)
	yes(&Question{Asker: Asker{Origin: "https://other.kz"}, Purpose: prompt.ShowKey})
	yes(&Question{Asker: Asker{Executable: "/opt/x/app", UID: 1000}, Purpose: prompt.ShowKey})
	want := []struct {
		id     string
		scopes []Scope
		user   string
	}{
		{"program:1000:/opt/x/app", []Scope{ScopeList}, "1000"},
		{"https://other.kz", []Scope{ScopeList}, ""},
		{"https://egov.kz:444", []Scope{ScopeLogin}, ""},
		{"https://egov.kz", []Scope{ScopeSign, ScopeBatch}, ""},
	}
	got := d.Permissions()
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		p := got[i]
		if p.ID != w.id || p.User != w.user || len(p.Scopes) != len(w.scopes) || p.Key == "" || !p.Blocked.IsZero() {
			t.Errorf("%d: %+v, want %+v", i, p, w)
			continue
		}
		for k, s := range w.scopes {
			if p.Scopes[k].Scope != s || p.Scopes[k].Count != 1 || p.Scopes[k].Always {
				t.Errorf("%s: %+v", p.ID, p.Scopes)
			}
		}
	}
	if got[0].Site.Detail != "/opt/x/app" || !got[0].Site.Local || got[3].Site.Name != "egov.kz" {
		t.Errorf("sites %+v, %+v", got[0].Site, got[3].Site)
	}
	if !d.Revoke("https://egov.kz") || d.Revoke("https://egov.kz") || d.Known(Asker{Origin: "https://egov.kz"}) || !d.Known(Asker{Origin: "https://egov.kz:444"}) {
		t.Error("revoking")
	}
	if len(New(Options{State: d.dir}).Permissions()) != 3 {
		t.Error("the revocation did not last")
	}
}

// TestT8Block: a blocked site shows no window any more, gets the answer of any
// refusal, and cannot push everything else out of the journal.
func TestT8Block(t *testing.T) {
	d := newDesk(t)
	bad := from("https://bad.kz")
	asked := d.ask(context.Background(), bad)
	waiting := d.ask(context.Background(), pick("https://bad.kz"))
	s := d.person.next(t)
	if !s.MayBlock {
		t.Error("the window cannot block")
	}
	s.answer <- answer{err: prompt.ErrBlocked}
	for _, c := range []chan result{asked, waiting} {
		if r := wait(t, c); !errors.Is(r.err, protocol.ErrCancelled) {
			t.Errorf("err = %v", r.err)
		}
	}
	for range 20 {
		if r := wait(t, d.ask(context.Background(), bad)); !errors.Is(r.err, protocol.ErrCancelled) {
			t.Errorf("err = %v", r.err)
		}
	}
	d.person.nothing(t)
	if d.Known(bad.Asker) || !d.Blocked(bad.Asker) || d.Blocked(Asker{Origin: "https://good.kz"}) {
		t.Error("who is blocked")
	}
	if j := d.journalOf(); len(j) > 3 || j[0].Outcome != OutcomeBlocked {
		t.Errorf("journal: %+v", j)
	}
	again := New(Options{Prompter: d.person, State: d.dir, Now: d.clock.Now})
	if !again.Blocked(bad.Asker) || len(again.Permissions()) != 1 || again.Permissions()[0].Blocked.IsZero() {
		t.Error("the block did not last")
	}
	if !d.Unblock("https://bad.kz") || d.Unblock("https://bad.kz") || d.Blocked(bad.Asker) {
		t.Error("unblocking")
	}
	d.clock.add(time.Hour) // the cool-down of the refusal
	asked = d.ask(context.Background(), bad)
	s = d.person.next(t)
	if !s.Site.New {
		t.Error("an unblocked site is not new")
	}
	s.no()
	wait(t, asked)
}

// TestPermissionsCutAtEveryOctet: a file cut at any octet is set aside and
// invents nothing: neither a permission nor the end of a block.
func TestPermissionsCutAtEveryOctet(t *testing.T) {
	d := newDesk(t)
	d.approve(Asker{Origin: "https://egov.kz"}, ScopeLogin, true, &keyPlace{Path: "/k.p12", Serial: "01"})
	d.Block("https://bad.kz")
	whole, err := d.dir.Read(permissionsFile)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) - 1 {
		dir := state.Dir(t.TempDir())
		os.WriteFile(dir.Path(permissionsFile), whole[:n], 0o600)
		again := New(Options{State: dir})
		if len(again.Permissions()) != 0 {
			t.Fatalf("half a file of %d octets counts: %+v", n, again.Permissions())
		}
		if kept, err := dir.Read(permissionsFile + ".damaged"); err != nil || string(kept) != string(whole[:n]) {
			t.Fatalf("%d octets were not kept: %v", n, err)
		}
	}
}

// TestT4TokensArePermitted: whether a site may know of tokens is a question of its
// own, which touches none, and one yes is enough.
func TestT4TokensArePermitted(t *testing.T) {
	c := newDrawer(newToken(t, testpki.Profile{}))
	d := newDesk(t, with(c))
	site := Asker{Origin: "https://egov.kz"}
	list := func() *Question {
		return &Question{Asker: site, Purpose: prompt.ListTokens, Operation: "getActiveTokens"}
	}
	asked := d.ask(context.Background(), list())
	s := d.person.next(t)
	if s.Purpose != prompt.ListTokens || s.Unlock != nil || s.Tokens != nil || s.RememberFor != 0 || !s.MayBlock {
		t.Errorf("shown: %+v", s.Request)
	}
	s.no()
	if r := wait(t, asked); !errors.Is(r.err, protocol.ErrCancelled) || d.Known(site) {
		t.Errorf("after a no: %v, known: %t", r.err, d.Known(site))
	}
	asked = d.ask(context.Background(), list())
	d.person.next(t).answer <- answer{}
	r := wait(t, asked)
	if r.err != nil || r.g.Key != nil || !d.Known(site) {
		t.Fatalf("after a yes: %+v, %v", r.g, r.err)
	}
	r.g.Close("")
	if p := d.Permissions(); len(p) != 1 || len(p[0].Scopes) != 1 || p[0].Scopes[0].Scope != ScopeList || p[0].Scopes[0].Always || p[0].Key != "" {
		t.Errorf("%+v", p)
	}
	if c.listed() != 0 {
		t.Error("the tokens were looked at")
	}
	if j := d.journalOf(); len(j) != 2 || j[1].Operation != "getActiveTokens" || j[1].Outcome != OutcomeDone {
		t.Errorf("journal: %+v", j)
	}
}

func TestRecentKeys(t *testing.T) {
	k := newToken(t, testpki.Profile{})
	d := newDesk(t, with(newDrawer(k)))
	path := keyFile(t, testpki.Profile{})
	asked := d.ask(context.Background(), from("https://egov.kz"))
	d.person.next(t).yes(t, path)
	wait(t, asked).g.Close("")
	d.clock.add(time.Minute)
	s, _, asked := d.take(from("https://egov.kz"))
	keys, err := s.UnlockToken(s.ctx, "kaz", []byte("24681357"), false)
	if err != nil {
		t.Fatal(err)
	}
	s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID}}
	wait(t, asked).g.Close("")
	got := d.Recent()
	if len(got) != 2 || got[0].Token != "3004A11F" || got[0].Label != "KAZTOKEN" || got[1].Path != path || got[1].Owner != "ТЕСТОВ ТЕСТ" || got[1].Until.IsZero() {
		t.Fatalf("%+v", got)
	}
	d.ForgetRecent(got[0].ID())
	if got := d.Recent(); len(got) != 1 || got[0].Path != path || d.Permissions()[0].Key != "" {
		t.Errorf("%+v, %+v", got, d.Permissions())
	}
	d.ForgetRecent("")
	if got := New(Options{State: d.dir}).Recent(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

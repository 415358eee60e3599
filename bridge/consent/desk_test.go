package consent

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testpki"
	"tanba/keystore"
	"tanba/protocol"
)

var today = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// clock is a clock the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// person is a prompter: each request is handed to the test, which answers it.
type person struct {
	shown chan *shown
}

type shown struct {
	*prompt.Request
	ctx    context.Context
	answer chan answer
}

type answer struct {
	d   prompt.Decision
	err error
}

func newPerson() *person { return &person{make(chan *shown, 16)} }

func (p *person) Approve(ctx context.Context, r *prompt.Request) (prompt.Decision, error) {
	s := &shown{r, ctx, make(chan answer, 1)}
	p.shown <- s
	select {
	case a := <-s.answer:
		return a.d, a.err
	case <-ctx.Done():
		return prompt.Decision{}, prompt.ErrCancelled
	}
}

// next is the question that is visible now.
func (p *person) next(t *testing.T) *shown {
	t.Helper()
	select {
	case s := <-p.shown:
		return s
	case <-time.After(time.Minute):
		t.Fatal("nothing is shown")
		return nil
	}
}

func (p *person) nothing(t *testing.T) {
	t.Helper()
	select {
	case s := <-p.shown:
		t.Fatalf("a question of %s is shown", s.Site.Origin)
	case <-time.After(30 * time.Millisecond):
	}
}

func (s *shown) no() { s.answer <- answer{err: prompt.ErrCancelled} }

func (s *shown) yes(t *testing.T, path string) {
	t.Helper()
	keys, err := s.Unlock(s.ctx, path, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID}}
}

type desk struct {
	*Desk
	t      *testing.T
	person *person
	clock  *clock
	dir    state.Dir
}

func newDesk(t *testing.T, change ...func(*Options)) *desk {
	t.Helper()
	d := &desk{t: t, person: newPerson(), clock: &clock{t: today}, dir: state.Dir(filepath.Join(t.TempDir(), "tanba"))}
	o := Options{Prompter: d.person, State: d.dir, Now: d.clock.Now, Phrase: "көк түйе"}
	for _, f := range change {
		f(&o)
	}
	d.Desk = New(o)
	return d
}

type result struct {
	g   *Grant
	err error
}

func (d *desk) ask(ctx context.Context, q *Question) chan result {
	out := make(chan result, 1)
	go func() {
		g, err := d.Ask(ctx, q)
		out <- result{g, err}
	}()
	return out
}

func wait(t *testing.T, c chan result) result {
	t.Helper()
	select {
	case r := <-c:
		return r
	case <-time.After(time.Minute):
		t.Fatal("Ask does not return")
		return result{}
	}
}

func from(origin string) *Question {
	return &Question{Asker: Asker{Origin: origin}, Documents: []prompt.Document{Describe("", []byte("<a>1</a>"))}}
}

func pick(origin string) *Question {
	return &Question{Asker: Asker{Origin: origin}, Purpose: prompt.PickFile, Pick: &protocol.PickFile{}}
}

// journalOf reads the journal back.
func (d *desk) journalOf() []JournalEntry {
	d.t.Helper()
	data, err := d.dir.Read("journal.jsonl")
	if err != nil {
		d.t.Fatal(err)
	}
	var out []JournalEntry
	for line := range bytes.Lines(data) {
		var e JournalEntry
		if err := json.Unmarshal(line, &e); err != nil {
			d.t.Fatalf("journal line %q: %v", line, err)
		}
		out = append(out, e)
	}
	return out
}

// The authority is older than the keys it issues.
var material = sync.OnceValues(func() (*testpki.Authority, error) { return testpki.New(rand.Reader, today.AddDate(-3, 0, 0)) })

// keyFile writes a key store of a throw-away authority.
func keyFile(t *testing.T, p testpki.Profile) string {
	t.Helper()
	a, err := material()
	if err != nil {
		t.Fatal(err)
	}
	if p.Surname == "" {
		p.Surname, p.GivenName, p.IIN = "ТЕСТОВ", "ТЕСТ", "123456789011"
	}
	if p.NotBefore.IsZero() {
		p.NotBefore, p.NotAfter = today.AddDate(-1, 0, 0), today.AddDate(0, 6, 0)
	}
	id, err := a.Issue(p)
	if err != nil {
		t.Fatal(err)
	}
	data, name, err := a.PKCS12(id, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAskGrantsTheChosenKey(t *testing.T) {
	d := newDesk(t)
	path := keyFile(t, testpki.Profile{})
	q := from("https://idp.egov.kz")
	q.Operation = "signXml"
	asked := d.ask(context.Background(), q)
	s := d.person.next(t)
	if s.Site.Name != "egov.kz" || !s.Site.New || !s.Site.Secure || s.Phrase != "көк түйе" || s.Minimum != Minimum || s.Total != 1 || s.Bytes != 8 || s.Locale != "ru" {
		t.Errorf("shown: %+v", s.Request)
	}
	if d.Known(q.Asker) {
		t.Error("known before the first yes")
	}
	secret := []byte("wrong")
	var trouble *prompt.UnlockError
	if _, err := s.Unlock(s.ctx, path, secret); !errors.As(err, &trouble) || trouble.Code != prompt.UnlockWrongPassword {
		t.Errorf("wrong password: %v", err)
	}
	if !bytes.Equal(secret, make([]byte, 5)) {
		t.Error("the password was not cleared")
	}
	s.yes(t, path)
	r := wait(t, asked)
	if r.err != nil || r.g.Key == nil || r.g.Key.Certificate().Person().IIN != "123456789011" {
		t.Fatalf("grant %+v, %v", r.g, r.err)
	}
	if !d.Known(q.Asker) {
		t.Error("not known after a yes")
	}
	if _, err := r.g.Key.Sign(nil, make([]byte, 64), nil); err != nil {
		t.Errorf("the key does not sign: %v", err)
	}
	if _, err := s.Unlock(context.Background(), path, []byte("Qwerty12")); err == nil {
		// Allowed until Close; the grant's own keys are gone then.
		t.Log("another store was opened while the grant is open")
	}
	r.g.Close("")
	r.g.Close("failed.signing")
	if _, err := r.g.Key.Sign(nil, make([]byte, 64), nil); !errors.Is(err, keystore.ErrClosed) {
		t.Errorf("after Close the key signs: %v", err)
	}
	j := d.journalOf()
	serial := r.g.Key.Certificate().SerialHex()
	if len(j) != 1 || j[0].Outcome != OutcomeDone || j[0].Operation != "signXml" || j[0].Origin != "https://idp.egov.kz" || j[0].KeySerial != serial || len(j[0].SHA256) != 1 || !j[0].Time.Equal(today) {
		t.Errorf("journal: %+v", j)
	}
	// Next time the file is on top, the site no longer new.
	asked = d.ask(context.Background(), q)
	s = d.person.next(t)
	if s.Site.New || len(s.Recent) != 1 || s.Recent[0].Path != path || s.Recent[0].Owner != "ТЕСТОВ ТЕСТ" {
		t.Errorf("second time: %+v %+v", s.Site, s.Recent)
	}
	s.no()
	if r := wait(t, asked); !errors.Is(r.err, protocol.ErrCancelled) {
		t.Errorf("err = %v", r.err)
	}
	if j := d.journalOf(); len(j) != 2 || j[1].Outcome != OutcomeCancelled {
		t.Errorf("journal: %+v", j)
	}
	// Another program on the same state remembers.
	if again := New(Options{Prompter: d.person, State: d.dir, Now: d.clock.Now}); !again.Known(q.Asker) || len(again.recentFiles(nil)) != 1 {
		t.Error("forgotten after a restart")
	}
}

func TestOnlyAFittingKeyIsGranted(t *testing.T) {
	long := today.AddDate(-2, 0, 0)
	for _, c := range []struct {
		name    string
		profile testpki.Profile
		sel     protocol.Selection
		purpose prompt.Purpose
		confirm bool
		reason  string
		granted bool
	}{
		{name: "any", granted: true},
		{name: "for logging in", profile: testpki.Profile{AuthOnly: true}, sel: protocol.Selection{Use: protocol.Signature}, reason: "reason.for_auth"},
		{name: "another person", sel: protocol.Selection{IIN: "000000000000"}, reason: "reason.other_person"},
		{name: "another organisation", sel: protocol.Selection{BIN: "123456789021"}, reason: "reason.other_organisation"},
		{name: "right organisation", profile: testpki.Profile{Organisation: "ТЕСТ", BIN: "123456789021", Role: pki.RoleHead}, sel: protocol.Selection{BIN: "123456789021"}, granted: true},
		{name: "not of the national authority", sel: protocol.Selection{Chain: protocol.ChainNational}, reason: "reason.chain"},
		{name: "no readable anchor", sel: protocol.Selection{Chain: protocol.ChainGiven, Anchors: []string{"x"}}, reason: "reason.chain"},
		{name: "expired", profile: testpki.Profile{NotBefore: long, NotAfter: today.AddDate(0, -1, 0)}, reason: "warning.expired"},
		{name: "expired, confirmed", profile: testpki.Profile{NotBefore: long, NotAfter: today.AddDate(0, -1, 0)}, confirm: true, reason: "warning.expired", granted: true},
		{name: "expired, refused by the page", profile: testpki.Profile{NotBefore: long, NotAfter: today.AddDate(0, -1, 0)}, sel: protocol.Selection{RefuseExpired: true}, confirm: true, reason: "reason.expired"},
		{name: "expired, only shown", profile: testpki.Profile{NotBefore: long, NotAfter: today.AddDate(0, -1, 0)}, purpose: prompt.ShowKey, reason: "warning.expired", granted: true},
		{name: "not yet valid", profile: testpki.Profile{NotBefore: today.AddDate(0, 1, 0), NotAfter: today.AddDate(1, 0, 0)}, reason: "reason.not_yet_valid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			path := keyFile(t, c.profile)
			q := from("https://egov.kz")
			q.Select, q.Purpose = c.sel, c.purpose
			asked := d.ask(context.Background(), q)
			s := d.person.next(t)
			keys, err := s.Unlock(s.ctx, path, []byte("Qwerty12"))
			if err != nil || len(keys) != 1 || keys[0].Reason != c.reason {
				t.Fatalf("keys %+v, %v; want %q", keys, err, c.reason)
			}
			s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID, Confirmed: c.confirm}}
			r := wait(t, asked)
			if granted := r.err == nil; granted != c.granted {
				t.Fatalf("granted %t, %v", granted, r.err)
			}
			if r.err != nil && !errors.Is(r.err, protocol.ErrCancelled) {
				t.Errorf("err = %v", r.err)
			}
			r.g.Close("")
		})
	}
}

func TestChainGiven(t *testing.T) {
	a, err := material()
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, func(o *Options) { o.Anchors = a.Pool() })
	path := keyFile(t, testpki.Profile{NotBefore: today.AddDate(-2, 0, 0), NotAfter: today.AddDate(0, -1, 0)})
	q := from("https://egov.kz")
	q.Select.Chain = protocol.ChainNational
	asked := d.ask(context.Background(), q)
	s := d.person.next(t)
	keys, err := s.Unlock(s.ctx, path, []byte("Qwerty12"))
	if err != nil || !keys[0].Fits || !keys[0].NeedsConsent {
		t.Fatalf("an expired certificate of a trusted authority: %+v, %v", keys, err)
	}
	s.no()
	wait(t, asked)
}

func TestUnlockTroubleStaysInTheWindow(t *testing.T) {
	d := newDesk(t)
	good := keyFile(t, testpki.Profile{})
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		os.WriteFile(path, data, 0o600)
		return path
	}
	data, _ := os.ReadFile(good)
	deleted := write("deleted.p12", data)
	asked := d.ask(context.Background(), from("https://egov.kz"))
	s := d.person.next(t)
	os.Remove(deleted)
	for path, want := range map[string]string{
		write("text.p12", []byte("not a key")):  prompt.UnlockNotKeyFile,
		write("half.p12", data[:len(data)/2]):   prompt.UnlockDamaged,
		write("empty.p12", nil):                 prompt.UnlockDamaged,
		deleted:                                 prompt.UnlockNotFound,
		dir:                                     prompt.UnlockNotKeyFile,
		filepath.Join(dir, "missing", "no.p12"): prompt.UnlockNotFound,
	} {
		var trouble *prompt.UnlockError
		if _, err := s.Unlock(s.ctx, path, []byte("Qwerty12")); !errors.As(err, &trouble) || trouble.Code != want {
			t.Errorf("%s: %v, want %s", filepath.Base(path), err, want)
		}
	}
	// The question is still open, and opening another store destroys the first.
	keys, err := s.Unlock(s.ctx, good, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Unlock(s.ctx, dir, []byte("x")); err == nil {
		t.Fatal("a folder opened")
	}
	s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID}}
	if r := wait(t, asked); !errors.Is(r.err, protocol.ErrCancelled) {
		t.Errorf("a key of a store that was closed is granted: %v", r.err)
	}
}

func TestStorageOfThePageCounts(t *testing.T) {
	d := newDesk(t)
	path := keyFile(t, testpki.Profile{})
	q := from("https://egov.kz")
	q.Select.Storages = []string{keystore.JKS}
	asked := d.ask(context.Background(), q)
	s := d.person.next(t)
	if len(s.Extensions) != 1 || s.Extensions[0] != "jks" {
		t.Errorf("extensions %v", s.Extensions)
	}
	var trouble *prompt.UnlockError
	if _, err := s.Unlock(s.ctx, path, []byte("Qwerty12")); !errors.As(err, &trouble) || trouble.Code != prompt.UnlockUnsupported {
		t.Errorf("err = %v", err)
	}
	s.no()
	wait(t, asked)
}

func TestPickFile(t *testing.T) {
	d := newDesk(t)
	asked := d.ask(context.Background(), &Question{Asker: Asker{Local: true, Executable: "/opt/x/app"}, Purpose: prompt.PickFile, Pick: &protocol.PickFile{Extensions: []string{"xml"}, Start: "/home"}})
	s := d.person.next(t)
	if s.Unlock != nil || s.Start != "/home" || !s.Site.Local || s.Site.Name != "app" || s.Site.Detail != "/opt/x/app" {
		t.Errorf("shown: %+v", s.Request)
	}
	s.answer <- answer{d: prompt.Decision{Path: "/home/a.xml"}}
	r := wait(t, asked)
	if r.err != nil || r.g.Path != "/home/a.xml" || r.g.Key != nil {
		t.Fatalf("%+v, %v", r.g, r.err)
	}
	r.g.Close("")
	if j := d.journalOf(); len(j) != 1 || j[0].Program != "/opt/x/app" || strings.Contains(j[0].Reason, "a.xml") {
		t.Errorf("journal: %+v", j)
	}
}

package consent

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"sync"
	"testing"

	"tanba/bridge/prompt"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/keystore"
	"tanba/protocol"
)

// drawer is a place with tokens, for tests: what the window may do with them is
// counted.
type drawer struct {
	mu     sync.Mutex
	tokens []*token
	lists  int
	err    error
	change chan struct{}
}

// token blocks after three wrong PINs, as real ones do.
type token struct {
	keystore.Token
	pin  string
	path string // the key file that stands for its keys
	gone bool

	tries, last, closed int
	err                 error // of Unlock, without a try
}

func newToken(t *testing.T, p testpki.Profile) *token {
	return &token{
		Token: keystore.Token{
			Info: keystore.Info{Storage: keystore.Kaztoken, Serial: "3004A11F", Label: "KAZTOKEN"},
			ID:   "kaz", PIN: keystore.PINState{Min: 4, Max: 32, Left: 3},
		},
		pin: "24681357", path: keyFile(t, p),
	}
}

func newDrawer(tokens ...*token) *drawer {
	return &drawer{tokens: tokens, change: make(chan struct{})}
}

func (d *drawer) List(context.Context) ([]keystore.Token, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lists++
	var out []keystore.Token
	for _, t := range d.tokens {
		if !t.gone {
			out = append(out, t.Token)
		}
	}
	return out, d.err
}

func (d *drawer) Open(_ context.Context, id string) (keystore.TokenStore, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.tokens {
		if t.ID == id && !t.gone {
			return &tokenStore{drawer: d, t: t}, nil
		}
	}
	return nil, keystore.ErrTokenGone
}

func (d *drawer) Present() bool { return false }

func (d *drawer) Changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.change
}

// pull takes a token out, or puts it back.
func (d *drawer) pull(t *token, gone bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t.gone = gone
	close(d.change)
	d.change = make(chan struct{})
}

func (d *drawer) listed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lists
}

type tokenStore struct {
	drawer *drawer
	t      *token
	file   keystore.Store
}

func (s *tokenStore) Info() keystore.Info { return s.t.Info }

func (s *tokenStore) Token(context.Context) (keystore.Token, error) {
	s.drawer.mu.Lock()
	defer s.drawer.mu.Unlock()
	if s.t.gone {
		return keystore.Token{}, keystore.ErrTokenGone
	}
	return s.t.Token, nil
}

func (s *tokenStore) Unlock(ctx context.Context, pin []byte) ([]keystore.Key, error) {
	if s.t.PIN.LastTry {
		return nil, keystore.ErrLastTry
	}
	return s.try(ctx, pin)
}

func (s *tokenStore) UnlockLastTry(ctx context.Context, pin []byte) ([]keystore.Key, error) {
	s.drawer.mu.Lock()
	s.t.last++
	s.drawer.mu.Unlock()
	return s.try(ctx, pin)
}

func (s *tokenStore) try(ctx context.Context, pin []byte) ([]keystore.Key, error) {
	s.drawer.mu.Lock()
	defer s.drawer.mu.Unlock()
	switch {
	case s.t.gone:
		return nil, keystore.ErrTokenGone
	case s.t.err != nil:
		return nil, s.t.err
	case s.t.PIN.Locked:
		return nil, keystore.ErrPINLocked
	case !s.t.PIN.Pad && len(pin) < s.t.PIN.Min:
		return nil, keystore.ErrPINFormat
	}
	s.t.tries++
	if !s.t.PIN.Pad && string(pin) != s.t.pin || s.t.PIN.Pad && pin != nil {
		p := &s.t.PIN
		p.Left--
		p.Low, p.LastTry, p.Locked = true, p.Left == 1, p.Left == 0
		return nil, keystore.ErrWrongPassword
	}
	s.t.PIN.Left, s.t.PIN.Low, s.t.PIN.LastTry = 3, false, false
	file, err := keystore.OpenFile(s.t.path)
	if err != nil {
		return nil, err
	}
	s.file = file
	return file.Unlock(ctx, []byte("Qwerty12"))
}

func (s *tokenStore) Close() error {
	s.drawer.mu.Lock()
	defer s.drawer.mu.Unlock()
	s.t.closed++
	if s.file != nil {
		return s.file.Close()
	}
	return nil
}

func (*tokenStore) Generate(context.Context, pki.Family, string) (crypto.Signer, []byte, error) {
	return nil, nil, keystore.ErrTokenReadOnly
}

func (*tokenStore) Import(context.Context, []byte, *pki.Certificate, ...*pki.Certificate) error {
	return keystore.ErrTokenReadOnly
}

func (*tokenStore) Pending(context.Context) ([]keystore.PendingKey, error) { return nil, nil }

func with(d *drawer) func(*Options) {
	return func(o *Options) { o.Tokens, o.TokenWatch = d, d }
}

// take asks and looks for tokens, as a window does.
func (d *desk) take(q *Question) (*shown, []prompt.Token, chan result) {
	d.t.Helper()
	asked := d.ask(context.Background(), q)
	s := d.person.next(d.t)
	tokens, err := s.Tokens(s.ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	return s, tokens, asked
}

func TestTokenSignsAndIsClosed(t *testing.T) {
	k := newToken(t, testpki.Profile{})
	c := newDrawer(k)
	d := newDesk(t, with(c))
	s, tokens, asked := d.take(from("https://egov.kz"))
	if len(tokens) != 1 || tokens[0].Label != "KAZTOKEN" || tokens[0].Serial != "3004A11F" || tokens[0].Factory != "pin.factory_kaztoken" {
		t.Fatalf("tokens %+v", tokens)
	}
	pin := []byte("24681357")
	keys, err := s.UnlockToken(s.ctx, "kaz", pin, false)
	if err != nil || len(keys) != 1 || !keys[0].Fits {
		t.Fatalf("%+v, %v", keys, err)
	}
	if !bytes.Equal(pin, make([]byte, 8)) {
		t.Error("the PIN was not cleared")
	}
	s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID}}
	r := wait(t, asked)
	if r.err != nil {
		t.Fatal(r.err)
	}
	for range 100 { // a batch: one PIN
		if _, err := r.g.Key.Sign(nil, make([]byte, 64), nil); err != nil {
			t.Fatal(err)
		}
	}
	if k.tries != 1 || k.closed != 0 {
		t.Errorf("%d tries, closed %d times while the grant is open", k.tries, k.closed)
	}
	r.g.Close("")
	if k.closed != 1 {
		t.Errorf("closed %d times", k.closed)
	}
	// T22: another origin starts from nothing; the token is only remembered.
	s, tokens, asked = d.take(from("https://other.kz"))
	if !s.TokensFirst || len(tokens) != 1 || !tokens[0].Last {
		t.Errorf("second time: first %t, %+v", s.TokensFirst, tokens)
	}
	s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID}}
	if r := wait(t, asked); !errors.Is(r.err, protocol.ErrCancelled) {
		t.Errorf("T22: another origin got a key without a PIN: %v", r.err)
	}
	if k.tries != 1 {
		t.Errorf("T22: %d tries", k.tries)
	}
}

// TestFileKeysAskNoToken: a person with a key file loads no driver, whatever the
// page takes.
func TestFileKeysAskNoToken(t *testing.T) {
	c := newDrawer(newToken(t, testpki.Profile{}))
	d := newDesk(t, with(c))
	path := keyFile(t, testpki.Profile{})
	for i := range 2 {
		asked := d.ask(context.Background(), from("https://egov.kz"))
		s := d.person.next(t)
		if s.TokensFirst != (i == 0) { // nothing was used yet: look for both
			t.Errorf("question %d: tokens first: %t", i, s.TokensFirst)
		}
		s.yes(t, path)
		wait(t, asked).g.Close("")
	}
	q := from("https://egov.kz")
	q.Select.Storages = []string{keystore.PKCS12}
	asked := d.ask(context.Background(), q)
	if s := d.person.next(t); s.Tokens != nil || s.NoFiles {
		t.Errorf("tokens are offered to a page that takes files: %+v", s.Request)
	} else {
		s.no()
	}
	wait(t, asked)
	if n := c.listed(); n != 0 {
		t.Errorf("the drivers were asked %d times", n)
	}
}

func TestTokensOfThePagesStorages(t *testing.T) {
	mine, plain, mapped := newToken(t, testpki.Profile{}), newToken(t, testpki.Profile{}), newToken(t, testpki.Profile{})
	plain.ID, plain.Storage, plain.Label, plain.Serial = "plain", "", "SoftHSM", "1"
	mapped.ID, mapped.Storage, mapped.Label, mapped.Serial, mapped.Module = "mapped", "", "Card", "2", "opensc"
	for _, c := range []struct {
		storages []string
		want     []string
		files    bool
	}{
		{nil, []string{"kaz", "plain", "mapped"}, true},
		{[]string{keystore.Kaztoken}, []string{"kaz"}, false},
		{[]string{keystore.IDCard}, []string{"mapped"}, false},
		{[]string{keystore.PKCS12, keystore.JaCarta}, nil, true},
		{[]string{keystore.PKCS12, keystore.Kaztoken, keystore.IDCard}, []string{"kaz", "mapped"}, true},
	} {
		d := newDesk(t, with(newDrawer(mine, plain, mapped)), func(o *Options) {
			o.TokenStorages = map[string]string{"opensc": keystore.IDCard}
		})
		q := from("https://egov.kz")
		q.Select.Storages = c.storages
		s, tokens, asked := d.take(q)
		var got []string
		for _, x := range tokens {
			got = append(got, x.ID)
		}
		if len(got) != len(c.want) || s.NoFiles == c.files {
			t.Errorf("%v: %v, no files: %t", c.storages, got, s.NoFiles)
		}
		for i := range min(len(got), len(c.want)) {
			if got[i] != c.want[i] {
				t.Errorf("%v: %v", c.storages, got)
			}
		}
		// One that was not shown cannot be opened by its ID either.
		var trouble *prompt.UnlockError
		if _, err := s.UnlockToken(s.ctx, "other", []byte("24681357"), false); !errors.As(err, &trouble) || trouble.Code != prompt.UnlockTokenGone {
			t.Errorf("%v: a token nobody saw: %v", c.storages, err)
		}
		s.no()
		wait(t, asked)
	}
}

// TestT23OneTryPerAction: each Unlock of the window is one try at most; the last
// one needs the person's own confirmation, and a blocked token is left alone.
func TestT23OneTryPerAction(t *testing.T) {
	k := newToken(t, testpki.Profile{})
	d := newDesk(t, with(newDrawer(k)))
	s, _, asked := d.take(from("https://egov.kz"))
	try := func(pin string, last bool, code string, tries, left int) {
		t.Helper()
		var trouble *prompt.UnlockError
		_, err := s.UnlockToken(s.ctx, "kaz", []byte(pin), last)
		if !errors.As(err, &trouble) || trouble.Code != code {
			t.Fatalf("%q: %v, want %s", pin, err, code)
		}
		if k.tries != tries {
			t.Fatalf("%q: %d tries, want %d", pin, k.tries, tries)
		}
		if trouble.PIN == nil && code != prompt.UnlockPINFormat || trouble.PIN != nil && trouble.PIN.Left != left {
			t.Errorf("%q: the window learns %+v", pin, trouble.PIN)
		}
	}
	try("", false, prompt.UnlockPINFormat, 0, 3)
	try("123", false, prompt.UnlockPINFormat, 0, 3)
	try("11111111", false, prompt.UnlockWrongPIN, 1, 2)
	try("22222222", false, prompt.UnlockWrongPIN, 2, 1)
	try("24681357", false, prompt.UnlockLastTry, 2, 1) // even the right one
	try("33333333", true, prompt.UnlockWrongPIN, 3, 0)
	try("24681357", true, prompt.UnlockPINLocked, 3, 0)
	if k.last != 1 {
		t.Errorf("the last try was confirmed %d times", k.last)
	}
	if k.closed != 6 { // each one that was opened
		t.Errorf("closed %d times", k.closed)
	}
	s.no()
	wait(t, asked)
}

func TestT23TroubleOfTokens(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*token)
		code   string
		tries  int
	}{
		{"blocked", func(k *token) { k.PIN.Locked = true }, prompt.UnlockPINLocked, 0},
		{"not set", func(k *token) { k.PIN.Unset = true }, prompt.UnlockPINUnset, 0},
		{"to be changed", func(k *token) { k.PIN.MustChange = true }, prompt.UnlockPINUnset, 0},
		{"busy", func(k *token) { k.err = keystore.ErrTokenBusy }, prompt.UnlockTokenBusy, 0},
		{"failed", func(k *token) { k.err = keystore.ErrTokenFailed }, prompt.UnlockTokenFailed, 0},
		{"no key", func(k *token) { k.err = keystore.ErrNoKey }, prompt.UnlockTokenNoKey, 0},
		{"another storage now", func(k *token) { k.Storage = keystore.JaCarta }, prompt.UnlockTokenStorage, 0},
		{"taken out", func(k *token) { k.gone = true }, prompt.UnlockTokenGone, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newToken(t, testpki.Profile{})
			d := newDesk(t, with(newDrawer(k)))
			q := from("https://egov.kz")
			q.Select.Storages = []string{keystore.Kaztoken}
			s, _, asked := d.take(q)
			c.change(k)
			var trouble *prompt.UnlockError
			if _, err := s.UnlockToken(s.ctx, "kaz", []byte("24681357"), true); !errors.As(err, &trouble) || trouble.Code != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
			if k.tries != c.tries {
				t.Errorf("%d tries", k.tries)
			}
			s.no()
			wait(t, asked)
		})
	}
}

func TestTokenWithAPad(t *testing.T) {
	k := newToken(t, testpki.Profile{})
	k.PIN.Pad = true
	d := newDesk(t, with(newDrawer(k)))
	s, _, asked := d.take(from("https://egov.kz"))
	if keys, err := s.UnlockToken(s.ctx, "kaz", []byte{}, false); err != nil || len(keys) != 1 {
		t.Errorf("%v, %v", keys, err)
	}
	s.no()
	wait(t, asked)
	if k.closed != 1 {
		t.Error("a no leaves the token open")
	}
}

// TestTokenTakenOut: while the window is open its keys go; while it signs the
// window is told why.
func TestTokenTakenOut(t *testing.T) {
	k := newToken(t, testpki.Profile{})
	c := newDrawer(k)
	d := newDesk(t, with(c))
	s, _, asked := d.take(from("https://egov.kz"))
	keys, err := s.UnlockToken(s.ctx, "kaz", []byte("24681357"), false)
	if err != nil {
		t.Fatal(err)
	}
	changed := s.TokenChange()
	c.pull(k, true)
	select {
	case <-changed:
	default:
		t.Error("the window does not learn of it")
	}
	if tokens, err := s.Tokens(s.ctx); err != nil || len(tokens) != 0 || k.closed != 1 {
		t.Errorf("%v, %v, closed %d", tokens, err, k.closed)
	}
	s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID}}
	if r := wait(t, asked); !errors.Is(r.err, protocol.ErrCancelled) {
		t.Errorf("a key of a token that is gone was granted: %v", r.err)
	}

	c.pull(k, false)
	for gone, want := range map[bool]string{true: prompt.FailedTokenGone, false: prompt.FailedToken} {
		s, _, asked = d.take(from("https://egov.kz"))
		keys, err = s.UnlockToken(s.ctx, "kaz", []byte("24681357"), false)
		if err != nil {
			t.Fatal(err)
		}
		p := &progress{}
		s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID, Progress: p}}
		r := wait(t, asked)
		c.pull(k, gone)
		r.g.Close(prompt.FailedSigning)
		if p.failed != want {
			t.Errorf("the window says %q, want %q", p.failed, want)
		}
		c.pull(k, false)
	}
}

type progress struct{ failed string }

func (*progress) Step(int)                 {}
func (p *progress) Finish(failed string)   { p.failed = failed }
func (*progress) Stopped() <-chan struct{} { return nil }

func TestDriversThatCannotBeAsked(t *testing.T) {
	c := newDrawer()
	c.err = keystore.ErrTokenFailed
	d := newDesk(t, with(c))
	asked := d.ask(context.Background(), from("https://egov.kz"))
	s := d.person.next(t)
	var trouble *prompt.UnlockError
	if _, err := s.Tokens(s.ctx); !errors.As(err, &trouble) || trouble.Code != prompt.UnlockTokenFailed {
		t.Errorf("err = %v", err)
	}
	s.no()
	wait(t, asked)
}

func TestVisibleCertificates(t *testing.T) {
	k := newToken(t, testpki.Profile{})
	store, err := keystore.OpenFile(k.path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.Unlock(context.Background(), []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	k.Certificates = []*pki.Certificate{keys[0].Certificate(), keys[0].Certificate()}
	d := newDesk(t, with(newDrawer(k)))
	s, tokens, asked := d.take(from("https://egov.kz"))
	if len(tokens[0].Owners) != 1 || tokens[0].Owners[0].Name != "ТЕСТОВ ТЕСТ" {
		t.Errorf("owners %+v", tokens[0].Owners)
	}
	s.no()
	wait(t, asked)
}

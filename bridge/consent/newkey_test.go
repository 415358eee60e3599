package consent

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"tanba/bridge/prompt"
	"tanba/internal/csr"
	"tanba/internal/enrollment"
	"tanba/internal/gost3410"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/keystore"
)

// blank is a token without keys that makes one.
type blank struct {
	keystore.Token
	key         crypto.Signer
	certificate *pki.Certificate
	full        bool // takes no new keys
	imports     int
}

func (b *blank) List(context.Context) ([]keystore.Token, error) {
	return []keystore.Token{b.Token}, nil
}

func (b *blank) Open(context.Context, string) (keystore.TokenStore, error) { return blankStore{b}, nil }

type blankStore struct{ *blank }

func (s blankStore) Info() keystore.Info                           { return s.blank.Token.Info }
func (s blankStore) Close() error                                  { return nil }
func (s blankStore) Token(context.Context) (keystore.Token, error) { return s.blank.Token, nil }
func (s blankStore) UnlockLastTry(ctx context.Context, p []byte) ([]keystore.Key, error) {
	return s.Unlock(ctx, p)
}

func (s blankStore) Unlock(_ context.Context, pin []byte) ([]keystore.Key, error) {
	switch {
	case string(pin) != "24681357":
		return nil, keystore.ErrWrongPassword
	case s.certificate == nil:
		return nil, keystore.ErrNoKey
	}
	return []keystore.Key{held{certificate: s.certificate}}, nil
}

// held is a key of which only the certificate is looked at.
type held struct {
	keystore.Key
	certificate *pki.Certificate
}

func (h held) Certificate() *pki.Certificate { return h.certificate }

func (s blankStore) Generate(context.Context, pki.Family, string) (crypto.Signer, []byte, error) {
	if s.full {
		return nil, nil, keystore.ErrTokenReadOnly
	}
	key, err := gost3410.GenerateKey(gost3410.TC26A512(), rand.Reader)
	s.key = key
	return key, []byte{7}, err
}

func (s blankStore) Import(_ context.Context, id []byte, c *pki.Certificate, _ ...*pki.Certificate) error {
	s.imports++
	if !bytes.Equal(id, []byte{7}) {
		return errors.New("another pair")
	}
	s.certificate = c
	return nil
}

func (s blankStore) Pending(context.Context) ([]keystore.PendingKey, error) {
	if s.key == nil || s.certificate != nil {
		return nil, nil
	}
	public, err := pki.PublicKeyOf(s.key)
	return []keystore.PendingKey{{ID: []byte{7}, Public: public}}, err
}

func newBlank() *blank {
	return &blank{Token: keystore.Token{
		Info: keystore.Info{Storage: keystore.Kaztoken, Serial: "3004A11F", Label: "KAZTOKEN"},
		ID:   "kaz", PIN: keystore.PINState{Min: 4, Max: 32, Left: 3},
	}}
}

func newKeyQuestion(t *testing.T) *Question {
	t.Helper()
	name, err := pki.NewName(pki.Attribute{Type: pki.OIDCommonName, Value: "ТЕСТОВ ТЕСТ"})
	if err != nil {
		t.Fatal(err)
	}
	q := from("https://egov.kz")
	q.Purpose, q.Operation = prompt.MakeKey, "generateCsr"
	q.NewKey = &NewKey{Family: pki.GOST512, Template: csr.Template{Subject: name, ExtKeyUsage: []pki.OID{{1, 2, 398, 3, 3, 4, 1, 2, 1}}}}
	return q
}

// A key is made on a token and its certificate written beside it, twice without a
// second writing; a wrong PIN is one try and stays in the window.
func TestNewKeyOnAToken(t *testing.T) {
	a, err := testpki.New(nil, today)
	if err != nil {
		t.Fatal(err)
	}
	b := newBlank()
	d := newDesk(t, func(o *Options) { o.Tokens, o.Anchors = b, a.Pool() })
	unlock := func(s *shown) {
		t.Helper()
		tokens, err := s.Tokens(t.Context())
		if err != nil || len(tokens) != 1 {
			t.Fatalf("%d tokens, %v", len(tokens), err)
		}
		var trouble *prompt.UnlockError
		if _, err := s.UnlockToken(t.Context(), tokens[0].ID, []byte("1111"), false); !errors.As(err, &trouble) || trouble.Code != prompt.UnlockWrongPIN {
			t.Errorf("wrong PIN: %v", err)
		}
		keys, err := s.UnlockToken(t.Context(), tokens[0].ID, []byte("24681357"), false)
		if err != nil || len(keys) != 1 || !keys[0].Fits || keys[0].Owner == "" {
			t.Fatalf("%+v, %v", keys, err)
		}
		s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID}}
	}
	c := d.ask(t.Context(), newKeyQuestion(t))
	s := d.person.next(t)
	if len(s.Facts) != 3 || s.Facts[2].Key != "role.head" || s.NewFile == nil {
		t.Errorf("facts %+v", s.Facts)
	}
	unlock(s)
	g := wait(t, c)
	if g.err != nil {
		t.Fatal(g.err)
	}
	p, err := g.g.MakeKey(t.Context())
	if err != nil || p.Token != "3004A11F" || p.Path != "" {
		t.Fatalf("%+v, %v", p, err)
	}
	request, err := csr.Parse(p.Request)
	if err != nil || !request.Store.Equal(csr.StoreKaztoken) {
		t.Fatalf("%+v, %v", request, err)
	}
	leaf, err := a.Certify(request.PublicKey, testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w, err := d.Waiting(p.KeyID, [][]byte{leaf.Raw})
		if err != nil {
			t.Fatal(err)
		}
		q := from("https://egov.kz")
		q.Purpose, q.Operation, q.Certificate = prompt.InstallCertificate, "importCertificate", w
		c := d.ask(t.Context(), q)
		unlock(d.person.next(t))
		g := wait(t, c)
		if g.err != nil {
			t.Fatal(g.err)
		}
		done, storage, err := g.g.Install(t.Context())
		if err != nil || storage != keystore.Kaztoken || !done.Certificate.Equal(leaf) {
			t.Fatalf("%+v %s %v", done, storage, err)
		}
	}
	if b.imports != 1 {
		t.Errorf("%d writings", b.imports)
	}
	if recent := d.Recent(); len(recent) != 1 || recent[0].Token != "3004A11F" || !strings.Contains(recent[0].Owner, "ТЕСТОВ") {
		t.Errorf("recent %+v", recent)
	}
	lines := d.journalOf()
	if len(lines) != 3 || lines[2].KeySerial != leaf.SerialHex() || lines[0].Outcome != OutcomeDone {
		t.Errorf("journal %+v", lines)
	}
}

// A token that takes no keys says so, and nothing waits afterwards.
func TestNewKeyOnAFullToken(t *testing.T) {
	b := newBlank()
	b.full = true
	d := newDesk(t, func(o *Options) { o.Tokens = b })
	q := newKeyQuestion(t)
	q.Select.Storages = []string{keystore.Kaztoken}
	c := d.ask(t.Context(), q)
	s := d.person.next(t)
	if s.NewFile != nil || !s.NoFiles || !s.TokensFirst {
		t.Errorf("a file is offered: %+v", s.Request)
	}
	tokens, err := s.Tokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.UnlockToken(t.Context(), tokens[0].ID, []byte("24681357"), false)
	if err != nil {
		t.Fatal(err)
	}
	told := &progress{}
	s.answer <- answer{d: prompt.Decision{KeyID: keys[0].ID, Progress: told}}
	g := wait(t, c)
	if g.err != nil {
		t.Fatal(g.err)
	}
	if _, err := g.g.MakeKey(t.Context()); !errors.Is(err, keystore.ErrTokenReadOnly) || told.failed != prompt.FailedTokenWrites {
		t.Errorf("%v, the window says %q", err, told.failed)
	}
	if _, err := d.Waiting("00", nil); !errors.Is(err, enrollment.ErrNotPending) {
		t.Error(err)
	}
}

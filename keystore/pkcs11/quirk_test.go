//go:build linux

package pkcs11_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testpki"
	"tanba/internal/testtoken"
	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// The tests of this file's kind (quirk_…) go through the real helper to a token
// on Botan that does one thing wrong (see package testtoken). What holds for all
// of them: a signature that comes back is one, in Botan's opinion too; no try of
// the PIN is spent that the person did not make; and whatever the module does,
// the next call is answered.

var families = []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004, pki.RSA}

// people holds a certificate of each family, made once for all tests.
var people = sync.OnceValues(func() (map[pki.Family]*testpki.Identity, error) {
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		return nil, err
	}
	all := map[pki.Family]*testpki.Identity{}
	for _, f := range families {
		if all[f], err = a.Issue(testpki.Profile{Family: f, Surname: "ТЕСТОВ", GivenName: "ТЕСТ"}); err != nil {
			return nil, err
		}
	}
	return all, nil
})

func person(t *testing.T, f pki.Family) *testpki.Identity {
	t.Helper()
	all, err := people()
	if err != nil {
		t.Fatal(err)
	}
	return all[f]
}

// rig is a token in this machine and what asks for it.
type rig struct {
	*testtoken.Token
	tokens *pkcs11.Tokens
	botan  *testtoken.Verifier
	state  state.Dir
	out    atomic.Bool // what PC/SC would say
}

// Unplug pulls the token out, and PC/SC notices.
func (r *rig) Unplug(t *testing.T) {
	t.Helper()
	r.out.Store(true)
	r.Token.Unplug(t)
}

// Plug puts it in again.
func (r *rig) Plug(t *testing.T) {
	t.Helper()
	r.Token.Plug(t)
	r.out.Store(false)
}

// cards is what PC/SC says of the readers.
func (r *rig) cards(context.Context) ([][]byte, bool) {
	if r.out.Load() {
		return nil, true
	}
	return [][]byte{{0x3B, 0x88, 0x01, 'T', 'E', 'S', 'T'}}, true
}

// plug puts in a token with a key of each family.
func plug(t *testing.T, quirks ...string) *rig {
	t.Helper()
	r := plugEmpty(t, quirks...)
	for _, f := range families {
		r.Add(t, 0, person(t, f))
	}
	return r
}

func plugEmpty(t *testing.T, quirks ...string) *rig {
	t.Helper()
	r := &rig{Token: testtoken.New(t, quirks...), botan: testtoken.NewVerifier(t), state: state.Dir(t.TempDir())}
	r.start(t, pkcs11.Options{})
	return r
}

// start replaces the tokens by new ones, as a restart of the agent does.
func (r *rig) start(t *testing.T, o pkcs11.Options) {
	t.Helper()
	if r.tokens != nil {
		r.tokens.Close()
	}
	o.Helper = testtoken.Helper(t)
	if o.Modules == nil {
		o.Modules = []pkcs11.Module{{Path: r.Path}}
	}
	if o.Present == nil {
		o.Present = r.cards
	}
	o.State = r.state
	o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.Timeouts.Fresh == 0 {
		o.Timeouts.Fresh = -1
	}
	r.tokens = pkcs11.New(o)
	tokens := r.tokens
	t.Cleanup(func() { tokens.Close() })
}

func (r *rig) list(t *testing.T) []keystore.Token {
	t.Helper()
	list, err := r.tokens.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// only returns the one token that is there.
func (r *rig) only(t *testing.T) keystore.Token {
	t.Helper()
	list := r.list(t)
	if len(list) != 1 {
		t.Fatalf("%d tokens: %+v", len(list), list)
	}
	return list[0]
}

func (r *rig) open(t *testing.T) keystore.TokenStore {
	t.Helper()
	store, err := r.tokens.Open(t.Context(), r.only(t).ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// unlock opens the token with its PIN and returns a key of each family there is.
func (r *rig) unlock(t *testing.T) (keystore.TokenStore, map[pki.Family]keystore.Key) {
	t.Helper()
	store := r.open(t)
	keys, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
	if err != nil {
		t.Fatal(err)
	}
	return store, byFamily(t, keys)
}

func byFamily(t *testing.T, keys []keystore.Key) map[pki.Family]keystore.Key {
	t.Helper()
	all := map[pki.Family]keystore.Key{}
	for _, k := range keys {
		if k.Certificate() == nil {
			t.Errorf("key %q has no certificate", k.Alias())
			continue
		}
		all[k.Certificate().PublicKey.Family] = k
	}
	return all
}

// unlockAll is unlock of a token that has all four.
func (r *rig) unlockAll(t *testing.T) (keystore.TokenStore, map[pki.Family]keystore.Key) {
	t.Helper()
	store, keys := r.unlock(t)
	for _, f := range families {
		if keys[f] == nil || !bytes.Equal(keys[f].Certificate().Raw, person(t, f).Certificate.Raw) {
			t.Fatalf("the token's key of %v is missing or has another certificate; there are %v", f, slices.Collect(maps.Keys(keys)))
		}
	}
	return store, keys
}

func digestOf(f pki.Family, text string) []byte {
	h := f.NewHash()
	h.Write([]byte(text))
	return h.Sum(nil)
}

// sign signs once; a result that Botan does not accept fails the test, whatever
// it was about.
func (r *rig) sign(t *testing.T, k keystore.Key, text string) error {
	t.Helper()
	public := k.Certificate().PublicKey
	digest := digestOf(public.Family, text)
	signature, err := pki.SignDigest(k, rand.Reader, digest)
	if err != nil {
		if len(signature) > 0 {
			t.Errorf("octets beside the error %v", err)
		}
		return err
	}
	if !r.botan.Valid(t, public, digest, signature) {
		t.Errorf("%v: a wrong signature came out", public.Family)
	}
	return nil
}

// signs says that the key works.
func (r *rig) signs(t *testing.T, k keystore.Key) {
	t.Helper()
	for _, text := range []string{"first", "second"} {
		if err := r.sign(t, k, text); err != nil {
			t.Fatalf("%v: %v", k.Certificate().PublicKey.Family, err)
		}
	}
}

// logins counts the calls of C_Login that reached the token, PINs that it
// compared: those the person would pay for.
func (r *rig) logins(t *testing.T) int {
	t.Helper()
	return len(r.Calls(t, "C_Login"))
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// within bounds a wait that the test must never need.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

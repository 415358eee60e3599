//go:build linux

package pkcs11_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/internal/testtoken"
	"tanba/keystore"
)

// A key pair made on the token, its certificate written to it, and then it is a
// key like the others: on every kind of module.
func TestKeyIsMadeAndItsCertificateWritten(t *testing.T) {
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, quirk := range []string{"", "wrapped=1", "params512=1", "nocertid=1", "gzip=1", "privatecerts=1", "strictattributes=1", "sessions=1", "rwlogout=1", "alwaysauth=1", "order=rs-le"} {
		t.Run(quirk, func(t *testing.T) {
			r := plugEmpty(t)
			if quirk != "" {
				r.Set(t, quirk)
			}
			store := r.open(t)
			if _, _, err := store.Generate(t.Context(), pki.GOST512, "x"); err == nil {
				t.Error("a key was made without a PIN")
			}
			store.Unlock(t.Context(), []byte(testtoken.PIN)) // a token without keys: that it has none is no matter here
			made := map[pki.Family]*pki.Certificate{}
			for _, f := range families {
				if f == pki.RSA && quirk != "" {
					continue // takes its time
				}
				signer, id, err := store.Generate(t.Context(), f, "new key")
				if err != nil {
					t.Fatalf("%v: %v", f, err)
				}
				public, err := pki.PublicKeyOf(signer)
				if err != nil || public.Family != f {
					t.Fatalf("%v: %+v, %v", f, public, err)
				}
				digest := digestOf(f, "request")
				signature, err := pki.SignDigest(signer, rand.Reader, digest)
				if err != nil {
					t.Fatalf("%v: the new key: %v", f, err)
				}
				if !r.botan.Valid(t, public, digest, signature) {
					t.Errorf("%v: the new key signs wrongly", f)
				}
				pending, err := store.Pending(t.Context())
				if err != nil || len(pending) != 1 || !bytes.Equal(pending[0].ID, id) || !pending[0].Public.Equal(public) {
					t.Errorf("%v: pending %+v, %v", f, pending, err)
				}
				c, err := a.Certify(public, testpki.Profile{})
				if err != nil {
					t.Fatal(err)
				}
				stranger, err := a.Issue(testpki.Profile{Family: f})
				if err != nil {
					t.Fatal(err)
				}
				if err := store.Import(t.Context(), id, stranger.Certificate); err == nil {
					t.Errorf("%v: another key's certificate was written", f)
				}
				if err := store.Import(t.Context(), id, c, a.Issuing()); err != nil {
					t.Fatalf("%v: %v", f, err)
				}
				if pending, err := store.Pending(t.Context()); err != nil || len(pending) != 0 {
					t.Errorf("%v: pending afterwards %+v, %v", f, pending, err)
				}
				made[f] = c
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			_, keys := r.unlock(t)
			for f, c := range made {
				if keys[f] == nil || !bytes.Equal(keys[f].Certificate().Raw, c.Raw) {
					t.Fatalf("%v: the key is not found with its certificate", f)
				}
				r.signs(t, keys[f])
			}
			if r.Left(t) != testtoken.Tries {
				t.Errorf("%d tries left", r.Left(t))
			}
		})
	}
}

func TestTokenThatTakesNoObjects(t *testing.T) {
	r := plug(t, "readonly=1")
	store, keys := r.unlock(t)
	before := r.Objects(t)
	_, _, err := store.Generate(t.Context(), pki.GOST512, "new key")
	wantError(t, "Generate", err, keystore.ErrTokenReadOnly)
	r.signs(t, keys[pki.GOST512])
	if r.Objects(t) != before {
		t.Error("objects were made")
	}
}

// Nothing half is left behind when the token fails on the way.
func TestGenerateThatFails(t *testing.T) {
	r := plug(t)
	store, keys := r.unlock(t)
	before := r.Objects(t)
	for _, fault := range []string{"C_GenerateKeyPair:0x30:1", "C_GenerateKeyPair:0x31:1", "C_GenerateKeyPair:0x70:1", "C_OpenSession:0x30:3"} {
		r.Set(t, "fault="+fault)
		if _, _, err := store.Generate(t.Context(), pki.GOST512, "new key"); err == nil {
			t.Logf("%s: made after all", fault)
			before = r.Objects(t)
		}
		if r.Objects(t) != before {
			t.Errorf("%s: objects were left behind", fault)
		}
		r.Set(t, "fault")
	}
	r.signs(t, keys[pki.GOST512])
}

//go:build linux

package pkcs11_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"

	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// Four orders of the signature by two of the digest, on all three curves.
func TestEveryOrderOfOctetsIsFoundAndRemembered(t *testing.T) {
	for _, order := range []string{"sr-be", "rs-be", "rs-le", "sr-le"} {
		for _, digest := range []string{"le", "be"} {
			t.Run(order+" "+digest, func(t *testing.T) {
				r := plug(t, "order="+order, "digest="+digest)
				_, keys := r.unlockAll(t)
				for _, f := range families {
					for i := range 3 {
						if err := r.sign(t, keys[f], fmt.Sprint(i)); err != nil {
							t.Fatalf("%v: %v", f, err)
						}
					}
				}
				// After a restart it is known: not one call more than signatures.
				r.start(t, pkcs11.Options{})
				_, keys = r.unlockAll(t)
				before := len(r.Calls(t, "C_SignInit"))
				for _, f := range families {
					r.signs(t, keys[f])
				}
				if n := len(r.Calls(t, "C_SignInit")) - before; n != 2*len(families) {
					t.Errorf("%d operations for %d signatures with an order that is known", n, 2*len(families))
				}
			})
		}
	}
}

// A driver that changes its mind, and a note about the order that is not true.
func TestOrderThatChanges(t *testing.T) {
	r := plug(t)
	_, keys := r.unlockAll(t)
	for _, quirks := range [][]string{{"order=sr-be"}, {"order=rs-le"}, {"order=rs-be", "digest=be"}, {"order=sr-le", "digest=le"}} {
		r.Set(t, quirks...)
		for _, f := range families {
			r.signs(t, keys[f])
		}
	}
}

func TestWrongSignatureNeverComesOut(t *testing.T) {
	for _, how := range []string{"bit", "zeros", "ones", "short", "long", "empty", "other", "stranger"} {
		t.Run(how, func(t *testing.T) {
			r := plug(t)
			store, keys := r.unlockAll(t)
			for _, f := range families {
				if f == pki.RSA && how == "stranger" {
					continue // the token has no second RSA key
				}
				for _, known := range []bool{false, true} {
					if known {
						r.signs(t, keys[f])
					}
					r.Set(t, "wrong="+how)
					err := r.sign(t, keys[f], "document")
					want := keystore.ErrTokenSignature
					if how == "long" {
						want = keystore.ErrTokenFailed // more than fits: the helper is replaced
					}
					if !errors.Is(err, want) {
						t.Errorf("%v, order known: %v: %v, want %v", f, known, err, want)
					}
					r.Set(t, "wrong")
					if how == "long" {
						store.Close()
						store, keys = r.unlockAll(t)
					}
				}
				r.signs(t, keys[f])
			}
			if _, err := store.Token(within(t)); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if n := r.logins(t); n != 1 && how != "long" {
				t.Errorf("%d logins, want 1", n)
			}
		})
	}
}

// Wrong once, as by a fault: an error or a good signature, both are right.
func TestWrongSignatureOnce(t *testing.T) {
	r := plug(t, "wrong=bit", "wrongtimes=1")
	_, keys := r.unlockAll(t)
	if err := r.sign(t, keys[pki.GOST512], "document"); err != nil {
		wantError(t, "a wrong signature", err, keystore.ErrTokenSignature)
	}
	r.signs(t, keys[pki.GOST512])
}

// Digests of a wrong length reach no token.
func TestDigestOfAWrongLength(t *testing.T) {
	r := plug(t)
	_, keys := r.unlockAll(t)
	for _, f := range families {
		before := len(r.Calls(t, ""))
		for _, n := range []int{0, 1, 31, 33, 63, 65, 1000} {
			if out, err := pki.SignDigest(keys[f], rand.Reader, make([]byte, n)); err == nil {
				t.Errorf("%v: %d octets of digest are signed: %x", f, n, out)
			}
		}
		if n := len(r.Calls(t, "")) - before; n != 0 {
			t.Errorf("%v: %d calls of the token", f, n)
		}
	}
}

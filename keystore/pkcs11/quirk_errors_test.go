//go:build linux

package pkcs11_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testtoken"
	"tanba/keystore"
)

// The table of tokens.md 6.6, seen from a signature.
func TestErrorsWhileSigning(t *testing.T) {
	works := errors.New("none")
	for _, c := range []struct {
		where string
		code  string
		once  error // what one such answer comes to
		ever  error // and if it never ends
	}{
		{"C_SignInit", "0xB3", works, keystore.ErrTokenFailed},
		{"C_SignInit", "0xB0", works, keystore.ErrTokenFailed},
		{"C_SignInit", "0x82", works, keystore.ErrTokenFailed},
		{"C_SignInit", "0x60", works, keystore.ErrTokenFailed},
		{"C_SignInit", "0x30", works, keystore.ErrTokenFailed},
		{"C_SignInit", "0x31", works, keystore.ErrTokenBusy},
		{"C_SignInit", "0x70", keystore.ErrMechanism, keystore.ErrMechanism},
		{"C_SignInit", "0x63", keystore.ErrMechanism, keystore.ErrMechanism},
		{"C_SignInit", "0x68", keystore.ErrMechanism, keystore.ErrMechanism},
		{"C_SignInit", "0xE0", keystore.ErrTokenGone, keystore.ErrTokenGone},
		{"C_Sign", "0x30", works, keystore.ErrTokenFailed},
		{"C_Sign", "0x6", works, keystore.ErrTokenFailed},
		{"C_Sign", "0x5", works, keystore.ErrTokenFailed},
		{"C_Sign", "0xB3", works, keystore.ErrTokenFailed},
		{"C_Sign", "0x32", keystore.ErrTokenGone, keystore.ErrTokenGone},
		{"C_Sign", "0xE1", keystore.ErrTokenGone, keystore.ErrTokenGone},
		{"C_Sign", "0x50", context.Canceled, context.Canceled},
		{"C_Sign", "0x1", context.Canceled, context.Canceled},
		{"C_Sign", "0x200", context.Canceled, context.Canceled},
		{"C_Sign", "0x80000005", keystore.ErrTokenFailed, keystore.ErrTokenFailed},
		{"C_Sign", "0x54", keystore.ErrTokenFailed, keystore.ErrTokenFailed},
	} {
		t.Run(c.where+" "+c.code, func(t *testing.T) {
			t.Parallel()
			r := plug(t)
			_, keys := r.unlock(t)
			for _, f := range []pki.Family{pki.GOST512, pki.RSA} {
				r.Set(t, fmt.Sprintf("fault=%s:%s:1:%d", c.where, c.code, f))
				if err := r.sign(t, keys[f], "document"); c.once == works && err != nil || c.once != works && !errors.Is(err, c.once) {
					t.Errorf("%v, once: %v, want %v", f, err, c.once)
				}
				if errors.Is(c.once, keystore.ErrTokenGone) {
					break // handles and PIN are dropped
				}
			}
			r.Set(t, fmt.Sprintf("fault=%s:%s:0", c.where, c.code))
			err := r.sign(t, keys[pki.GOST512], "document")
			wantError(t, "without end", err, c.ever)
			if r.Left(t) != testtoken.Tries {
				t.Errorf("%d tries left", r.Left(t))
			}
			for _, call := range r.Calls(t, "C_Login") {
				if call.Code != 0 && call.Code != 0x100 {
					t.Errorf("login %+v", call)
				}
			}
			r.Set(t, "fault")
			_, keys = r.unlock(t)
			r.signs(t, keys[pki.GOST512])
		})
	}
}

// A device error once, wherever it comes.
func TestDeviceErrorOnceAnywhere(t *testing.T) {
	for _, where := range []string{"C_Initialize", "C_GetInfo", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo", "C_OpenSession", "C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal", "C_GetAttributeValue"} {
		t.Run(where, func(t *testing.T) {
			r := plug(t, "fault="+where+":0x30:1")
			list, err := r.tokens.List(within(t))
			if err != nil || len(list) != 1 || len(list[0].Certificates) != len(families) {
				// Said once, then it is over.
				t.Logf("the first look: %+v, %v", list, err)
				if list, err = r.tokens.List(within(t)); err != nil || len(list) != 1 || len(list[0].Certificates) != len(families) {
					t.Fatalf("the second look: %+v, %v", list, err)
				}
			}
			store := r.open(t)
			r.Set(t, "fault="+where+":0x30:1:again")
			keys, err := store.Unlock(within(t), []byte(testtoken.PIN))
			if err != nil {
				wantError(t, "Unlock", err, keystore.ErrTokenFailed)
				t.Logf("the first PIN: %v", err)
				if keys, err = store.Unlock(within(t), []byte(testtoken.PIN)); err != nil {
					t.Fatal(err)
				}
			}
			r.signs(t, byFamily(t, keys)[pki.GOST512])
			if n := r.logins(t); n > 2 {
				t.Errorf("%d logins for two PINs", n)
			}
		})
	}
}

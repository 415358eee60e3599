//go:build linux

package pkcs11_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testtoken"
	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// One token may show several slots, one for each applet, and a library many
// that are empty. Model and serial tell them apart, never the number.
func TestSeveralSlots(t *testing.T) {
	r := plugEmpty(t, "slots=2", "empty=13", "model=JaCarta Laser", "model.1=JaCarta GOST 2.0")
	r.Add(t, 0, person(t, pki.RSA))
	r.Add(t, 1, person(t, pki.GOST512))
	models := map[string]pki.Family{"JaCarta Laser": pki.RSA, "JaCarta GOST 2.0": pki.GOST512}
	use := func() {
		t.Helper()
		list := r.list(t)
		if len(list) != 2 {
			t.Fatalf("%d tokens: %+v", len(list), list)
		}
		for _, token := range list {
			store, err := r.tokens.Open(t.Context(), token.ID)
			if err != nil {
				t.Fatal(err)
			}
			keys, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
			if err != nil {
				t.Fatal(err)
			}
			f := models[token.Model]
			if len(keys) != 1 || !keys[0].Certificate().PublicKey.Equal(person(t, f).Certificate.PublicKey) {
				t.Fatalf("%s has %d keys", token.Model, len(keys))
			}
			r.signs(t, keys[0])
			store.Close()
		}
	}
	use()
	r.Set(t, "slotbase=100")
	use()
}

// Slots get other numbers while the token is in use.
func TestRenumberedSlots(t *testing.T) {
	r := plug(t, "empty=2")
	id := r.only(t).ID
	store, keys := r.unlock(t)
	r.signs(t, keys[pki.GOST512])
	r.Set(t, "slotbase=9")
	if again := r.only(t).ID; again != id {
		t.Errorf("the token is called %q after its slot got another number, before %q", again, id)
	}
	r.signs(t, keys[pki.GOST512])
	if token, err := store.Token(t.Context()); err != nil || token.ID != id {
		t.Errorf("Token: %+v, %v", token, err)
	}
	second, err := r.tokens.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Unlock(t.Context(), []byte(testtoken.PIN)); err != nil {
		t.Error(err)
	}
	second.Close()
}

// A library that shows the slots as it saw them first.
func TestStaleSlots(t *testing.T) {
	for _, how := range []string{"size", "1"} {
		t.Run(how, func(t *testing.T) {
			r := plug(t, "staleslots="+how)
			r.start(t, pkcs11.Options{Timeouts: pkcs11.Timeouts{Stale: 100 * time.Millisecond}})
			r.Unplug(t)
			if list := r.list(t); len(list) != 0 {
				t.Fatalf("a token that is not there: %+v", list)
			}
			r.Plug(t)
			for deadline := time.Now().Add(time.Minute); len(r.list(t)) == 0; {
				if time.Now().After(deadline) {
					t.Fatal("the token never shows")
				}
				time.Sleep(50 * time.Millisecond)
			}
			_, keys := r.unlock(t)
			r.signs(t, keys[pki.GOST512])
		})
	}
}

func TestRemoval(t *testing.T) {
	r := plug(t)
	store, keys := r.unlock(t)
	r.signs(t, keys[pki.GOST512])
	r.Unplug(t)
	if list := r.list(t); len(list) != 0 {
		t.Errorf("a token that was pulled out is listed: %+v", list)
	}
	wantError(t, "Sign", r.sign(t, keys[pki.GOST512], "document"), keystore.ErrTokenGone)
	_, err := store.Token(t.Context())
	wantError(t, "Token", err, keystore.ErrTokenGone)
	_, err = store.Unlock(t.Context(), []byte(testtoken.PIN))
	wantError(t, "Unlock", err, keystore.ErrTokenGone)
	before := r.logins(t)
	r.Plug(t)
	// It is in again: nothing of before signs, and nobody logged in unasked.
	if err := r.sign(t, keys[pki.GOST512], "document"); err == nil {
		t.Error("a key of before the removal signs without a PIN")
	}
	if n := r.logins(t) - before; n != 0 {
		t.Errorf("%d logins by itself", n)
	}
	_, keys = r.unlock(t)
	r.signs(t, keys[pki.GOST512])
}

// Acceptance test 9: removal in a batch.
func TestRemovalDuringABatch(t *testing.T) {
	for _, quirks := range [][]string{nil, {"alwaysauth=1"}} {
		t.Run(fmt.Sprint(quirks), func(t *testing.T) {
			r := plug(t, quirks...)
			_, keys := r.unlock(t)
			k := keys[pki.GOST512]
			r.signs(t, k)
			before := r.logins(t)
			r.Set(t, "unplugafter=7")
			var good, gone atomic.Int32
			var all sync.WaitGroup
			for i := range 40 {
				all.Go(func() {
					digest := digestOf(pki.GOST512, fmt.Sprint(i))
					s, err := k.Sign(nil, digest, nil)
					switch {
					case err == nil && person(t, pki.GOST512).Certificate.PublicKey.VerifyDigest(digest, s) == nil:
						good.Add(1)
					case errors.Is(err, keystore.ErrTokenGone):
						gone.Add(1)
					default:
						t.Errorf("%v", err)
					}
				})
			}
			all.Wait()
			if good.Load() != 7 || gone.Load() != 33 {
				t.Errorf("%d signatures and %d that say the token is gone, want 7 and 33", good.Load(), gone.Load())
			}
			logins := r.logins(t) - before
			if quirks == nil && logins != 0 || logins > 7+33 {
				t.Errorf("%d logins", logins)
			}
			r.Plug(t)
			before = r.logins(t)
			if err := r.sign(t, k, "document"); err == nil {
				t.Error("a key of before the removal signs")
			}
			if n := r.logins(t) - before; n != 0 {
				t.Errorf("%d logins with the PIN of before the removal", n)
			}
			if r.Left(t) != testtoken.Tries {
				t.Errorf("%d tries left", r.Left(t))
			}
		})
	}
}

// Another token in the same slot is another token.
func TestAnotherTokenInTheSlot(t *testing.T) {
	r := plug(t)
	id := r.only(t).ID
	_, keys := r.unlock(t)
	r.Unplug(t)
	r.Set(t, "serial=0ther")
	r.Plug(t)
	if r.only(t).ID == id {
		t.Error("another serial number, the same token")
	}
	wantError(t, "Sign", r.sign(t, keys[pki.GOST512], "document"), keystore.ErrTokenGone)
	_, err := r.tokens.Open(t.Context(), id)
	if err == nil {
		t.Error("a token that is no longer there can be opened")
	}
}

// Two modules show one token: it is listed once, from the one named first, and
// if that one fails, from the other.
func TestTokenThatTwoModulesShow(t *testing.T) {
	r := plug(t)
	second := testtoken.New(t)
	for _, f := range families {
		second.Add(t, 0, person(t, f))
	}
	r.start(t, pkcs11.Options{Modules: []pkcs11.Module{{Path: r.Path}, {Path: second.Path}}})
	r.only(t)
	_, keys := r.unlock(t)
	r.signs(t, keys[pki.GOST512])
	if len(second.Calls(t, "C_Login")) != 0 || r.logins(t) != 1 {
		t.Error("the token was not opened by the module named first")
	}
	r.start(t, pkcs11.Options{Modules: []pkcs11.Module{{Path: r.Path}, {Path: second.Path}}})
	r.Set(t, "crash=C_Initialize")
	r.only(t)
	_, keys = r.unlock(t)
	r.signs(t, keys[pki.GOST512])
}

// What the settings say of a module.
func TestModuleSettings(t *testing.T) {
	r := plug(t, "label=Моя таңба")
	for _, c := range []struct {
		name    string
		o       pkcs11.Options
		tokens  int
		storage string
	}{
		{"off", pkcs11.Options{Modules: []pkcs11.Module{{Path: r.Path, Off: true}}}, 0, ""},
		{"storage", pkcs11.Options{Modules: []pkcs11.Module{{Path: r.Path, Storage: "AKKaztokenStore"}}}, 1, "AKKaztokenStore"},
		{"by label", pkcs11.Options{Storages: map[string]string{"Моя таңба": "AKAKEYStore"}}, 1, "AKAKEYStore"},
		{"another label", pkcs11.Options{Modules: []pkcs11.Module{{Path: r.Path, Token: "другой"}}}, 0, ""},
		{"this label", pkcs11.Options{Modules: []pkcs11.Module{{Path: r.Path, Token: "Моя таңба"}}}, 1, ""},
		{"URI", pkcs11.Options{Modules: []pkcs11.Module{{Path: "pkcs11:token=%D0%9C%D0%BE%D1%8F%20%D1%82%D0%B0%D2%A3%D0%B1%D0%B0?module-path=" + r.Path}}}, 1, ""},
		{"URI of another token", pkcs11.Options{Modules: []pkcs11.Module{{Path: "pkcs11:serial=ffff?module-path=" + r.Path}}}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.start(t, c.o)
			list := r.list(t)
			if len(list) != c.tokens || len(list) == 1 && (list[0].Storage != c.storage || list[0].Label != "Моя таңба") {
				t.Errorf("%+v", list)
			}
		})
	}
}

// Swapped so fast that nobody noticed: the PIN of one token that is held is not
// tried on another.
func TestT23PINIsNotSentToAnotherToken(t *testing.T) {
	for _, how := range []string{"alwaysauth=1", "alwaysauth=2"} {
		t.Run(how, func(t *testing.T) {
			r := plug(t, how)
			_, keys := r.unlock(t)
			r.signs(t, keys[pki.GOST512])
			r.SetPIN(t, "of another token")
			before := r.logins(t)
			r.Token.Unplug(t)
			r.Set(t, "serial=0ther")
			r.Token.Plug(t)
			if err := r.sign(t, keys[pki.GOST512], "document"); err == nil {
				t.Error("the other token signs")
			}
			if n := r.logins(t) - before; n != 0 || r.Left(t) != testtoken.Tries {
				t.Errorf("%d logins on the other token, %d tries left there", n, r.Left(t))
			}
		})
	}
}

//go:build linux

package pkcs11_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testtoken"
	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// One attempt for each action of the person, and flags that say how it stands.
func TestT23WrongPINIsOneTry(t *testing.T) {
	r := plug(t)
	store := r.open(t)
	if p := r.only(t).PIN; p.Low || p.LastTry || p.Locked {
		t.Errorf("a fresh token says %+v", p)
	}
	for wrong := 1; wrong <= 3; wrong++ {
		keys, err := store.Unlock(t.Context(), []byte("wrong PIN"))
		wantError(t, "a wrong PIN", err, keystore.ErrWrongPassword)
		if len(keys) > 0 {
			t.Error("keys came with it")
		}
		if r.logins(t) != wrong || r.Left(t) != testtoken.Tries-wrong {
			t.Fatalf("%d logins and %d tries left after %d wrong PINs", r.logins(t), r.Left(t), wrong)
		}
		token, err := store.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p := token.PIN; !p.Low || p.LastTry || p.Locked {
			t.Errorf("after %d wrong PINs the token says %+v", wrong, p)
		}
	}
	keys, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
	if err != nil {
		t.Fatal(err)
	}
	r.signs(t, byFamily(t, keys)[pki.GOST512])
	if r.Left(t) != testtoken.Tries {
		t.Errorf("%d tries left", r.Left(t))
	}
}

func TestT23LastTryIsConfirmedFirst(t *testing.T) {
	for _, right := range []bool{true, false} {
		t.Run(fmt.Sprint(right), func(t *testing.T) {
			r := plug(t)
			r.SetLeft(t, 1)
			store := r.open(t)
			if p := r.only(t).PIN; !p.LastTry || p.Locked {
				t.Errorf("before the last try the token says %+v", p)
			}
			_, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
			wantError(t, "unconfirmed", err, keystore.ErrLastTry)
			if r.logins(t) != 0 || r.Left(t) != 1 {
				t.Fatalf("%d logins, %d tries left: the last try was spent unasked", r.logins(t), r.Left(t))
			}
			if right {
				keys, err := store.UnlockLastTry(t.Context(), []byte(testtoken.PIN))
				if err != nil {
					t.Fatal(err)
				}
				r.signs(t, byFamily(t, keys)[pki.GOST512])
				return
			}
			_, err = store.UnlockLastTry(t.Context(), []byte("wrong PIN"))
			wantError(t, "the last wrong PIN", err, keystore.ErrPINLocked)
			if p := r.only(t).PIN; !p.Locked {
				t.Errorf("after it the token says %+v", p)
			}
			if r.logins(t) != 1 {
				t.Errorf("%d logins, want 1", r.logins(t))
			}
		})
	}
}

func TestT23LockedTokenIsLeftAlone(t *testing.T) {
	r := plug(t)
	r.SetLeft(t, 0)
	store := r.open(t)
	if p := r.only(t).PIN; !p.Locked {
		t.Errorf("a locked token says %+v", p)
	}
	_, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
	wantError(t, "Unlock", err, keystore.ErrPINLocked)
	_, err = store.UnlockLastTry(t.Context(), []byte(testtoken.PIN))
	wantError(t, "UnlockLastTry", err, keystore.ErrPINLocked)
	if n := r.logins(t); n != 0 {
		t.Errorf("%d logins, want none", n)
	}
}

// A PIN that cannot be right costs nothing.
func TestT23PINOfAWrongLength(t *testing.T) {
	r := plug(t, "pinmin=6", "pinmax=24")
	store := r.open(t)
	for _, pin := range []string{"", "1", "12345", strings.Repeat("1", 25), strings.Repeat("1", 5000)} {
		_, err := store.Unlock(t.Context(), []byte(pin))
		wantError(t, fmt.Sprintf("%d octets", len(pin)), err, keystore.ErrPINFormat)
		if len(pin) == 0 {
			_, err = store.Unlock(t.Context(), nil)
			wantError(t, "no PIN", err, keystore.ErrPINFormat)
		}
	}
	if n := r.logins(t); n != 0 {
		t.Errorf("%d logins, want none", n)
	}
	if r.Left(t) != testtoken.Tries {
		t.Errorf("%d tries left", r.Left(t))
	}
}

func TestT23PINThatMustBeSetFirst(t *testing.T) {
	for state, says := range map[string]func(keystore.PINState) bool{
		"unset":  func(p keystore.PINState) bool { return p.Unset },
		"change": func(p keystore.PINState) bool { return p.MustChange && !p.Unset },
	} {
		t.Run(state, func(t *testing.T) {
			r := plug(t, "pinstate="+state)
			if p := r.only(t).PIN; !says(p) {
				t.Errorf("the token says %+v", p)
			}
			_, err := r.open(t).Unlock(t.Context(), []byte(testtoken.PIN))
			wantError(t, "Unlock", err, keystore.ErrPINUnset)
			for _, c := range r.Calls(t, "C_Login") {
				if c.Code != 0x102 { // USER_PIN_NOT_INITIALIZED costs nothing
					t.Errorf("login %+v", c)
				}
			}
		})
	}
}

// A token that says nothing of wrong tries: still one for each action, and the
// lock is understood when it comes.
func TestT23TokenWithoutFlags(t *testing.T) {
	r := plug(t, "noflags=1")
	store := r.open(t)
	for wrong := 1; wrong <= testtoken.Tries; wrong++ {
		want := keystore.ErrWrongPassword
		if wrong == testtoken.Tries {
			want = keystore.ErrPINLocked
		}
		_, err := store.Unlock(t.Context(), []byte("wrong PIN"))
		wantError(t, fmt.Sprint(wrong), err, want)
		if r.logins(t) != wrong {
			t.Fatalf("%d logins for %d PINs", r.logins(t), wrong)
		}
	}
}

// Whatever C_Login answers, it is asked once.
func TestT23LoginErrors(t *testing.T) {
	for _, c := range []struct {
		code string
		want error
	}{
		{"0xA0", keystore.ErrWrongPassword}, {"0xA1", keystore.ErrPINFormat}, {"0xA2", keystore.ErrPINFormat}, {"0xA3", keystore.ErrPINUnset}, {"0xA4", keystore.ErrPINLocked},
		{"0x102", keystore.ErrPINUnset}, {"0x104", keystore.ErrTokenBusy}, {"0x30", keystore.ErrTokenFailed}, {"0x5", keystore.ErrTokenFailed}, {"0x6", keystore.ErrTokenFailed},
		{"0xE0", keystore.ErrTokenGone}, {"0x32", keystore.ErrTokenGone}, {"0x50", context.Canceled}, {"0x80000006", keystore.ErrTokenFailed}, {"0x8000000B", keystore.ErrPINUnset}, {"0x54", keystore.ErrTokenFailed},
	} {
		t.Run(c.code, func(t *testing.T) {
			r := plug(t, "fault=C_Login:"+c.code+":0")
			_, err := r.open(t).Unlock(within(t), []byte(testtoken.PIN))
			wantError(t, "Unlock", err, c.want)
			if n := r.logins(t); n != 1 {
				t.Errorf("%d logins, want 1", n)
			}
			r.Set(t, "fault")
			_, keys := r.unlock(t)
			r.signs(t, keys[pki.GOST512])
		})
	}
}

// Acceptance test 7 of tokens.md: fifty signatures wait, the PIN has been
// changed meanwhile, the session is lost.
func TestT23QueueAfterTheLoginIsLost(t *testing.T) {
	for _, quirks := range []string{"", "alwaysauth=1", "alwaysauth=2"} {
		t.Run(quirks, func(t *testing.T) {
			r := plug(t, strings.Fields(quirks)...)
			_, keys := r.unlock(t)
			k := keys[pki.GOST512]
			r.signs(t, k)
			r.SetPIN(t, "changed by another program")
			r.Unplug(t)
			r.Plug(t)
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					digest := digestOf(pki.GOST512, fmt.Sprint(i))
					if s, err := k.Sign(nil, digest, nil); err == nil {
						t.Errorf("signed after the login was lost: %x", s)
					}
				})
			}
			all.Wait()
			if left := r.Left(t); left < testtoken.Tries-1 {
				t.Errorf("%d tries left: more than one was wasted", left)
			}
		})
	}
}

func TestAlwaysAuthenticate(t *testing.T) {
	for _, how := range []string{"alwaysauth=1", "alwaysauth=2"} {
		t.Run(how, func(t *testing.T) {
			r := plug(t, how)
			_, keys := r.unlockAll(t)
			for _, f := range families {
				r.signs(t, keys[f])
			}
			for _, c := range r.Calls(t, "C_Login") {
				if strings.HasPrefix(c.Detail, "wrong") {
					t.Errorf("a wrong PIN was sent: %+v", c)
				}
			}
			if how == "alwaysauth=1" {
				// Between C_SignInit and C_Sign nothing but the login.
				calls := r.Calls(t, "")
				for i, c := range calls {
					if c.Name == "C_SignInit" && c.Code == 0 && (calls[i+1].Name != "C_Login" || calls[i+2].Name != "C_Sign") {
						t.Errorf("after C_SignInit came %s, %s", calls[i+1].Name, calls[i+2].Name)
					}
				}
			}
			if r.Left(t) != testtoken.Tries {
				t.Errorf("%d tries left", r.Left(t))
			}
		})
	}
}

// The PIN is typed on the device: no octets of a PIN are sent, for an empty one
// would cost a try there.
func TestT23PINPad(t *testing.T) {
	r := plug(t, "pinpad=1")
	if p := r.only(t).PIN; !p.Pad {
		t.Errorf("a token with a PIN pad says %+v", p)
	}
	store := r.open(t)
	for _, c := range []struct {
		typed string
		want  error
	}{{"wrong", keystore.ErrWrongPassword}, {"cancel", context.Canceled}} {
		before := r.logins(t)
		r.Set(t, "typed="+c.typed)
		_, err := store.Unlock(t.Context(), nil)
		wantError(t, c.typed, err, c.want)
		if n := r.logins(t) - before; n != 1 {
			t.Errorf("%s: %d logins, want 1", c.typed, n)
		}
	}
	r.Set(t, "typed=right")
	keys, err := store.Unlock(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.signs(t, byFamily(t, keys)[pki.GOST512])
	for _, c := range r.Calls(t, "C_Login") {
		if !strings.HasPrefix(c.Detail, "pad ") {
			t.Errorf("a PIN was sent to a device with a pad: %+v", c)
		}
	}
	r.Set(t, "alwaysauth=1")
	store.Close()
	_, err = r.open(t).Unlock(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Left(t) != testtoken.Tries {
		t.Errorf("%d tries left", r.Left(t))
	}
}

// Two people's actions, two stores: the second PIN is checked by the token, not
// waved through because the first one was right.
func TestT23SecondUnlockIsChecked(t *testing.T) {
	r := plug(t)
	_, keys := r.unlock(t)
	second, err := r.tokens.Open(t.Context(), r.only(t).ID)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	_, err = second.Unlock(t.Context(), []byte("wrong PIN"))
	wantError(t, "a wrong PIN for the second store", err, keystore.ErrWrongPassword)
	if n := r.Left(t); n != testtoken.Tries-1 {
		t.Errorf("%d tries left", n)
	}
	if err := r.sign(t, keys[pki.GOST512], "document"); err == nil {
		// If the first store goes on, then by its own right.
		t.Log("the first store goes on")
	}
	if n := r.Left(t); n != testtoken.Tries-1 && n != testtoken.Tries {
		t.Errorf("%d tries left", n)
	}
	if _, err := second.Unlock(t.Context(), []byte(testtoken.PIN)); err != nil {
		t.Fatal(err)
	}
}

// After Close no key signs and no login is left behind.
func TestCloseForgets(t *testing.T) {
	r := plug(t)
	store, keys := r.unlock(t)
	r.signs(t, keys[pki.GOST512])
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := keys[pki.GOST512].Sign(nil, digestOf(pki.GOST512, "document"), nil)
	wantError(t, "Sign after Close", err, keystore.ErrClosed)
	_, err = store.Unlock(t.Context(), []byte(testtoken.PIN))
	wantError(t, "Unlock after Close", err, keystore.ErrClosed)
	again := r.open(t)
	_, err = again.Unlock(t.Context(), []byte("wrong PIN"))
	wantError(t, "a wrong PIN afterwards", err, keystore.ErrWrongPassword)
	if err := store.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	r.start(t, pkcs11.Options{})
	_, keys = r.unlock(t)
	r.signs(t, keys[pki.RSA])
}

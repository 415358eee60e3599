//go:build linux

package pkcs11_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testtoken"
	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// Acceptance test 2: the module crashes while it is loaded. The token that
// another module shows is there all the same.
func TestModuleThatCrashesAtTheStart(t *testing.T) {
	for _, where := range []string{"C_Initialize", "C_GetInfo", "C_GetSlotList", "C_GetTokenInfo", "C_OpenSession"} {
		t.Run(where, func(t *testing.T) {
			r := plug(t, "crash="+where)
			good := testtoken.New(t, "serial=900d")
			good.Add(t, 0, person(t, pki.GOST512))
			r.start(t, pkcs11.Options{Modules: []pkcs11.Module{{Path: r.Path}, {Path: good.Path}}})
			found := false
			for _, token := range r.list(t) {
				found = found || token.Serial == "900d" && len(token.Certificates) == 1
			}
			if !found {
				t.Errorf("the other module's token is missing: %+v", r.list(t))
			}
			report, err := r.tokens.Report(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Modules) != 2 || troubles(report.Modules[0]) == 0 || troubles(report.Modules[1]) != 0 {
				t.Errorf("report %+v", report)
			}
			r.Set(t, "crash")
			r.start(t, pkcs11.Options{})
			_, keys := r.unlock(t)
			r.signs(t, keys[pki.GOST512])
		})
	}
}

func troubles(m pkcs11.ModuleReport) int {
	n := len(m.Troubles)
	for _, s := range m.Slots {
		n += len(s.Troubles)
		if s.Token != nil {
			n += len(s.Token.Troubles)
		}
	}
	return n
}

// A crash or a hang in the middle costs this call; the PIN is not sent to the
// next helper by itself.
func TestModuleThatCrashesOrHangsLater(t *testing.T) {
	for _, what := range []string{"crash", "hang"} {
		for _, where := range []string{"C_Login", "C_SignInit", "C_Sign", "C_FindObjectsInit"} {
			t.Run(what+" "+where, func(t *testing.T) {
				t.Parallel()
				r := plug(t)
				if what == "hang" {
					r.start(t, pkcs11.Options{Timeouts: pkcs11.Timeouts{Call: 2 * time.Second, Login: 2 * time.Second}})
				}
				store := r.open(t)
				late := where == "C_SignInit" || where == "C_Sign"
				var keys []keystore.Key
				var err error
				if late {
					if keys, err = store.Unlock(t.Context(), []byte(testtoken.PIN)); err != nil {
						t.Fatal(err)
					}
				}
				before := r.logins(t)
				r.Set(t, what+"="+where)
				if late {
					err = r.sign(t, byFamily(t, keys)[pki.GOST512], "document")
				} else {
					_, err = store.Unlock(within(t), []byte(testtoken.PIN))
				}
				wantError(t, what, err, keystore.ErrTokenFailed)
				if n := r.logins(t) - before; n > 1 {
					t.Errorf("%d logins", n)
				}
				r.Set(t, what)
				// The same store may want the PIN again, and then it works.
				keys, err = store.Unlock(within(t), []byte(testtoken.PIN))
				if err != nil {
					t.Fatal(err)
				}
				r.signs(t, byFamily(t, keys)[pki.GOST512])
				if r.Left(t) != testtoken.Tries {
					t.Errorf("%d tries left", r.Left(t))
				}
			})
		}
	}
}

// A person who goes away does not wait for a module that hangs, and neither does
// whoever ends the program.
func TestCancelWhileTheModuleHangs(t *testing.T) {
	for _, where := range []string{"C_Login", "C_FindObjectsInit", "C_Sign", "C_GetTokenInfo"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			r := plug(t)
			// Only the person ends it.
			r.start(t, pkcs11.Options{Timeouts: pkcs11.Timeouts{Call: time.Hour, Login: time.Hour}})
			store := r.open(t)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			if where == "C_Sign" {
				keys, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
				if err != nil {
					t.Fatal(err)
				}
				r.Set(t, "hang="+where)
				go func() {
					_, err := byFamily(t, keys)[pki.GOST512].Sign(nil, digestOf(pki.GOST512, "document"), nil)
					done <- err
				}()
			} else {
				r.Set(t, "hang="+where)
				go func() {
					_, err := store.Unlock(ctx, []byte(testtoken.PIN))
					done <- err
				}()
			}
			for !hangs(r, t, where) {
				time.Sleep(10 * time.Millisecond)
			}
			finished := make(chan struct{})
			go func() {
				defer close(finished)
				if where != "C_Sign" {
					cancel()
					if err := <-done; !errors.Is(err, context.Canceled) {
						t.Errorf("Unlock: %v", err)
					}
					store.Close()
				}
				r.tokens.Close()
				if where == "C_Sign" {
					if err := <-done; err == nil {
						t.Error("signed by a module that hangs")
					}
					store.Close()
				}
			}()
			select {
			case <-finished:
			case <-within(t).Done():
				t.Fatal("somebody waits for a module that hangs")
			}
			cancel()
		})
	}
}

func hangs(r *rig, t *testing.T, where string) bool {
	t.Helper()
	for _, c := range r.Calls(t, where) {
		if c.Detail == "hang" {
			return true
		}
	}
	return false
}

func TestOneSessionOnly(t *testing.T) {
	r := plug(t, "sessions=1")
	r.only(t)
	store, keys := r.unlockAll(t)
	for _, f := range families {
		r.signs(t, keys[f])
	}
	r.only(t) // somebody looks meanwhile
	r.signs(t, keys[pki.GOST512])
	if n := r.logins(t); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	if _, err := store.Token(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSlowToken(t *testing.T) {
	r := plug(t, "signdelay=800")
	_, keys := r.unlock(t)
	for _, f := range []pki.Family{pki.GOST512, pki.RSA} {
		if err := r.sign(t, keys[f], "document"); err != nil {
			t.Errorf("%v: %v", f, err)
		}
	}
}

func TestModuleWithoutLocks(t *testing.T) {
	r := plug(t, "cantlock=1")
	_, keys := r.unlock(t)
	r.signs(t, keys[pki.GOST512])
	started := r.Calls(t, "C_Initialize")
	if last := started[len(started)-1]; last.Code != 0 || last.Detail != "alone" {
		t.Errorf("C_Initialize %+v", started)
	}
}

func TestModuleThatIsInitialisedAlready(t *testing.T) {
	r := plug(t, "already=1")
	_, keys := r.unlock(t)
	r.signs(t, keys[pki.GOST512])
}

// One call of the module at a time, whoever asks.
func TestNoTwoCallsAtOnce(t *testing.T) {
	r := plug(t)
	_, keys := r.unlock(t)
	done := make(chan error)
	for i := range 4 {
		go func() {
			for n := range 20 {
				if _, err := keys[pki.GOST512].Sign(nil, digestOf(pki.GOST512, fmt.Sprint(i, n)), nil); err != nil {
					done <- err
					return
				}
				if _, err := r.tokens.List(t.Context()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, c := range r.Calls(t, "") {
		if len(c.Detail) >= 7 && c.Detail[len(c.Detail)-7:] == "CROWDED" {
			t.Fatalf("%s came while another call was under way", c.Name)
		}
	}
}

// A session for writing that ends the login must not end in a wrong signature or
// a lost try.
func TestLoginLostToAWritingSession(t *testing.T) {
	r := plug(t, "rwlogout=1")
	store, keys := r.unlock(t)
	r.signs(t, keys[pki.GOST512])
	if _, _, err := store.Generate(t.Context(), pki.GOST512, "new"); err != nil {
		t.Logf("Generate: %v", err)
	}
	if err := r.sign(t, keys[pki.GOST512], "document"); err != nil {
		wantError(t, "Sign", err, keystore.ErrTokenFailed)
		again, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
		if err != nil {
			t.Fatal(err)
		}
		r.signs(t, byFamily(t, again)[pki.GOST512])
	}
	if r.Left(t) != testtoken.Tries {
		t.Errorf("%d tries left", r.Left(t))
	}
}

// Another program has the token for a moment (tokens.md 6.5): it is waited for,
// and the PIN is sent once.
func TestTokenThatIsBusyForAMoment(t *testing.T) {
	for _, code := range []string{"0x30", "0xE0", "0xB1"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			r := plug(t)
			r.start(t, pkcs11.Options{Timeouts: pkcs11.Timeouts{Busy: time.Minute}})
			store := r.open(t)
			r.Set(t, "fault=C_OpenSession:"+code+":3")
			keys, err := store.Unlock(within(t), []byte(testtoken.PIN))
			if err != nil {
				t.Fatal(err)
			}
			r.signs(t, byFamily(t, keys)[pki.GOST512])
			if n := r.logins(t); n != 1 {
				t.Errorf("%d logins, want 1", n)
			}
		})
	}
	t.Run("for good", func(t *testing.T) {
		t.Parallel()
		r := plug(t)
		r.start(t, pkcs11.Options{Timeouts: pkcs11.Timeouts{Busy: 200 * time.Millisecond}})
		store := r.open(t)
		r.Set(t, "fault=C_OpenSession:0x30:0")
		_, err := store.Unlock(within(t), []byte(testtoken.PIN))
		wantError(t, "Unlock", err, keystore.ErrTokenBusy)
		if n := r.logins(t); n != 0 {
			t.Errorf("%d logins, want none", n)
		}
		r.Set(t, "fault")
		if _, err := store.Unlock(within(t), []byte(testtoken.PIN)); err != nil {
			t.Error(err)
		}
	})
}

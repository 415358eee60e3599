//go:build linux

package pkcs11_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testtoken"
	"tanba/keystore"
)

// Acceptance test 10: a thousand signatures, one login, one search.
func TestThousandSignaturesOneLogin(t *testing.T) {
	r := plug(t)
	_, keys := r.unlock(t)
	k := keys[pki.GOST512]
	r.signs(t, k)
	searches := len(r.Calls(t, "C_FindObjectsInit"))
	const all, lanes = 1000, 4
	signatures := make([][]byte, all)
	var wait sync.WaitGroup
	for lane := range lanes {
		wait.Go(func() {
			for i := lane; i < all; i += lanes {
				s, err := k.Sign(nil, digestOf(pki.GOST512, fmt.Sprint(i)), nil)
				if err != nil {
					t.Error(err)
					return
				}
				signatures[i] = s
			}
		})
	}
	wait.Wait()
	for i := 0; i < all; i += 10 {
		if !r.botan.Valid(t, k.Certificate().PublicKey, digestOf(pki.GOST512, fmt.Sprint(i)), signatures[i]) {
			t.Fatalf("signature %d is wrong", i)
		}
	}
	if n := r.logins(t); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	if n := len(r.Calls(t, "C_FindObjectsInit")) - searches; n != 0 {
		t.Errorf("%d searches during the batch", n)
	}
	if n := len(r.Calls(t, "C_GetTokenInfo")); n > 20 {
		t.Errorf("C_GetTokenInfo was called %d times", n)
	}
}

// Acceptance test 11, T21: after Close the PIN is in the memory neither of the
// helper nor of this process, and with a key that wants it each time it is there
// until then: so the search finds what it looks for.
func TestT21PINInMemory(t *testing.T) {
	if os.Geteuid() != 0 {
		// The helper cannot be looked into by other programs of the person.
		t.Log("without root: only that the helper cannot be looked into")
	}
	for _, quirks := range []string{"", "alwaysauth=1"} {
		t.Run(quirks, func(t *testing.T) {
			r := plug(t, strings.Fields(quirks)...)
			pin := []byte("a PIN of " + strconv.Itoa(os.Getpid()) + " itself")
			r.SetPIN(t, string(pin))
			store := r.open(t)
			keys, err := store.Unlock(t.Context(), pin)
			if err != nil {
				t.Fatal(err)
			}
			r.signs(t, byFamily(t, keys)[pki.GOST512])
			calls := r.Calls(t, "C_Login")
			helper := calls[len(calls)-1].PID
			found, readable := inMemory(t, helper, pin)
			if os.Geteuid() != 0 {
				if readable {
					t.Error("another program of this person can read the helper's memory")
				}
				return
			}
			if !readable {
				t.Fatal("the helper's memory cannot be read even by root")
			}
			if held := quirks != ""; found != held {
				t.Errorf("while the store is open the PIN is in the helper: %v, want %v", found, held)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			r.only(t) // a call later the helper has done what Close asked
			if found, _ := inMemory(t, helper, pin); found {
				t.Error("the PIN is in the helper after Close")
			}
		})
	}
}

// inMemory looks for text in what a process may write to.
func inMemory(t *testing.T, pid int, text []byte) (found, readable bool) {
	t.Helper()
	folder := "/proc/" + strconv.Itoa(pid)
	maps, err := os.ReadFile(folder + "/maps")
	if err != nil {
		return false, false
	}
	memory, err := os.Open(folder + "/mem")
	if err != nil {
		return false, false
	}
	defer memory.Close()
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "rw") {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		start, err := strconv.ParseInt(from, 16, 64)
		if err != nil {
			continue
		}
		end, err := strconv.ParseInt(to, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		const step = 16 << 20
		for at := start; at < end; at += step {
			data := make([]byte, min(step+int64(len(text)), end-at))
			n, _ := memory.ReadAt(data, at) // pages that were never used
			if n > 0 {
				readable = true
			}
			if bytes.Contains(data[:n], text) {
				return true, true
			}
		}
	}
	return false, readable
}

// Keys that want the PIN each time, asked for by many at once: the three calls
// of each signature stay together, and no PIN is wrong.
func TestT23ManyAtOnceWithAPINEachTime(t *testing.T) {
	for _, how := range []string{"alwaysauth=1", "alwaysauth=2"} {
		t.Run(how, func(t *testing.T) {
			r := plug(t, how)
			_, keys := r.unlock(t)
			var wait sync.WaitGroup
			for i := range 20 {
				for _, f := range []pki.Family{pki.GOST512, pki.GOST256} {
					wait.Go(func() {
						digest := digestOf(f, fmt.Sprint(i))
						s, err := keys[f].Sign(nil, digest, nil)
						if err != nil {
							t.Errorf("%v: %v", f, err)
						} else if err := keys[f].Certificate().PublicKey.VerifyDigest(digest, s); err != nil {
							t.Errorf("%v: %v", f, err)
						}
					})
				}
			}
			wait.Wait()
			for _, c := range r.Calls(t, "C_Login") {
				if strings.HasPrefix(c.Detail, "wrong") {
					t.Errorf("a wrong PIN was sent: %+v", c)
				}
			}
			if r.Left(t) != testtoken.Tries {
				t.Errorf("%d tries left", r.Left(t))
			}
		})
	}
}

// Two tokens of one module at once: what happens to one is nothing to the other.
func TestTwoTokensAtOnce(t *testing.T) {
	r := plugEmpty(t, "slots=2", "model=first", "model.1=second")
	r.Add(t, 0, person(t, pki.GOST512))
	r.Add(t, 1, person(t, pki.GOST256))
	stores := map[string]keystore.TokenStore{}
	keys := map[string]keystore.Key{}
	for _, token := range r.list(t) {
		store, err := r.tokens.Open(t.Context(), token.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		found, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %d keys, %v", token.Model, len(found), err)
		}
		stores[token.Model], keys[token.Model] = store, found[0]
	}
	r.signs(t, keys["first"])
	r.signs(t, keys["second"])
	if err := stores["first"].Close(); err != nil {
		t.Fatal(err)
	}
	r.signs(t, keys["second"])
	wantError(t, "the closed one", r.sign(t, keys["first"], "document"), keystore.ErrClosed)
	if n := r.logins(t); n != 2 {
		t.Errorf("%d logins, want 2", n)
	}
}

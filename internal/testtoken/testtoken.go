//go:build linux

// Package testtoken is a hardware token for tests: a PKCS#11 module in C++ on
// Botan, so that it shares no arithmetic with what is tested, and a program that
// asks Botan whether a signature is good. Both are compiled when first needed
// and kept in the user's cache under the hash of their sources; a test is
// skipped (in CI: fails) where the compiler or Botan is missing. Nothing of it
// is part of a package.
//
// The module finds its files by its own path, so that it needs no environment,
// and reads them anew at every call, so that a test can change what is wrong
// with the token while it is in use, by several processes at once:
//
//	MODULE.conf   what is wrong with it, see below
//	MODULE.state  its objects, the PIN's hash and the tries that are left
//	MODULE.log    every call: process, name, code, detail
//
// # Quirks
//
// Lines of key=value; without any it is a decent token.
//
//	order=sr-be|rs-be|rs-le|sr-le   the signature's halves and octets; sr-be is the standard's
//	digest=le|be                    how the digest is read
//	wrapped=1                       a public key is an OCTET STRING within CKA_VALUE
//	params512=1                     GOST-512 parameters in JaCarta's attribute
//	strictattributes=1              optional attributes are CKR_ATTRIBUTE_TYPE_INVALID
//	nocertid=1                      certificates have no CKA_ID
//	gzip=1                          certificates are compressed
//	privatecerts=1                  certificates show after login only
//	alwaysauth=1|2                  a PIN for every signature; 2: by a new login only
//	signdelay=800                   milliseconds that C_Sign takes longer
//	hang=C_Sign  crash=C_Sign       any function's name
//	fault=C_Sign:0x30:1             a function, the code it returns, how often (0 = always); several with spaces;
//	                                another text is counted anew: C_Sign:0x30:1:again
//	sessions=1                      no more sessions than that
//	slots=2 empty=3 slotbase=100    slots with a token, slots without, the first ID
//	label= model= serial= version= firmware= description=   label.1, model.1: of the second slot
//	staleslots=size|1               slots as seen first; "size": until their number is asked for
//	pinpad=1 typed=right|wrong|cancel   the PIN is typed on the device
//	pinstate=unset|change           the PIN has to be set or changed
//	pinmin=4 pinmax=32
//	noflags=1                       says nothing of wrong tries
//	present=0                       pulled out; plug=N, changed, is another insertion
//	unplugafter=7                   pulled out after so many signatures
//	wrong=bit|zeros|ones|short|long|empty|other|stranger   what C_Sign returns instead; wrongtimes=1
//	rwlogout=1                      a session for writing ends the login
//	readonly=1                      takes no objects
//	cantlock=1                      takes no locks of the system
//	already=1                       says that it is initialised already
//	onlyrsa=1                       lists RSA only
package testtoken

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// PIN is that of every test token.
const PIN = "4815-test-PIN-1623"

// Tries is how many wrong PINs a fresh token takes.
const Tries = 5

// Token is a module of its own with one token, or several.
type Token struct {
	Path string // of the module

	mu      sync.Mutex
	quirks  map[string]string
	plug    int
	objects int
}

// New copies the module to a folder of the test. The quirks are "key=value".
func New(t testing.TB, quirks ...string) *Token {
	t.Helper()
	module, err := os.ReadFile(filepath.Join(built(t), moduleName))
	if err != nil {
		t.Fatal(err)
	}
	k := &Token{Path: filepath.Join(t.TempDir(), moduleName), quirks: map[string]string{}}
	if err := os.WriteFile(k.Path, module, 0o700); err != nil {
		t.Fatal(err)
	}
	k.change(t, func([]string) []string { return []string{"pin ", "left " + strconv.Itoa(Tries), "next 1"} })
	k.SetPIN(t, PIN)
	k.Set(t, quirks...)
	return k
}

// Set changes quirks: "key=value", or "key" for none.
func (k *Token) Set(t testing.TB, quirks ...string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, q := range quirks {
		key, value, set := strings.Cut(q, "=")
		if set {
			k.quirks[key] = value
		} else {
			delete(k.quirks, key)
		}
	}
	var text strings.Builder
	for key, value := range k.quirks {
		fmt.Fprintf(&text, "%s=%s\n", key, value)
	}
	k.replace(t, ".conf", text.String())
}

// Unplug pulls the token out.
func (k *Token) Unplug(t testing.TB) {
	t.Helper()
	k.Set(t, "present=0")
}

// Plug puts it in again: sessions and login of before are gone.
func (k *Token) Plug(t testing.TB) {
	t.Helper()
	k.plug++
	k.Set(t, "present", "unplugafter", "plug="+strconv.Itoa(k.plug))
}

// Left is how many tries of the PIN are left.
func (k *Token) Left(t testing.TB) int {
	t.Helper()
	for _, line := range k.lines(t, ".state") {
		if n, err := strconv.Atoi(strings.TrimPrefix(line, "left ")); err == nil {
			return n
		}
	}
	t.Fatal("the token's state has no tries")
	return 0
}

// SetLeft says how many tries of the PIN are left; 0 is a locked one.
func (k *Token) SetLeft(t testing.TB, n int) {
	t.Helper()
	k.change(t, func(lines []string) []string {
		for i := range lines {
			if strings.HasPrefix(lines[i], "left ") {
				lines[i] = "left " + strconv.Itoa(n)
			}
		}
		return lines
	})
}

// SetPIN changes the PIN, as another program may.
func (k *Token) SetPIN(t testing.TB, pin string) {
	t.Helper()
	k.change(t, func(lines []string) []string {
		for i := range lines {
			if strings.HasPrefix(lines[i], "pin ") {
				lines[i] = fmt.Sprintf("pin %x", sha256.Sum256([]byte(pin)))
			}
		}
		return lines
	})
}

// Call is a line of the log.
type Call struct {
	PID    int
	Name   string
	Code   uint64
	Detail string
}

// Calls returns the calls of that name, in order; "" is all of them.
func (k *Token) Calls(t testing.TB, name string) []Call {
	t.Helper()
	var calls []Call
	for _, line := range k.lines(t, ".log") {
		words := strings.SplitN(line, " ", 4)
		if len(words) < 3 || name != "" && words[1] != name {
			continue
		}
		pid, err := strconv.Atoi(words[0])
		if err != nil {
			t.Fatal(err)
		}
		code, err := strconv.ParseUint(words[2], 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		c := Call{PID: pid, Name: words[1], Code: code}
		if len(words) == 4 {
			c.Detail = words[3]
		}
		calls = append(calls, c)
	}
	return calls
}

// Objects is how many objects the token holds.
func (k *Token) Objects(t testing.TB) int {
	t.Helper()
	n := 0
	for _, line := range k.lines(t, ".state") {
		if strings.HasPrefix(line, "object ") {
			n++
		}
	}
	return n
}

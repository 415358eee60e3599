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
	"crypto"

	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tanba/internal/gost3410"
	"tanba/internal/pki"
	"tanba/internal/testpki"
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

// Add puts a key pair with its certificate on the token, in the given slot
// (0 is the first), and returns the CKA_ID.
func (k *Token) Add(t testing.TB, slot int, who *testpki.Identity) []byte {
	t.Helper()
	id := k.AddPair(t, slot, who.Key, who.Certificate.Person().CommonName)
	k.AddCertificate(t, slot, who.Certificate, id)
	return id
}

// AddPair puts a key pair on the token without a certificate.
func (k *Token) AddPair(t testing.TB, slot int, key crypto.Signer, label string) []byte {
	t.Helper()
	public, err := pki.PublicKeyOf(key)
	if err != nil {
		t.Fatal(err)
	}
	id := public.KeyID()
	both := attributes{cktID: id, cktLabel: []byte(label), cktToken: {1}}
	secret := attributes{cktClass: number(3), cktPrivate: {1}, cktSensitive: {1}, cktSign: {1}}
	open := attributes{cktClass: number(2), cktPrivate: {0}, cktVerify: {1}}
	if public.Family == pki.RSA {
		both[cktKeyType] = number(0)
		both[cktModulus] = public.RSA.N.Bytes()
		both[cktExponent] = big.NewInt(int64(public.RSA.E)).Bytes()
		if secret[cktSecret], err = pki.MarshalPrivateKey(key); err != nil {
			t.Fatal(err)
		}
	} else {
		both[cktKeyType] = number(keyTypes[public.Family])
		both[cktParams] = params[public.Family]
		both[cktHashParams] = []byte{6, 7, 0x2a, 0x85, 3, 2, 2, 0x1e, 1} // the old hash, as aKey has it on new keys, too
		secret[cktSecret] = key.(*gost3410.PrivateKey).Bytes()
		open[cktValue] = public.GOST.Bytes()
	}
	k.add(t, slot, both.with(secret), both.with(open))
	return id
}

// AddCertificate puts a certificate on the token; the id says whose it is.
func (k *Token) AddCertificate(t testing.TB, slot int, c *pki.Certificate, id []byte) {
	t.Helper()
	k.add(t, slot, attributes{
		cktClass: number(1), cktCertificateType: number(0), cktToken: {1}, cktPrivate: {0},
		cktID: id, cktLabel: []byte(c.Person().CommonName), cktSubject: c.RawSubject, cktIssuer: c.RawIssuer,
		cktSerial: append([]byte{2, byte(len(c.RawSerial()))}, c.RawSerial()...), cktValue: c.Raw,
	})
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

// numbers of attributes: PKCS #11, and the module's own for the secret.
const (
	cktClass           = 0x0
	cktToken           = 0x1
	cktPrivate         = 0x2
	cktLabel           = 0x3
	cktValue           = 0x11
	cktCertificateType = 0x80
	cktIssuer          = 0x81
	cktSerial          = 0x82
	cktKeyType         = 0x100
	cktSubject         = 0x101
	cktID              = 0x102
	cktSensitive       = 0x103
	cktSign            = 0x108
	cktVerify          = 0x10A
	cktModulus         = 0x120
	cktExponent        = 0x122
	cktParams          = 0x250
	cktHashParams      = 0x251
	cktSecret          = 0xC0000001
)

var keyTypes = map[pki.Family]uint64{pki.GOST512: 0xD4321003, pki.GOST256: 0x30, pki.GOST2004: 0x30}

var params = map[pki.Family][]byte{
	pki.GOST512:  {6, 9, 0x2a, 0x85, 3, 7, 1, 2, 1, 2, 1},
	pki.GOST256:  {6, 9, 0x2a, 0x85, 3, 7, 1, 2, 1, 1, 1},
	pki.GOST2004: {6, 7, 0x2a, 0x85, 3, 2, 2, 0x23, 1},
}

type attributes map[uint64][]byte

func (a attributes) with(others attributes) attributes {
	all := attributes{}
	for _, m := range []attributes{a, others} {
		for name, value := range m {
			all[name] = value
		}
	}
	return all
}

// number is a CK_ULONG of this machine.
func number(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }

func (k *Token) add(t testing.TB, slot int, objects ...attributes) {
	t.Helper()
	k.change(t, func(lines []string) []string {
		for _, o := range objects {
			k.objects++
			// Beyond what the module gives out by itself.
			line := fmt.Sprintf("object %d %d", 1_000_000+k.objects, slot)
			for name, value := range o {
				line += fmt.Sprintf(" %x=%x", name, value)
			}
			lines = append(lines, line)
		}
		return lines
	})
}

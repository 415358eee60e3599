package pkcs12

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const testPassword = "Qwerty12"

func testStore(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".p12"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Cut anywhere, a store is called cut.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"gost512", "rsa", "chain"} {
		data := testStore(t, name)
		for n := range data {
			if _, err := Open(data[:n], []byte(testPassword)); !errors.Is(err, ErrTruncated) {
				t.Fatalf("%s cut to %d octets: %v", name, n, err)
			}
			if _, err := Inspect(data[:n]); !errors.Is(err, ErrTruncated) {
				t.Fatalf("Inspect of %s cut to %d octets: %v", name, n, err)
			}
		}
	}
}

// No octet the MAC covers may change unnoticed; elsewhere nothing may break.
func TestFlipped(t *testing.T) {
	data := testStore(t, "gost512")
	p, err := parse(data, &budget{defaults})
	if err != nil {
		t.Fatal(err)
	}
	start := bytes.Index(data, p.content)
	end := start + len(p.content)
	quick := defaults
	quick.iterations = 100_000
	for i := range data {
		for _, bit := range []byte{0x01, 0x80} {
			changed := bytes.Clone(data)
			changed[i] ^= bit
			s, err := open(changed, []byte(testPassword), quick)
			if err == nil {
				s.Destroy()
				if i >= start && i < end {
					t.Errorf("octet %d of %d, bit %#02x: opened", i-start, end-start, bit)
				}
			}
		}
	}
}

func TestNotAStore(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, ErrTruncated},
		{"text", []byte("-----BEGIN CERTIFICATE-----"), ErrNotPKCS12},
		{"JKS", []byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2}, ErrNotPKCS12},
		{"zip", []byte("PK\x03\x04"), ErrNotPKCS12},
		{"certificate", []byte{0x30, 0x82, 0x01, 0x00, 0x30, 0x81}, ErrNotPKCS12},
		{"private key", []byte{0x30, 0x03, 0x02, 0x01, 0x00}, ErrNotPKCS12},
		{"version 4", []byte{0x30, 0x05, 0x02, 0x01, 0x04, 0x30, 0x00}, ErrNotPKCS12},
		{"half a header", []byte{0x30, 0x82}, ErrTruncated},
		{"empty content info", []byte{0x30, 0x05, 0x02, 0x01, 0x03, 0x30, 0x00}, ErrNotPKCS12},
		{"zeros", make([]byte, 100), ErrNotPKCS12},
		{"too large", append([]byte{0x30, 0x83, 0x20, 0, 0, 0x02, 0x01, 0x03}, bytes.Repeat([]byte{0x30}, 2<<20)...), ErrLimits},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Open(tt.data, nil); !errors.Is(err, tt.want) {
				t.Errorf("Open: %v, want %v", err, tt.want)
			}
			if _, err := Inspect(tt.data); !errors.Is(err, tt.want) {
				t.Errorf("Inspect: %v, want %v", err, tt.want)
			}
		})
	}
}

// Pieces of stores that nobody writes.

func pbe(id string, salt []byte, iterations int) []byte {
	return definite(cbasn1.SEQUENCE, oid(id), definite(cbasn1.SEQUENCE, octets(salt), integer(iterations)))
}

func pbkdf2Algorithm(salt []byte, iterations, size int, prf string) []byte {
	params := [][]byte{octets(salt), integer(iterations)}
	if size > 0 {
		params = append(params, integer(size))
	}
	if prf != "" {
		params = append(params, definite(cbasn1.SEQUENCE, oid(prf), []byte{5, 0}))
	}
	return definite(cbasn1.SEQUENCE, oid(oidPBKDF2), definite(cbasn1.SEQUENCE, params...))
}

func pbes2(kdf []byte, cipher string, iv []byte) []byte {
	return definite(cbasn1.SEQUENCE, oid(oidPBES2),
		definite(cbasn1.SEQUENCE, kdf, definite(cbasn1.SEQUENCE, oid(cipher), octets(iv))))
}

func keyBag(algorithm, encrypted []byte) []byte {
	return definite(cbasn1.SEQUENCE, oid(oidShroudedKeyBag),
		definite(tagExplicit0, definite(cbasn1.SEQUENCE, algorithm, octets(encrypted))))
}

func dataSafe(bags ...[]byte) []byte {
	return definite(cbasn1.SEQUENCE, oid(oidData), definite(tagExplicit0, octets(definite(cbasn1.SEQUENCE, bags...))))
}

func encryptedSafe(algorithm, encrypted []byte) []byte {
	return definite(cbasn1.SEQUENCE, oid(oidEncryptedData), definite(tagExplicit0,
		definite(cbasn1.SEQUENCE, integer(0),
			definite(cbasn1.SEQUENCE, oid(oidData), algorithm, definite(tagImplicit0, encrypted)))))
}

func macOf(id string, digest, salt []byte, iterations int) []byte {
	return definite(cbasn1.SEQUENCE,
		definite(cbasn1.SEQUENCE, definite(cbasn1.SEQUENCE, oid(id), []byte{5, 0}), octets(digest)),
		octets(salt), integer(iterations))
}

func container(mac []byte, safes ...[]byte) []byte {
	return definite(cbasn1.SEQUENCE, integer(3),
		definite(cbasn1.SEQUENCE, oid(oidData), definite(tagExplicit0, octets(definite(cbasn1.SEQUENCE, safes...)))), mac)
}

const (
	oid3DES  = "1.2.840.113549.1.12.1.3"
	oidRC240 = "1.2.840.113549.1.12.1.6"
	oidSHA1  = "1.3.14.3.2.26"
)

// What is too much work is refused before any of it is done.
func TestBombs(t *testing.T) {
	salt, digest := make([]byte, 8), make([]byte, 20)
	okMAC := macOf(oidSHA1, digest, salt, 1)
	key := func(iterations int) []byte { return keyBag(pbe(oid3DES, salt, iterations), make([]byte, 8)) }
	deep := []byte{0x30, 0x00}
	for range 40 {
		deep = definite(cbasn1.SEQUENCE, deep)
	}
	nested := definite(cbasn1.SEQUENCE)
	for range 40 {
		nested = definite(cbasn1.SEQUENCE, definite(cbasn1.SEQUENCE, oid(oidSafeContentsBag), definite(tagExplicit0, nested)))
	}
	pbmac1 := func(size int) []byte {
		return definite(cbasn1.SEQUENCE,
			definite(cbasn1.SEQUENCE,
				definite(cbasn1.SEQUENCE, oid(oidPBMAC1), definite(cbasn1.SEQUENCE,
					pbkdf2Algorithm(salt, 1, size, "1.2.840.113549.2.9"),
					definite(cbasn1.SEQUENCE, oid("1.2.840.113549.2.9")))),
				octets(make([]byte, 32))),
			octets(nil))
	}
	for _, tt := range []struct {
		name string
		data []byte
		want error
		text string
	}{
		{"MAC", container(macOf(oidSHA1, digest, salt, 10_000_001), dataSafe(key(1))), ErrLimits, "iterations"},
		{"MAC of 2³¹−1", container(macOf(oidSHA1, digest, salt, 1<<31-1), dataSafe(key(1))), ErrLimits, "iterations"},
		{"MAC of 2⁶²", container(macOf(oidSHA1, digest, salt, 1<<62), dataSafe(key(1))), ErrLimits, "iterations"},
		{"key", container(okMAC, dataSafe(key(10_000_000))), ErrLimits, "iterations"},
		{"contents", container(okMAC, encryptedSafe(pbe(oidRC240, salt, 1<<30), salt)), ErrLimits, "iterations"},
		{"PBES2", container(okMAC, encryptedSafe(pbes2(pbkdf2Algorithm(salt, 1<<30, 0, ""), oidAES256, make([]byte, 16)), salt)), ErrLimits, "iterations"},
		{"sum", container(okMAC, dataSafe(key(4_000_000), key(4_000_000)), dataSafe(key(2_000_000))), ErrLimits, "iterations"},
		{"zero", container(macOf(oidSHA1, digest, salt, 0), dataSafe(key(1))), ErrCorrupt, "0 iterations"},
		{"negative", container(macOf(oidSHA1, digest, salt, -1), dataSafe(key(1))), ErrCorrupt, "MAC"},
		{"salt of the MAC", container(macOf(oidSHA1, digest, make([]byte, 1025), 1), dataSafe(key(1))), ErrLimits, "salt"},
		{"salt of a key", container(okMAC, dataSafe(keyBag(pbe(oid3DES, make([]byte, 1025), 1), salt))), ErrLimits, "salt"},
		{"many keys", container(okMAC, dataSafe(bytes.Repeat(key(1), 17))), ErrLimits, "too many keys"},
		{"many bags", container(okMAC, dataSafe(bytes.Repeat(definite(cbasn1.SEQUENCE, oid("1.2.3"), definite(tagExplicit0)), 300))), ErrLimits, "too many entries"},
		{"deep", container(okMAC, deep), ErrLimits, "levels"},
		{"stores in stores", container(okMAC, dataSafe(nested[2:])), ErrLimits, ""},
		{"many elements", container(okMAC, bytes.Repeat([]byte{5, 0}, 1<<15)), ErrLimits, "elements"},
		{"short key of PBMAC1", container(pbmac1(1), dataSafe(key(1))), ErrUnsupported, "key of 1 octets"},
		{"no key length in PBMAC1", container(pbmac1(0), dataSafe(key(1))), ErrUnsupported, "key of 0 octets"},
		{"long key of PBMAC1", container(pbmac1(1<<24), dataSafe(key(1))), ErrUnsupported, "key of 16777216 octets"},
		{"empty MAC", container(macOf(oidSHA1, nil, salt, 1), dataSafe(key(1))), ErrCorrupt, "MAC of 0 octets"},
		{"cut MAC", container(macOf(oidSHA1, digest[:4], salt, 1), dataSafe(key(1))), ErrCorrupt, "MAC of 4 octets"},
		{"unknown MAC", container(macOf("1.2.3", digest, salt, 1), dataSafe(key(1))), ErrUnsupported, "1.2.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			_, err := Open(tt.data, []byte(testPassword))
			if !errors.Is(err, tt.want) || !strings.Contains(fmt.Sprint(err), tt.text) {
				t.Errorf("Open: %v, want %v with %q", err, tt.want, tt.text)
			}
			if d := time.Since(start); d > 20*time.Second { // an unbounded one takes hours
				t.Errorf("took %v", d)
			}
		})
	}
}

// authenticated puts a right MAC of one iteration around safes.
func authenticated(t testing.TB, password string, safes ...[]byte) []byte {
	t.Helper()
	s, err := newSecret([]byte(password))
	if err != nil {
		t.Fatal(err)
	}
	m := &mac{hash: hashes[oidSHA1], salt: []byte("8 octets"), rounds: 1}
	return container(macOf(oidSHA1, m.compute(s, definite(cbasn1.SEQUENCE, safes...)), m.salt, 1), safes...)
}

// Work that shows only inside encrypted contents is charged as well.
func TestHiddenBomb(t *testing.T) {
	s, err := newSecret([]byte(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	salt := make([]byte, 8)
	p := &protection{cipher: rc2Bits40, salt: salt, rounds: 1}
	inner, err := p.encrypt(s, definite(cbasn1.SEQUENCE, keyBag(pbe(oid3DES, salt, 9_999_999), salt)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(authenticated(t, testPassword, encryptedSafe(pbe(oidRC240, salt, 1), inner)), []byte(testPassword))
	if !errors.Is(err, ErrLimits) {
		t.Error(err)
	}
}

// Behind a right MAC, wrong contents are damage and no panic.
func TestAuthenticatedNonsense(t *testing.T) {
	salt := make([]byte, 8)
	s, err := newSecret([]byte(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	p := &protection{cipher: tripleDES, salt: salt, rounds: 1}
	sealed := func(plain []byte) []byte {
		out, err := p.encrypt(s, plain)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	algorithm := pbe(oid3DES, salt, 1)
	ed25519 := definite(cbasn1.SEQUENCE, integer(0), definite(cbasn1.SEQUENCE, oid("1.3.101.112")), octets(octets(make([]byte, 32))))
	for _, tt := range []struct {
		name string
		safe []byte
		want error
	}{
		{"nothing inside", dataSafe(), ErrNoKey},
		{"key of no octets", dataSafe(keyBag(algorithm, nil)), ErrCorrupt},
		{"key of 7 octets", dataSafe(keyBag(algorithm, make([]byte, 7))), ErrCorrupt},
		{"key under another password", dataSafe(keyBag(algorithm, make([]byte, 64))), ErrIncorrectPassword},
		{"no key in the key", dataSafe(keyBag(algorithm, sealed([]byte("hello")))), ErrCorrupt},
		{"key of an unknown kind", dataSafe(keyBag(algorithm, sealed(ed25519))), ErrUnsupported},
		{"key too large", dataSafe(keyBag(algorithm, sealed(make([]byte, 9<<10)))), ErrLimits},
		{"unknown encryption", dataSafe(keyBag(pbe("1.2.840.113549.1.12.1.1", salt, 1), salt)), ErrUnsupported},
		{"vector of 7 octets", dataSafe(keyBag(pbes2(pbkdf2Algorithm(salt, 1, 0, ""), oidAES256, make([]byte, 7)), make([]byte, 16))), ErrCorrupt},
		{"wrong key length", dataSafe(keyBag(pbes2(pbkdf2Algorithm(salt, 1, 16, ""), oidAES256, make([]byte, 16)), make([]byte, 16))), ErrCorrupt},
		{"scrypt", dataSafe(keyBag(pbes2(definite(cbasn1.SEQUENCE, oid("1.3.6.1.4.1.11591.4.11")), oidAES256, make([]byte, 16)), make([]byte, 16))), ErrUnsupported},
		{"contents are no bags", encryptedSafe(algorithm, sealed([]byte("hello"))), ErrCorrupt},
		{"contents by public key", definite(cbasn1.SEQUENCE, oid("1.2.840.113549.1.7.3"), definite(tagExplicit0)), ErrUnsupported},
		{"odd name", dataSafe(append(keyBag(algorithm, salt), 0)), ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(authenticated(t, testPassword, tt.safe), []byte(testPassword))
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// Without a MAC the key is the proof of the password.
func TestWithoutMAC(t *testing.T) {
	p, err := parse(testStore(t, "gost512"), &budget{defaults})
	if err != nil {
		t.Fatal(err)
	}
	bare := func(content []byte) []byte {
		return definite(cbasn1.SEQUENCE, integer(3),
			definite(cbasn1.SEQUENCE, oid(oidData), definite(tagExplicit0, octets(content))))
	}
	data := bare(p.content)
	s, err := Open(data, []byte(testPassword))
	if err != nil || s.Entries[0].Certificate == nil {
		t.Fatalf("%v, %+v", err, s)
	}
	pkcs8, err := p.safes[0].bags[0].protection.decrypt(&secret{wide: toWide(testPassword + "\x00")}, p.safes[0].bags[0].key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 { // one wrong password in 256 gives right padding
		if _, err := Open(data, fmt.Appendf(nil, "wrong %d", i)); !errors.Is(err, ErrIncorrectPassword) {
			t.Fatalf("wrong password %d: %v", i, err)
		}
	}
	open := definite(cbasn1.SEQUENCE, dataSafe(definite(cbasn1.SEQUENCE, oid(oidKeyBag), definite(tagExplicit0, pkcs8))))
	if _, err := Open(bare(open), []byte(testPassword)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("a key that nothing protects: %v", err)
	}
	if _, err := Open(bare(definite(cbasn1.SEQUENCE)), nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("an empty store: %v", err)
	}
	plain := dataSafe(definite(cbasn1.SEQUENCE, oid(oidKeyBag), definite(tagExplicit0, pkcs8)))
	if s, err := Open(authenticated(t, testPassword, plain), []byte(testPassword)); err != nil || len(s.Entries) != 1 {
		t.Errorf("a plain key under a MAC: %v", err)
	}
}

// The whole store in BER, as some libraries write it.
func TestIndefiniteThroughout(t *testing.T) {
	data := testStore(t, "gost512")
	in := cryptobyte.String(data)
	var seq, mac cryptobyte.String
	var version int
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1Integer(&version) || !seq.SkipASN1(cbasn1.SEQUENCE) ||
		!seq.ReadASN1Element(&mac, cbasn1.SEQUENCE) {
		t.Fatal("not the layout expected")
	}
	p, err := parse(data, &budget{defaults})
	if err != nil {
		t.Fatal(err)
	}
	pieces := [][]byte{}
	for rest := p.content; len(rest) > 0; rest = rest[min(len(rest), 100):] {
		pieces = append(pieces, octets(rest[:min(len(rest), 100)]))
	}
	whole := indefinite(cbasn1.SEQUENCE, integer(3),
		indefinite(cbasn1.SEQUENCE, oid(oidData),
			indefinite(tagExplicit0, indefinite(cbasn1.OCTET_STRING.Constructed(), pieces...))), mac)
	s, err := Open(whole, []byte(testPassword))
	if err != nil || s.Entries[0].Certificate == nil {
		t.Fatalf("%v, %+v", err, s)
	}
	for n := range whole {
		if _, err := Open(whole[:n], []byte(testPassword)); !errors.Is(err, ErrTruncated) {
			t.Fatalf("cut to %d octets: %v", n, err)
		}
	}
	if _, err := Open(append(bytes.Clone(whole), "and more"...), []byte(testPassword)); err != nil {
		t.Errorf("with octets after it: %v", err)
	}
}

// Both forms of the empty password open.
func TestEmptyPassword(t *testing.T) {
	s, err := Open(testStore(t, "gost512"), []byte(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	data, err := Encode(bytes.NewReader(make([]byte, 60)), s.Entries, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(data, nil); err != nil {
		t.Errorf("two zero octets: %v", err)
	}
	pkcs8 := dataSafe()
	m := &mac{hash: hashes[oidSHA1], salt: []byte("8 octets"), rounds: 1}
	absent := container(macOf(oidSHA1, m.compute(&secret{}, definite(cbasn1.SEQUENCE, pkcs8)), m.salt, 1), pkcs8)
	if _, err := Open(absent, nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("no octets: %v", err)
	}
	if _, err := Open(absent, []byte("x")); !errors.Is(err, ErrIncorrectPassword) {
		t.Errorf("another password: %v", err)
	}
}

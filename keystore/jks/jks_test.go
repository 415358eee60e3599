package jks_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
	"tanba/keystore/jks"
)

const password = "Құпия-Сөз 1"

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// encode writes a store as Java does; only tests do.
func encode(t testing.TB, password string, ids ...*testpki.Identity) []byte {
	t.Helper()
	var wide []byte
	for _, u := range utf16.Encode([]rune(password)) {
		wide = binary.BigEndian.AppendUint16(wide, u)
	}
	text := func(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }
	block := func(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
	number := func(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	out := append(bytes.Clone(jks.Magic), number(2)...)
	out = append(out, number(len(ids)+1)...)
	for _, id := range ids {
		pkcs8, err := pki.MarshalPrivateKey(id.Key)
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(append(out, number(1)...), text("alias")...), make([]byte, 8)...)
		out = append(append(out, block(protect(pkcs8, wide))...), number(1)...)
		out = append(append(out, text("X.509")...), block(id.Certificate.Raw)...)
	}
	// A bare certificate, as trust stores have them.
	out = append(append(append(out, number(2)...), text("ca")...), make([]byte, 8)...)
	out = append(append(out, text("X.509")...), block(ids[0].Certificate.Raw)...)
	h := sha1.New()
	h.Write(wide)
	h.Write([]byte("Mighty Aphrodite"))
	h.Write(out)
	return h.Sum(out)
}

func protect(plain, wide []byte) []byte {
	sealed := make([]byte, sha1.Size, len(plain)+2*sha1.Size)
	rand.Read(sealed)
	sum := bytes.Clone(sealed)
	for i := 0; i < len(plain); i += sha1.Size {
		s := sha1.Sum(append(bytes.Clone(wide), sum...))
		sum = s[:]
		for j := i; j < min(i+sha1.Size, len(plain)); j++ {
			sealed = append(sealed, plain[j]^sum[j-i])
		}
	}
	check := sha1.Sum(append(bytes.Clone(wide), plain...))
	sealed = append(sealed, check[:]...)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(pki.OID{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1})
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(sealed)
	})
	return b.BytesOrPanic()
}

func identities(t testing.TB) []*testpki.Identity {
	t.Helper()
	a, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	var out []*testpki.Identity
	for _, family := range []pki.Family{pki.GOST512, pki.GOST2004, pki.RSA} {
		id, err := a.Issue(testpki.Profile{Family: family})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, id)
	}
	return out
}

func sign(t testing.TB, key crypto.Signer, c *pki.Certificate) {
	t.Helper()
	digest := make([]byte, c.PublicKey.Family.HashSize())
	signature, err := pki.SignDigest(key, nil, digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.PublicKey.VerifyDigest(digest, signature); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	ids := identities(t)
	entries, err := jks.Open(encode(t, password, ids...), []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(ids) {
		t.Fatalf("%d keys, want %d", len(entries), len(ids))
	}
	for i, e := range entries {
		if !e.Certificate.Equal(ids[i].Certificate) || e.Alias != "alias" {
			t.Errorf("entry %d: %q, %v", i, e.Alias, e.Certificate)
		}
		sign(t, e.Key, e.Certificate)
	}
}

func TestEveryChangeIsRefused(t *testing.T) {
	data := encode(t, password, identities(t)[0])
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 1
		if _, err := jks.Open(bad, []byte(password)); err == nil {
			t.Fatalf("octet %d changed and not noticed", i)
		}
		if _, err := jks.Open(data[:i], []byte(password)); err == nil {
			t.Fatalf("cut at %d and not noticed", i)
		}
	}
}

func TestRefuses(t *testing.T) {
	data := encode(t, password, identities(t)[0])
	for _, c := range []struct {
		name     string
		data     []byte
		password string
		want     error
	}{
		{"wrong password", data, "other", jks.ErrIncorrectPassword},
		{"no text", data, "\xff", jks.ErrIncorrectPassword},
		{"something else", []byte("PK"), password, jks.ErrNotJKS},
		{"cut short", data[:100], password, jks.ErrCorrupt},
		{"entries without end", append(bytes.Clone(jks.Magic), 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff), password, jks.ErrCorrupt},
		{"version", append(bytes.Clone(jks.Magic), 0, 0, 0, 9), password, jks.ErrCorrupt},
	} {
		if _, err := jks.Open(c.data, []byte(c.password)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// A store of the original's own provider.
func TestStoreOfTheOriginal(t *testing.T) {
	data, err := os.ReadFile(testdata.Shared(t, "kalkan", "jks", "rsa.jks"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := jks.Open(data, []byte("Qwerty123"))
	if err != nil || len(entries) != 1 || entries[0].Certificate == nil {
		t.Fatalf("%+v, %v", entries, err)
	}
	sign(t, entries[0].Key, entries[0].Certificate)
}

// Stores of the JDK, and ours in its hands.
func TestKeytool(t *testing.T) {
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		testdata.Missing(t, "keytool, of the JDK")
	}
	file := filepath.Join(t.TempDir(), "java.jks")
	make := exec.Command(keytool, "-genkeypair", "-keystore", file, "-storetype", "JKS", "-storepass", "Пароль-1", "-keypass", "Пароль-1",
		"-alias", "key", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=Test", "-J-Dfile.encoding=UTF-8", "-J-Dsun.jnu.encoding=UTF-8")
	make.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := make.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := jks.Open(data, []byte("Пароль-1"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	sign(t, entries[0].Key, entries[0].Certificate)

	ours := testoracle.File(t, "ours.jks", encode(t, "Qwerty123", identities(t)...))
	if out, err := exec.Command(keytool, "-list", "-keystore", ours, "-storepass", "Qwerty123").CombinedOutput(); err != nil {
		t.Errorf("the test's own writer: %v: %s", err, out)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(encode(f, password, identities(f)[0]))
	f.Add(append(bytes.Clone(jks.Magic), 0, 0, 0, 2, 0, 0, 0, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := jks.Open(data, []byte(password))
		if err == nil && len(entries) == 0 {
			t.Fatal("no key and no error")
		}
		// The sum keeps most input out; it is made right so that what lies behind
		// is reached, too.
		if len(data) > sha1.Size {
			var wide []byte
			for _, u := range utf16.Encode([]rune(password)) {
				wide = binary.BigEndian.AppendUint16(wide, u)
			}
			h := sha1.New()
			h.Write(wide)
			h.Write([]byte("Mighty Aphrodite"))
			h.Write(data[:len(data)-sha1.Size])
			jks.Open(h.Sum(bytes.Clone(data[:len(data)-sha1.Size])), []byte(password))
		}
	})
}

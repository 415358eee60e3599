package pkcs12_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"tanba/internal/pki"
	"tanba/keystore/pkcs12"
)

// disguise keeps octets in a form that a search for them does not find.
func disguise(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= 0x55
	}
	return out
}

// heap returns the octets of all live and dead objects.
func heap(t *testing.T) []byte {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "heap"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	debug.WriteHeapDump(f.Fd())
	dump, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return dump
}

// After Open, Encode and Destroy nothing in memory holds the password in any
// form or the private key.
func TestSecretsLeaveNoTrace(t *testing.T) {
	// Drawn now, so that they stand in no constant of this program.
	secret := make([]byte, 24)
	rand.Read(secret)
	for i := range secret {
		secret[i] = 'a' + secret[i]%26
	}
	password, key := disguise(secret), []byte(nil)
	clear(secret)
	func() {
		secret := disguise(password)
		defer clear(secret)
		s, err := pkcs12.Open(read(t, "gost512"), []byte("Qwerty12"))
		if err != nil {
			t.Fatal(err)
		}
		pkcs8, err := pki.MarshalPrivateKey(s.Entries[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		key = disguise(pkcs8[len(pkcs8)-64:]) // the scalar stands last
		clear(pkcs8)
		data, err := pkcs12.Encode(rand.Reader, s.Entries, secret)
		if err != nil {
			t.Fatal(err)
		}
		s.Destroy()
		opened, err := pkcs12.Open(data, secret)
		if err != nil {
			t.Fatal(err)
		}
		opened.Destroy()
		if _, err := pkcs12.Open(read(t, "gost512"), secret); err == nil {
			t.Fatal("wrong password opened")
		}
	}()

	dump := heap(t)
	secret, scalar := disguise(password), disguise(key)
	big, little := make([]byte, 0, 48), make([]byte, 0, 48)
	for _, c := range secret {
		big = binary.BigEndian.AppendUint16(big, uint16(c))
		little = binary.LittleEndian.AppendUint16(little, uint16(c))
	}
	for name, form := range map[string][]byte{
		"password in UTF-8": secret, "password in UTF-16BE": big, "password in UTF-16LE": little,
		"scalar": scalar, "half of the scalar": scalar[:32], "PKCS#8": append([]byte{0x04, 0x40}, scalar...),
	} {
		if n := bytes.Count(dump, form); n > 0 {
			t.Errorf("%s: %d times among %d octets of heap", name, n, len(dump))
		}
	}
	if !bytes.Contains(dump, password) || !bytes.Contains(dump, key) {
		t.Error("the dump does not show the heap")
	}
	runtime.KeepAlive(password)
	runtime.KeepAlive(key)
}

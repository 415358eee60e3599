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

	"tanba/keystore/pkcs12"
)

// After Open and Encode nothing in the heap holds the password in any form, nor
// the decrypted key.
func TestPasswordLeavesNoTrace(t *testing.T) {
	s, err := pkcs12.Open(read(t, "gost512"), []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	// Drawn now, so that it stands in no constant of this program; kept in
	// disguise, so that the search does not find itself.
	disguised := make([]byte, 24)
	rand.Read(disguised)
	for i := range disguised {
		disguised[i] = 'a' + disguised[i]%26
	}
	for i := range disguised {
		disguised[i] ^= 0x55
	}
	reveal := func() []byte {
		b := bytes.Clone(disguised)
		for i := range b {
			b[i] ^= 0x55
		}
		return b
	}
	use := func() {
		secret := reveal()
		defer clear(secret)
		data, err := pkcs12.Encode(rand.Reader, s.Entries, secret)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := pkcs12.Open(data, secret)
		if err != nil {
			t.Fatal(err)
		}
		opened.Destroy()
		if _, err := pkcs12.Open(read(t, "gost512"), secret); err == nil {
			t.Fatal("wrong password opened")
		}
	}
	use()
	runtime.GC()

	path := filepath.Join(t.TempDir(), "heap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	debug.WriteHeapDump(f.Fd())
	f.Close()
	dump, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := reveal()
	big, little := make([]byte, 0, 48), make([]byte, 0, 48)
	for _, c := range secret {
		big = binary.BigEndian.AppendUint16(big, uint16(c))
		little = binary.LittleEndian.AppendUint16(little, uint16(c))
	}
	for name, form := range map[string][]byte{"UTF-8": secret, "UTF-16BE": big, "UTF-16LE": little} {
		if n := bytes.Count(dump, form); n > 0 {
			t.Errorf("%d copies of the password in %s among %d octets of heap", n, name, len(dump))
		}
	}
	if !bytes.Contains(dump, disguised) {
		t.Error("the dump does not show the heap")
	}
	runtime.KeepAlive(disguised)
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestVerifyLarge: signatures and contents that are not read into memory get the
// same verdicts as small ones.
func TestVerifyLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes several times 64 MiB")
	}
	dir := t.TempDir()
	makeKeys(t, dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	file := at("large")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(inMemory + 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	tanba := func(want int, args ...string) string {
		t.Helper()
		var out, trouble bytes.Buffer
		if got := run(append(args, "--lang", "en"), os.Stdin, &out, &trouble); got != want {
			t.Fatalf("tanba %v: exit status %d, want %d\n%s%s", args, got, want, &out, &trouble)
		}
		return out.String()
	}
	flip := func(name string, offset int64) {
		t.Helper()
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var b [1]byte
		if _, err := f.ReadAt(b[:], offset); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1
		if _, err := f.WriteAt(b[:], offset); err != nil {
			t.Fatal(err)
		}
	}
	key := []string{"--key", at("person.p12"), "--password-file", at("password")}
	for _, detached := range []bool{false, true} {
		name, changed := file+".cms", file+".cms"
		args := append([]string{"sign", file}, key...)
		if detached {
			name, changed = file+".p7s", file
			args = append(args, "--detached")
		}
		tanba(exitOK, args...)
		tanba(exitOK, "verify", "--roots", at("roots.pem"), name)
		flip(changed, inMemory/2)
		if out := tanba(exitError, "verify", "--roots", at("roots.pem"), name); !bytes.Contains([]byte(out), []byte("BAD")) {
			t.Errorf("changed content: %s", out)
		}
		flip(changed, inMemory/2)
	}
}

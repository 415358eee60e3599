//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// interrupting is standard output on which a person who reads the first lines
// presses Ctrl+C.
type interrupting struct {
	bytes.Buffer
	once sync.Once
}

func (w *interrupting) Write(p []byte) (int, error) {
	w.once.Do(func() { syscall.Kill(os.Getpid(), syscall.SIGINT) })
	return w.Buffer.Write(p)
}

// Ctrl+C finishes what is in work, says what was done and what not, and the next
// run does the rest.
func TestSignIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	makeKeys(t, dir)
	const n = 2000
	acts := filepath.Join(dir, "acts")
	if err := os.Mkdir(acts, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(acts, fmt.Sprintf("%04d", i)), []byte{byte(i)}, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"sign", "--lang", "en", "--detached", "--key", filepath.Join(dir, "person.p12"), "--password-file", filepath.Join(dir, "password"), acts}
	var out interrupting
	var err bytes.Buffer
	if code := run(args, os.Stdin, &out, &err); code != exitError {
		t.Fatalf("exit status %d: %s", code, &err)
	}
	signed, e := filepath.Glob(filepath.Join(acts, "*.p7s"))
	if lines := strings.Count(out.String(), "\n"); e != nil || lines != len(signed) || lines == 0 || lines == n {
		t.Errorf("%d lines, %d signatures, %v", lines, len(signed), e)
	}
	for _, want := range []string{"finishing the files in work", "files were not reached", fmt.Sprintf("not signed: %s of 2,000", thousands(n-len(signed)))} {
		if !strings.Contains(err.String(), want) {
			t.Errorf("%q is not said: %s", want, &err)
		}
	}
	left, e := filepath.Glob(filepath.Join(acts, ".*"))
	if e != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, e)
	}
	var again, errAgain bytes.Buffer
	if code := run(args, os.Stdin, &again, &errAgain); code != exitOK || strings.Count(again.String(), "(already signed)") != len(signed) {
		t.Errorf("the run after it: %d: %s", code, &errAgain)
	}
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

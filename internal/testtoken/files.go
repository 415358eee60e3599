//go:build linux

package testtoken

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// change rewrites the state under the lock that the module takes, too.
func (k *Token) change(t testing.TB, f func(lines []string) []string) {
	t.Helper()
	lock, err := os.OpenFile(k.Path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	k.replace(t, ".state", strings.Join(f(k.lines(t, ".state")), "\n")+"\n")
}

// lines of a file that the module may replace meanwhile, but never half.
func (k *Token) lines(t testing.TB, suffix string) []string {
	t.Helper()
	data, err := os.ReadFile(k.Path + suffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// replace lets the module see either the old file or the new one.
func (k *Token) replace(t testing.TB, suffix, text string) {
	t.Helper()
	aside := k.Path + suffix + ".test"
	if err := os.WriteFile(aside, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, k.Path+suffix); err != nil {
		t.Fatal(err)
	}
}

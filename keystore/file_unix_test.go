//go:build unix

package keystore_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tanba/internal/testpki"
	"tanba/keystore"
)

// Nothing at the end of a path can make the bridge wait, act on a device or
// fill its memory.
func TestHostilePaths(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		syscall.Mkfifo(in("fifo"), 0o600),
		os.Symlink(in("fifo"), in("link-to-fifo")),
		os.Symlink("/dev/zero", in("link-to-zero")),
		os.Symlink("/dev/tty", in("link-to-tty")),
		os.Symlink("/proc/self/environ", in("link-to-proc")),
		os.Symlink(in("loop"), in("loop")),
		os.WriteFile(in("sparse"), []byte("0"), 0o600),
		os.Truncate(in("sparse"), 5<<30),
	); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		want error
	}{
		{in("fifo"), keystore.ErrNotKeyFile},
		{in("link-to-fifo"), keystore.ErrNotKeyFile},
		{in("link-to-zero"), keystore.ErrNotKeyFile},
		{in("sparse"), keystore.ErrNotKeyFile},
		{dir, keystore.ErrNotKeyFile},
		{in("loop"), keystore.ErrUnreadable},
		{"/dev/zero", keystore.ErrNotKeyFile},
		{"/dev/../dev/stdin", keystore.ErrNotKeyFile},
		{"/proc/self/environ", keystore.ErrNotKeyFile},
		{"/sys/kernel/uevent_seqnum", keystore.ErrNotKeyFile},
		{in("link-to-tty"), nil},
		{in("link-to-proc"), nil},
	} {
		t.Run(tt.path, func(t *testing.T) {
			done := make(chan error, 1)
			go func() { _, err := keystore.OpenFile(tt.path); done <- err }()
			select {
			case err := <-done:
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("%v, want %v", err, tt.want)
				}
			case <-time.After(time.Minute):
				t.Fatal("waits")
			}
		})
	}
}

// A link that the person chose is followed.
func TestSymbolicLink(t *testing.T) {
	path, _ := writeStore(t, testpki.Profile{})
	link := filepath.Join(t.TempDir(), "my key.p12")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	unlock(t, link)
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	path, _ := writeStore(t, testpki.Profile{})
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.OpenFile(path); !errors.Is(err, keystore.ErrUnreadable) {
		t.Error(err)
	}
}

package peer

import (
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestT7ImageOfAProcess: the digest is of what runs, not of what lies at its path
// now, and a file that was changed is read again whatever its times say.
func TestT7ImageOfAProcess(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "program")
	write := func(data []byte) [sha256.Size]byte {
		t.Helper()
		if err := os.WriteFile(path+".new", data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		return sha256.Sum256(data)
	}
	run := func() Process {
		t.Helper()
		c := exec.Command(path, "600")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Process.Kill(); c.Wait() })
		return Process{PID: c.Process.Pid}
	}
	check := func(what string, p Process, want [sha256.Size]byte) {
		t.Helper()
		for range 2 { // the second time from memory
			if got, err := ImageSHA256(p); err != nil || got != want {
				t.Errorf("%s: %x, %v", what, got[:4], err)
			}
		}
	}
	first := write(data)
	old := run()
	check("as started", old, first)
	second := write(append(data, 0))
	check("replaced on the disk", old, first)
	check("started anew", run(), second)

	// The same file, of the same size, with the time of before. The kernel's clock
	// for that has a grain, so it may take a moment.
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	before, _, err := keyOf(f)
	if err != nil {
		t.Fatal(err)
	}
	after := before
	for end := time.Now().Add(time.Minute); after == before && time.Now().Before(end); {
		f.WriteAt([]byte{data[0] ^ 1}, 0)
		os.Chtimes(file, time.Time{}, i.ModTime())
		if after, _, err = keyOf(f); err != nil {
			t.Fatal(err)
		}
	}
	if after == before || after.modified != before.modified {
		t.Errorf("a changed file with its old time is the same: %+v", after)
	}
	for _, p := range []Process{{}, {PID: -1}, {PID: 1 << 30}} {
		if _, err := ImageSHA256(p); err == nil || errors.Is(err, ErrUnsupported) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

package state

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteReplacesWhole(t *testing.T) {
	d := Dir(filepath.Join(t.TempDir(), "tanba"))
	for _, want := range [][]byte{[]byte("first, and longer"), []byte("second")} {
		if err := d.Write(want, "a", "file.json"); err != nil {
			t.Fatal(err)
		}
		got, err := d.Read("a", "file.json")
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("read %q, %v; want %q", got, err, want)
		}
	}
	left, err := os.ReadDir(d.Path("a"))
	if err != nil || len(left) != 1 {
		t.Fatalf("temporary files left behind: %v, %v", left, err)
	}
	fi, err := os.Stat(d.Path("a", "file.json"))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", fi.Mode(), err)
	}
}

func TestWriteKeepsOldFileWhenItCannot(t *testing.T) {
	d := Dir(t.TempDir())
	if err := d.Write([]byte("old"), "x"); err != nil {
		t.Fatal(err)
	}
	// A directory in the way of the rename makes the last step fail.
	if err := os.MkdirAll(d.Path("y", "z"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Write([]byte("new"), "y"); err == nil {
		t.Fatal("writing over a directory succeeded")
	}
	if left, _ := filepath.Glob(d.Path(".y.*")); len(left) != 0 {
		t.Fatalf("temporary files left behind: %v", left)
	}
	if got, _ := d.Read("x"); string(got) != "old" {
		t.Fatalf("other file changed: %q", got)
	}
}

func TestAppendAndRemove(t *testing.T) {
	d := Dir(t.TempDir())
	for range 2 {
		if err := d.Append([]byte("line\n"), "journal"); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := d.Read("journal"); string(got) != "line\nline\n" {
		t.Fatalf("journal = %q", got)
	}
	if err := d.Remove("journal"); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove("journal"); err != nil {
		t.Fatalf("removing a missing file: %v", err)
	}
	if _, err := d.Read("journal"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("err = %v, want fs.ErrNotExist", err)
	}
}

package bridge

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSpool(t *testing.T) {
	dir := stateDir(t)
	s := spool{dir: dir, limit: 8 << 20}
	for _, n := range []int{0, 1, 16 << 10, spoolMemory - 1, spoolMemory, spoolMemory + 1, 3<<20 + 17, 8 << 20, 5} {
		want := bytes.Repeat([]byte("канарейка"), n/18+1)[:n]
		if err := s.fill(iotest.DataErrReader(bytes.NewReader(want))); err != nil {
			t.Fatalf("%d octets: %v", n, err)
		}
		if whole, ok := s.whole(); ok != (n <= spoolMemory) || ok && !bytes.Equal(whole, want) || s.size() != int64(n) {
			t.Errorf("%d octets: in memory %v, size %d", n, ok, s.size())
		}
		if s.file != nil {
			onDisk := make([]byte, n)
			m, _ := s.file.ReadAt(onDisk, 0)
			if bytes.Contains(onDisk[:m], []byte("канарейка")) {
				t.Error("readable on the disk")
			}
		}
		for range 2 {
			r, err := s.reader()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d octets: read %d, %v", n, len(got), err)
			}
		}
		wantEmptyDir(t, string(dir))
		s.clear()
	}
}

func TestSpoolErrors(t *testing.T) {
	over := spool{dir: stateDir(t), limit: 2 << 20}
	if err := over.fill(bytes.NewReader(make([]byte, 2<<20+1))); !errors.Is(err, errSpoolLimit) || !strings.Contains(err.Error(), "over the limit of 2097152 bytes") {
		t.Errorf("over the limit: %v", err)
	}
	over.clear()
	broken := errors.New("broken")
	for _, n := range []int64{10, spoolMemory + 10} {
		s := spool{dir: stateDir(t), limit: 4 << 20}
		if err := s.fill(io.MultiReader(io.LimitReader(zeros{}, n), iotest.ErrReader(broken))); !errors.Is(err, broken) || errors.Is(err, errSpool) {
			t.Errorf("after %d: %v", n, err)
		}
		s.clear()
	}
	gone := spool{dir: stateDir(t) + "/no/such", limit: 4 << 20}
	if err := gone.fill(io.LimitReader(zeros{}, spoolMemory+1)); !errors.Is(err, errSpool) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestUnnamedFile(t *testing.T) {
	dir := t.TempDir()
	f, err := unnamedFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || fi.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, ".*")); len(found) > 2 {
		t.Errorf("it has a name: %q", found)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

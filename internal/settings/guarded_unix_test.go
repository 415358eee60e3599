//go:build !windows

package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A machine's file that its person could have written is refused, not ignored.
func TestGuardedFile(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "etc", "tanba")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, File)
	if err := os.WriteFile(path, []byte(`{"version":1,"port":25000}`), 0o644); err != nil {
		t.Fatal(err)
	}
	owner := uint32(os.Getuid())
	if err := guarded(path, owner, dir); err != nil {
		t.Errorf("a guarded file: %v", err)
	}
	if err := guarded(path, owner+1, dir); !errors.Is(err, ErrWritable) {
		t.Errorf("another owner: %v", err)
	}
	for _, p := range []string{path, folder} {
		fi, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, bit := range []os.FileMode{0o020, 0o002} {
			if err := os.Chmod(p, fi.Mode().Perm()|bit); err != nil {
				t.Fatal(err)
			}
			if err := guarded(path, owner, dir); !errors.Is(err, ErrWritable) || !strings.Contains(err.Error(), p) {
				t.Errorf("%s with mode %o: %v", p, fi.Mode().Perm()|bit, err)
			}
		}
		if err := os.Chmod(p, fi.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}

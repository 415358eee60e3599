//go:build !windows

package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Guarded returns ErrWritable unless only root can change the file: it and every
// folder above it belong to root, and neither group nor others may write there.
// A folder like /tmp, where the sticky bit keeps others' hands off, is not safe
// enough: the file in it could have been anybody's.
func Guarded(path string) error { return guarded(path, 0, "/") }

// guarded checks up to and without the folder above.
func guarded(path string, owner uint32, above string) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	for p := path; p != above && p != "/"; p = filepath.Dir(p) {
		fi, err := os.Lstat(p)
		if err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		stat, ok := fi.Sys().(*syscall.Stat_t)
		if !ok || stat.Uid != owner || fi.Mode().Perm()&0o022 != 0 {
			return fmt.Errorf("%w: %s", ErrWritable, p)
		}
	}
	return nil
}

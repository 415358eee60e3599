//go:build unix

package pkcs11

import (
	"os"
	"path/filepath"
	"syscall"
)

// guarded tells whether only the administrator can change the file: it and the
// folders above it belong to root and nobody else may write there.
func guarded(path string) bool {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	for {
		fi, err := os.Stat(path)
		if err != nil {
			return false
		}
		stat, ok := fi.Sys().(*syscall.Stat_t)
		if !ok || stat.Uid != 0 || fi.Mode().Perm()&0o002 != 0 || fi.Mode().Perm()&0o020 != 0 && stat.Gid != 0 {
			return false
		}
		parent := filepath.Dir(path)
		if parent == path {
			return true
		}
		path = parent
	}
}

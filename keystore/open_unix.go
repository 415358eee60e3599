//go:build unix

package keystore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// openFile does not wait for the other end of a pipe and does not make a
// terminal our own, should the path have been swapped since it was looked at.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// checkPath refuses the trees where reading a file may act on the machine.
func checkPath(path string) error {
	if path == "" || strings.ContainsRune(path, 0) {
		return fmt.Errorf("%w: no path", ErrNotFound)
	}
	clean := filepath.Clean(path)
	for _, tree := range []string{"/dev", "/proc", "/sys"} {
		if clean == tree || strings.HasPrefix(clean, tree+"/") {
			return fmt.Errorf("%w: a file of the system", ErrNotKeyFile)
		}
	}
	return nil
}

package keystore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func openFile(path string) (*os.File, error) { return os.Open(path) }

// checkPath refuses device names (CON, \\.\), streams of files (name:stream)
// and hosts: opening \\host\share hands the host the person's credentials.
func checkPath(path string) error {
	if path == "" || strings.ContainsRune(path, 0) {
		return fmt.Errorf("%w: no path", ErrNotFound)
	}
	volume := filepath.VolumeName(path)
	rest := path[len(volume):]
	drive := volume == "" || len(volume) == 2 && volume[1] == ':'
	if !drive || strings.ContainsRune(rest, ':') ||
		!filepath.IsLocal(strings.TrimLeft(filepath.ToSlash(filepath.Clean(rest)), "/")) {
		return fmt.Errorf("%w: not a file of this machine", ErrNotKeyFile)
	}
	return nil
}

package install

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// removeAll is os.RemoveAll. On Windows that asks for a way of deleting which
// neither Wine nor every file system knows; what is left then goes one by one.
func removeAll(root string) error {
	err := os.RemoveAll(root)
	if err == nil || runtime.GOOS != "windows" {
		return err
	}
	var paths []string
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	for _, path := range slices.Backward(paths) {
		if rerr := os.Remove(path); !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

package filesign

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// Only Linux makes files without a name.
func createNameless(string, fs.FileMode) (*os.File, bool) { return nil, false }

func linkNameless(*os.File, string) error { return errors.ErrUnsupported }

// renameNew renames unless the name is taken.
func renameNew(from, path string) error {
	old, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	new, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(old, new, windows.MOVEFILE_WRITE_THROUGH)
}

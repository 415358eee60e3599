//go:build windows

package bridge

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// unnamedFile makes a file that nobody else can open and that the system deletes
// with its last handle, whatever becomes of us.
func unnamedFile(dir string) (*os.File, error) {
	path, err := windows.UTF16PtrFromString(filepath.Join(dir, ".document-"+rand.Text()))
	if err != nil {
		return nil, err
	}
	const access = windows.GENERIC_READ | windows.GENERIC_WRITE | windows.DELETE
	h, err := windows.CreateFile(path, access, 0, nil, windows.CREATE_NEW,
		windows.FILE_ATTRIBUTE_TEMPORARY|windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), ".document"), nil
}

package bridge

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// openNoFollow opens a reparse point itself instead of what it points to; such
// a handle is not a regular file and is refused by the caller.
func openNoFollow(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_OPEN_REPARSE_POINT|windows.FILE_FLAG_SEQUENTIAL_SCAN, 0)
	if err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	if kind, err := windows.GetFileType(h); err != nil || kind != windows.FILE_TYPE_DISK {
		windows.CloseHandle(h)
		return nil, fmt.Errorf("%w: not a file", errPath)
	}
	return os.NewFile(uintptr(h), path), nil
}

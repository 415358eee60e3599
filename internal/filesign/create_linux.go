package filesign

import (
	"io/fs"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

const descriptors = "/proc/self/fd"

var hasDescriptors = sync.OnceValue(func() bool {
	_, err := os.Lstat(descriptors)
	return err == nil
})

// createNameless opens a file that has no name until linkNameless, and is gone
// with the process if it never gets one. Not every file system can do that.
func createNameless(folder string, mode fs.FileMode) (*os.File, bool) {
	if !hasDescriptors() {
		return nil, false
	}
	fd, err := unix.Open(folder, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, uint32(mode.Perm()))
	if err != nil {
		return nil, false
	}
	return os.NewFile(uintptr(fd), folder), true
}

// linkNameless names it as open(2) says a process without privileges does.
func linkNameless(f *os.File, path string) error {
	from := descriptors + "/" + strconv.Itoa(int(f.Fd()))
	if err := unix.Linkat(unix.AT_FDCWD, from, unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW); err != nil {
		return &os.LinkError{Op: "link", Old: "(new file)", New: path, Err: err}
	}
	return nil
}

// renameNew renames unless the name is taken.
func renameNew(from, path string) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
}

package peer

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// imageKey changes whenever the octets of a file may have: its owner can set the
// time of modification as they like, but not that of change.
type imageKey struct {
	device, inode    uint64
	size             int64
	modified, change syscall.Timespec
}

// openImage follows no path: the kernel gives the file the process was started
// from, also when it was replaced or removed meanwhile.
func openImage(p Process) (*os.File, error) {
	if p.PID <= 0 {
		return nil, ErrNotFound
	}
	f, err := os.Open("/proc/" + strconv.Itoa(p.PID) + "/exe")
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	return f, nil
}

func keyOf(f *os.File) (k imageKey, size int64, err error) {
	i, err := f.Stat()
	if err != nil {
		return k, 0, fmt.Errorf("peer: %w", err)
	}
	s, ok := i.Sys().(*syscall.Stat_t)
	if !ok || !i.Mode().IsRegular() {
		return k, 0, fmt.Errorf("peer: %s is not a file", f.Name())
	}
	return imageKey{uint64(s.Dev), s.Ino, s.Size, s.Mtim, s.Ctim}, s.Size, nil
}

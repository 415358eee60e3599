//go:build unix

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// pipes takes standard input and output away from the library: what it prints
// goes to the log and cannot break a frame.
func pipes() (in, out *os.File, err error) {
	files := [2]*os.File{}
	for fd := range files {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return nil, nil, fmt.Errorf("pipes: %w", err)
		}
		files[fd] = os.NewFile(uintptr(own), [2]string{"requests", "replies"}[fd])
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, fmt.Errorf("pipes: %w", err)
	}
	defer null.Close()
	if err := redirect(int(null.Fd()), 0); err != nil {
		return nil, nil, fmt.Errorf("pipes: %w", err)
	}
	if err := redirect(2, 1); err != nil {
		return nil, nil, fmt.Errorf("pipes: %w", err)
	}
	return files[0], files[1], nil
}

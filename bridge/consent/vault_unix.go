//go:build unix

package consent

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// lockedMemory is memory of its own pages that is neither swapped out nor part of
// the heap.
func lockedMemory(n int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("consent: %w", err)
	}
	if err := unix.Mlock(b); err != nil {
		releaseMemory(b)
		return nil, fmt.Errorf("consent: %w", err)
	}
	return b, nil
}

func releaseMemory(b []byte) {
	// The mapping is ours and whole: there is no error but a wrong argument.
	_ = unix.Munmap(b)
}

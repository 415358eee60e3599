//go:build unix

package bridge

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func allocChunk() ([]byte, error) {
	b, err := unix.Mmap(-1, 0, chunk, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	return b, nil
}

// freeChunk clears as well: unmapped pages are zeroed by the kernel before
// anybody sees them again.
func freeChunk(b []byte) {
	if b != nil {
		unix.Munmap(b)
	}
}

//go:build unix

package bridge

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// region is memory for one long message, outside the Go heap: addresses are
// reserved for the longest one, memory is there as far as it has been grown. So
// it never moves, and goes back to the system at once.
type region struct {
	all  []byte // without access behind size
	size int
}

func reserve(most int64) (*region, error) {
	page := int64(unix.Getpagesize())
	b, err := unix.Mmap(-1, 0, int((most+page-1)/page*page), unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	return &region{all: b}, nil
}

// grow makes n more octets usable, whole pages, and returns all that is.
func (r *region) grow(n int) ([]byte, error) {
	n = min(n, len(r.all)-r.size)
	if err := unix.Mprotect(r.all[r.size:r.size+n], unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	r.size += n
	return r.all[:r.size:r.size], nil
}

// free clears as well: pages are zeroed by the kernel before anybody sees them
// again.
func (r *region) free() {
	unix.Munmap(r.all)
	r.all, r.size = nil, 0
}

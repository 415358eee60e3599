package bridge

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// region is memory for one long message, outside the Go heap: addresses are
// reserved for the longest one, memory is there as far as it has been grown. So
// it never moves, and goes back to the system at once.
type region struct {
	all  []byte // without access behind size
	size int
}

func reserve(most int64) (*region, error) {
	size := (uintptr(most) + chunk - 1) / chunk * chunk
	address, err := windows.VirtualAlloc(0, size, windows.MEM_RESERVE, windows.PAGE_NOACCESS)
	if err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	// An address outside the Go heap, which the collector does not move.
	first := *(*unsafe.Pointer)(unsafe.Pointer(&address))
	return &region{all: unsafe.Slice((*byte)(first), size)}, nil
}

// grow makes n more octets usable, whole pages, and returns all that is.
func (r *region) grow(n int) ([]byte, error) {
	n = min(n, len(r.all)-r.size)
	more := uintptr(unsafe.Pointer(unsafe.SliceData(r.all))) + uintptr(r.size)
	if _, err := windows.VirtualAlloc(more, uintptr(n), windows.MEM_COMMIT, windows.PAGE_READWRITE); err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	r.size += n
	return r.all[:r.size:r.size], nil
}

// free clears as well: pages are zeroed by the system before anybody sees them
// again.
func (r *region) free() {
	windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(r.all))), 0, windows.MEM_RELEASE)
	r.all, r.size = nil, 0
}

package consent

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// lockedMemory is memory of its own pages that is neither swapped out nor part of
// the heap.
func lockedMemory(n int) ([]byte, error) {
	p, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_COMMIT|windows.MEM_RESERVE, windows.PAGE_READWRITE)
	if err != nil {
		return nil, fmt.Errorf("consent: %w", err)
	}
	// The address comes from the system, not from Go: vet's rule about uintptr
	// is for pointers the collector moves.
	b := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&p))), n)
	if err := windows.VirtualLock(p, uintptr(n)); err != nil {
		releaseMemory(b)
		return nil, fmt.Errorf("consent: %w", err)
	}
	return b, nil
}

func releaseMemory(b []byte) {
	_ = windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(b))), 0, windows.MEM_RELEASE)
}

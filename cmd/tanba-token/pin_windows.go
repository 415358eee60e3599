package main

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// lockedPIN is a PIN in a page of its own that is not swapped out.
type lockedPIN struct {
	address uintptr
	page    []byte
	n       int
}

const pageSize = 4096

func lockPIN(pin []byte) *lockedPIN {
	address, err := windows.VirtualAlloc(0, pageSize, windows.MEM_COMMIT|windows.MEM_RESERVE, windows.PAGE_READWRITE)
	if err != nil || len(pin) > pageSize {
		page := make([]byte, len(pin)) // out of memory for pages: better held than asked for again
		return &lockedPIN{page: page, n: copy(page, pin)}
	}
	windows.VirtualLock(address, pageSize)
	// The page is the system's, so its address is no Go pointer that could move.
	page := unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), pageSize)
	return &lockedPIN{address, page, copy(page, pin)}
}

func (p *lockedPIN) octets() []byte { return p.page[:p.n] }

func (p *lockedPIN) wipe() {
	clear(p.page)
	if p.address != 0 {
		windows.VirtualUnlock(p.address, pageSize)
		windows.VirtualFree(p.address, 0, windows.MEM_RELEASE)
	}
	p.address, p.page, p.n = 0, nil, 0
}

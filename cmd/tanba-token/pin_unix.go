//go:build unix

package main

import "golang.org/x/sys/unix"

// lockedPIN is a PIN in a page of its own that is neither swapped out nor, where
// the system can leave it out, written to a core file.
type lockedPIN struct {
	page []byte
	n    int
}

func lockPIN(pin []byte) *lockedPIN {
	page, err := unix.Mmap(-1, 0, unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil || len(pin) > len(page) {
		page = make([]byte, len(pin)) // out of memory for pages: better held than asked for again
	} else {
		unix.Mlock(page) // refused where the limit is 0
		withoutDump(page)
	}
	return &lockedPIN{page, copy(page, pin)}
}

func (p *lockedPIN) octets() []byte { return p.page[:p.n] }

func (p *lockedPIN) wipe() {
	clear(p.page)
	if len(p.page) == unix.Getpagesize() {
		unix.Munlock(p.page)
		unix.Munmap(p.page)
	}
	p.page, p.n = nil, 0
}

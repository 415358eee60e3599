package streebog

import (
	"os"
	"syscall"
	"testing"
)

// A message that ends where readable memory ends, or begins where it begins:
// an octet read too much is a fault.
func TestNothingBeyondTheMessage(t *testing.T) {
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	defer syscall.Munmap(memory)
	for _, guard := range [][]byte{memory[:page], memory[2*page:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Skip(err)
		}
	}
	readable := memory[page : 2*page]
	eachPath(t, func(t *testing.T) {
		for size := range 300 {
			head, tail := readable[:size:size], readable[page-size:]
			want := Sum512(make([]byte, size))
			if x, y := Sum512Pair(head, tail); x != want || y != want || Sum512(tail) != want {
				t.Fatalf("%d octets: wrong hash", size)
			}
		}
	})
}

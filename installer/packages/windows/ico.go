//go:build ignore

// Command ico wraps a PNG of 256 × 256 into an icon file, as Windows has read it
// since Vista.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
)

func main() {
	png, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "ico:", err)
		os.Exit(1)
	}
	header := []byte{0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 32, 0}
	header = binary.LittleEndian.AppendUint32(header, uint32(len(png)))
	header = binary.LittleEndian.AppendUint32(header, 22)
	os.Stdout.Write(append(header, png...))
}

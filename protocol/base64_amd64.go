//go:build !purego

package protocol

import (
	"encoding/base64"

	"golang.org/x/sys/cpu"
)

// hasVector says whether the code of base64_amd64.s may run. Tests switch it off.
var hasVector = cpu.X86.HasAVX2

// A goroutine cannot be stopped inside assembly, so a call takes at most this
// much, some tens of microseconds.
const perCall = 384 << 10

// decodeBlocks decodes characters of the alphabet from src[at:] to src[out:],
// 32 at a time, as far as there are no others, and returns how many. out is not
// beyond at. What is written there may be longer than the result by 8 octets,
// but never reaches what has not been read.
func decodeBlocks(src []byte, at, out int) (read int) {
	if !hasVector {
		return 0
	}
	for at+read+32 <= len(src) {
		n := min(len(src)-at-read, perCall)
		k := decodeAVX2(&src[out+read/4*3], &src[at+read], n)
		read += k
		if k < n&^31 {
			break
		}
	}
	return read
}

// encode64 encodes whole units of three octets; dst is as long as needed.
func encode64(dst, src []byte) {
	for hasVector && len(src) >= 28 {
		units := min(len(src)-4, perCall) / 24
		_ = dst[32*units-1]
		encodeAVX2(&dst[0], &src[0], units)
		dst, src = dst[32*units:], src[24*units:]
	}
	base64.StdEncoding.Encode(dst, src)
}

// encodeLines encodes whole lines, each followed by \n as two characters.
func encodeLines(dst, src []byte) {
	for hasVector && len(src) >= line64+4 {
		lines := min(len(src)-4, perCall) / line64
		_ = dst[66*lines-1]
		encodeLinesAVX2(&dst[0], &src[0], lines)
		dst, src = dst[66*lines:], src[line64*lines:]
	}
	encodeLinesGeneric(dst, src)
}

// decodeAVX2 reads at most n characters, a multiple of 32, up to the block that
// has one that is not of the alphabet. It writes 32 octets for each block, 24
// of them good.
//
//go:noescape
func decodeAVX2(dst, src *byte, n int) int

// encodeAVX2 reads 4 octets more than the units of 24 that it encodes.
//
//go:noescape
func encodeAVX2(dst, src *byte, units int)

// encodeLinesAVX2 reads 4 octets more than the lines that it encodes.
//
//go:noescape
func encodeLinesAVX2(dst, src *byte, lines int)

//go:build !purego

package streebog

import "golang.org/x/sys/cpu"

// hasVector says whether the code of vector_amd64.s may run: the processor has
// the instructions and the operating system saves the registers (package cpu
// looks at both). Tests switch it off.
var hasVector = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW &&
	cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512GFNI

// A goroutine cannot be stopped inside assembly, so a call takes at most this
// many blocks (64 KiB, about a tenth of a millisecond).
const blocksPerCall = 1024

// The assembly counts in the first word of n only.
const vectorLength = 1 << 63

// blocks takes whole blocks (§10, stage 2); each adds step to n.
func (s *state) blocks(p []byte, step uint64) {
	if !hasVector || s.n[0] >= vectorLength {
		s.blocksGeneric(p, step)
		return
	}
	for len(p) >= BlockSize {
		n := min(len(p)/BlockSize, blocksPerCall)
		blocksVector(s, &p[0], n, step)
		p = p[n*BlockSize:]
	}
}

// blocksPair is s.blocks(p, stepS) and t.blocks(q, stepT) at once; p and q
// have the same length.
func blocksPair(s, t *state, p, q []byte, stepS, stepT uint64) {
	if !hasVector || s.n[0] >= vectorLength || t.n[0] >= vectorLength {
		s.blocks(p, stepS)
		t.blocks(q, stepT)
		return
	}
	q = q[:len(p)]
	for len(p) >= BlockSize {
		n := min(len(p)/BlockSize, blocksPerCall)
		blocksVectorPair(s, t, &p[0], &q[0], n, stepS, stepT)
		p, q = p[n*BlockSize:], q[n*BlockSize:]
	}
}

// blocksVector takes n ≥ 1 blocks from p.
//
//go:noescape
func blocksVector(s *state, p *byte, n int, step uint64)

// blocksVectorPair takes n ≥ 1 blocks from p into s and from q into t.
//
//go:noescape
func blocksVectorPair(s, t *state, p, q *byte, n int, stepS, stepT uint64)

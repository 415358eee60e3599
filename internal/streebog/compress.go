package streebog

// table[j][b] is what octet j of a word contributes to a word of L(P(S(·))):
// the substitution and the multiplication by the matrix in one look-up. P
// only decides which octet goes where (§5.3): word k of the result takes octet
// k of every word.
var table = makeTable()

func makeTable() (t [8][256]uint64) {
	for j := range t {
		for b := range t[j] {
			for bit := range 8 {
				if pi[b]>>bit&1 == 1 {
					t[j][b] ^= linear[63-8*j-bit]
				}
			}
		}
	}
	return t
}

// lps is L∘P∘S of §6. The eight words travel in registers; one is taken apart at
// a time, so that the eight results can stay there too.
func lps(a0, a1, a2, a3, a4, a5, a6, a7 uint64) (r0, r1, r2, r3, r4, r5, r6, r7 uint64) {
	t := &table[0]
	r0 = t[byte(a0)]
	r1 = t[byte(a0>>8)]
	r2 = t[byte(a0>>16)]
	r3 = t[byte(a0>>24)]
	r4 = t[byte(a0>>32)]
	r5 = t[byte(a0>>40)]
	r6 = t[byte(a0>>48)]
	r7 = t[a0>>56]
	t = &table[1]
	r0 ^= t[byte(a1)]
	r1 ^= t[byte(a1>>8)]
	r2 ^= t[byte(a1>>16)]
	r3 ^= t[byte(a1>>24)]
	r4 ^= t[byte(a1>>32)]
	r5 ^= t[byte(a1>>40)]
	r6 ^= t[byte(a1>>48)]
	r7 ^= t[a1>>56]
	t = &table[2]
	r0 ^= t[byte(a2)]
	r1 ^= t[byte(a2>>8)]
	r2 ^= t[byte(a2>>16)]
	r3 ^= t[byte(a2>>24)]
	r4 ^= t[byte(a2>>32)]
	r5 ^= t[byte(a2>>40)]
	r6 ^= t[byte(a2>>48)]
	r7 ^= t[a2>>56]
	t = &table[3]
	r0 ^= t[byte(a3)]
	r1 ^= t[byte(a3>>8)]
	r2 ^= t[byte(a3>>16)]
	r3 ^= t[byte(a3>>24)]
	r4 ^= t[byte(a3>>32)]
	r5 ^= t[byte(a3>>40)]
	r6 ^= t[byte(a3>>48)]
	r7 ^= t[a3>>56]
	t = &table[4]
	r0 ^= t[byte(a4)]
	r1 ^= t[byte(a4>>8)]
	r2 ^= t[byte(a4>>16)]
	r3 ^= t[byte(a4>>24)]
	r4 ^= t[byte(a4>>32)]
	r5 ^= t[byte(a4>>40)]
	r6 ^= t[byte(a4>>48)]
	r7 ^= t[a4>>56]
	t = &table[5]
	r0 ^= t[byte(a5)]
	r1 ^= t[byte(a5>>8)]
	r2 ^= t[byte(a5>>16)]
	r3 ^= t[byte(a5>>24)]
	r4 ^= t[byte(a5>>32)]
	r5 ^= t[byte(a5>>40)]
	r6 ^= t[byte(a5>>48)]
	r7 ^= t[a5>>56]
	t = &table[6]
	r0 ^= t[byte(a6)]
	r1 ^= t[byte(a6>>8)]
	r2 ^= t[byte(a6>>16)]
	r3 ^= t[byte(a6>>24)]
	r4 ^= t[byte(a6>>32)]
	r5 ^= t[byte(a6>>40)]
	r6 ^= t[byte(a6>>48)]
	r7 ^= t[a6>>56]
	t = &table[7]
	r0 ^= t[byte(a7)]
	r1 ^= t[byte(a7>>8)]
	r2 ^= t[byte(a7>>16)]
	r3 ^= t[byte(a7>>24)]
	r4 ^= t[byte(a7>>32)]
	r5 ^= t[byte(a7>>40)]
	r6 ^= t[byte(a7>>48)]
	r7 ^= t[a7>>56]
	return
}

// compress is g_N(h, m) of §8: h = E(LPS(h ⊕ n), m) ⊕ h ⊕ m. The words of n
// above the first are zero for any message shorter than 2^64 bits, but N is
// kept whole as the standard has it.
func compress(h, n, m *[8]uint64) {
	k0, k1, k2, k3, k4, k5, k6, k7 := lps(
		h[0]^n[0], h[1]^n[1], h[2]^n[2], h[3]^n[3],
		h[4]^n[4], h[5]^n[5], h[6]^n[6], h[7]^n[7])
	s0, s1, s2, s3, s4, s5, s6, s7 := m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7]
	for i := range rounds {
		s0, s1, s2, s3, s4, s5, s6, s7 = lps(
			s0^k0, s1^k1, s2^k2, s3^k3, s4^k4, s5^k5, s6^k6, s7^k7)
		c := &rounds[i]
		k0, k1, k2, k3, k4, k5, k6, k7 = lps(
			k0^c[0], k1^c[1], k2^c[2], k3^c[3], k4^c[4], k5^c[5], k6^c[6], k7^c[7])
	}
	h[0] ^= s0 ^ k0 ^ m[0]
	h[1] ^= s1 ^ k1 ^ m[1]
	h[2] ^= s2 ^ k2 ^ m[2]
	h[3] ^= s3 ^ k3 ^ m[3]
	h[4] ^= s4 ^ k4 ^ m[4]
	h[5] ^= s5 ^ k5 ^ m[5]
	h[6] ^= s6 ^ k6 ^ m[6]
	h[7] ^= s7 ^ k7 ^ m[7]
}

// state is what a block changes.
type state struct {
	h   [8]uint64 // the result so far
	n   [8]uint64 // bits hashed
	sum [8]uint64 // sum of the blocks
}

// blocksGeneric takes whole blocks (§10, stage 2); each adds step to n.
func (s *state) blocksGeneric(p []byte, step uint64) {
	for ; len(p) >= BlockSize; p = p[BlockSize:] {
		var m [8]uint64
		load(&m, p)
		compress(&s.h, &s.n, &m)
		add(&s.n, step)
		addBlock(&s.sum, &m)
	}
}

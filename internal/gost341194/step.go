package gost341194

// box holds the D-Test substitution: row i serves bits 4i…4i+3 of a word
// (RFC 4357 §11.2).
var box = [8][16]uint32{
	{4, 10, 9, 2, 13, 8, 0, 14, 6, 11, 1, 12, 7, 15, 5, 3},
	{14, 11, 4, 12, 6, 13, 15, 10, 2, 3, 8, 1, 0, 7, 5, 9},
	{5, 8, 1, 13, 10, 3, 4, 2, 14, 15, 12, 7, 6, 0, 9, 11},
	{7, 13, 10, 1, 0, 8, 9, 15, 14, 4, 6, 12, 11, 2, 5, 3},
	{6, 12, 7, 1, 5, 15, 13, 8, 4, 10, 9, 14, 0, 3, 11, 2},
	{4, 11, 10, 0, 7, 2, 1, 13, 3, 6, 8, 5, 9, 12, 15, 14},
	{13, 11, 4, 1, 3, 15, 5, 9, 0, 10, 14, 7, 6, 8, 2, 12},
	{1, 15, 13, 0, 5, 7, 10, 4, 9, 2, 3, 14, 6, 11, 8, 12},
}

// table[j][b] is what octet j of the sum contributes to the round function of
// GOST 28147-89: two substitutions and the rotation by 11 in one look-up.
var table = makeTable()

func makeTable() (t [4][256]uint32) {
	for j := range t {
		for b := range t[j] {
			v := (box[2*j][b&15] | box[2*j+1][b>>4]<<4) << (8 * j)
			t[j][b] = v<<11 | v>>21
		}
	}
	return t
}

// c3 is the constant C3 of RFC 5831 §5.1; C2 and C4 are zero.
var c3 = block{0xff00ff00ff00ff00, 0x00ff00ff00ff00ff, 0xff0000ff00ffff00, 0xff00ffff000000ff}

// step is the step hash function χ(m, h) of RFC 5831 §5. The four encryptions
// do not depend on one another and run side by side.
func step(h, m *block) {
	var k [4]key
	u, v := *h, *m
	k[0].permute(u[0]^v[0], u[1]^v[1], u[2]^v[2], u[3]^v[3])
	for i := 1; i < len(k); i++ {
		u = block{u[1], u[2], u[3], u[0] ^ u[1]} // A
		v = block{v[2], v[3], v[0] ^ v[1], v[1] ^ v[2]}
		if i == 2 {
			for j := range u {
				u[j] ^= c3[j]
			}
		}
		k[i].permute(u[0]^v[0], u[1]^v[1], u[2]^v[2], u[3]^v[3])
	}
	s := *h
	encrypt(&s, &k)
	mix(&s, 3, false)
	for i := range s {
		s[i] ^= m[i]
	}
	mix(&s, 0, true)
	for i := range s {
		s[i] ^= h[i]
	}
	mix(&s, 15, true)
	*h = s
}

// key is a key of GOST 28147-89.
type key [8]uint32

// permute is P of RFC 5831 §5.1: key word n has octet n of every word, a
// transposition of octets done here by halves.
func (k *key) permute(w0, w1, w2, w3 uint64) {
	const odd = 0xff00ff00ff00ff00
	const even = 0x00ff00ff00ff00ff
	a0, a1 := w0&even|w1<<8&odd, w0>>8&even|w1&odd
	b0, b1 := w2&even|w3<<8&odd, w2>>8&even|w3&odd
	for i := range 4 {
		s := 16 * i
		k[2*i] = uint32(uint16(a0>>s)) | uint32(uint16(b0>>s))<<16
		k[2*i+1] = uint32(uint16(a1>>s)) | uint32(uint16(b1>>s))<<16
	}
}

// encrypt replaces every word of s by its encryption under the key of the same
// number: 32 rounds of GOST 28147-89, key words 0…7 three times, then 7…0.
func encrypt(s *block, k *[4]key) {
	a0, b0 := uint32(s[0]), uint32(s[0]>>32)
	a1, b1 := uint32(s[1]), uint32(s[1]>>32)
	a2, b2 := uint32(s[2]), uint32(s[2]>>32)
	a3, b3 := uint32(s[3]), uint32(s[3]>>32)
	for range 3 {
		for n := 0; n < 8; n += 2 {
			b0 ^= round(a0 + k[0][n])
			b1 ^= round(a1 + k[1][n])
			b2 ^= round(a2 + k[2][n])
			b3 ^= round(a3 + k[3][n])
			a0 ^= round(b0 + k[0][n+1])
			a1 ^= round(b1 + k[1][n+1])
			a2 ^= round(b2 + k[2][n+1])
			a3 ^= round(b3 + k[3][n+1])
		}
	}
	for n := 6; n >= 0; n -= 2 {
		b0 ^= round(a0 + k[0][n+1])
		b1 ^= round(a1 + k[1][n+1])
		b2 ^= round(a2 + k[2][n+1])
		b3 ^= round(a3 + k[3][n+1])
		a0 ^= round(b0 + k[0][n])
		a1 ^= round(b1 + k[1][n])
		a2 ^= round(b2 + k[2][n])
		a3 ^= round(b3 + k[3][n])
	}
	// The last round does not swap the halves.
	s[0] = uint64(b0) | uint64(a0)<<32
	s[1] = uint64(b1) | uint64(a1)<<32
	s[2] = uint64(b2) | uint64(a2)<<32
	s[3] = uint64(b3) | uint64(a3)<<32
}

func round(x uint32) uint32 {
	return table[0][byte(x)] ^ table[1][byte(x>>8)] ^ table[2][byte(x>>16)] ^ table[3][x>>24]
}

// mix is ψⁿ of RFC 5831 §5.3 for n = 4·quads + single. With x₀…x₁₅ the 16-bit
// words, ψ appends x₁₆ = x₀ ⊕ x₁ ⊕ x₂ ⊕ x₃ ⊕ x₁₂ ⊕ x₁₅ and drops x₀; four of
// them are made at a time, the term before each (x₁₅) as a running sum.
func mix(s *block, quads int, single bool) {
	s0, s1, s2, s3 := s[0], s[1], s[2], s[3]
	u := s0 ^ (s0>>16 | s1<<48) // xᵢ ⊕ xᵢ₊₁
	for range quads {
		next := s1 ^ (s1>>16 | s2<<48)
		t := u ^ (u>>32 | next<<32) ^ s3 ^ s3>>48
		t ^= t << 16
		t ^= t << 32
		s0, s1, s2, s3, u = s1, s2, s3, t, next
	}
	if single {
		t := u ^ u>>32 ^ s3 ^ s3>>48
		s0, s1, s2, s3 = s0>>16|s1<<48, s1>>16|s2<<48, s2>>16|s3<<48, s3>>16|t<<48
	}
	*s = block{s0, s1, s2, s3}
}

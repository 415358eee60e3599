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

// step is the step hash function χ(m, h) of RFC 5831 §5.
func step(h, m *block) {
	var s block
	u, v := *h, *m
	for i := range s {
		if i > 0 {
			u = block{u[1], u[2], u[3], u[0] ^ u[1]} // A
			v = block{v[2], v[3], v[0] ^ v[1], v[1] ^ v[2]}
			if i == 2 {
				for j := range u {
					u[j] ^= c3[j]
				}
			}
		}
		s[i] = encrypt(h[i], &block{u[0] ^ v[0], u[1] ^ v[1], u[2] ^ v[2], u[3] ^ v[3]})
	}
	mix(&s, 12)
	for i := range s {
		s[i] ^= m[i]
	}
	mix(&s, 1)
	for i := range s {
		s[i] ^= h[i]
	}
	mix(&s, 61)
	*h = s
}

// encrypt is GOST 28147-89 with the key P(w), w written least significant word
// first: key word n has octet n of every word.
func encrypt(x uint64, w *block) uint64 {
	var k [8]uint32
	for n := range k {
		for i := range w {
			k[n] |= uint32(byte(w[i]>>(8*n))) << (8 * i)
		}
	}
	a, b := uint32(x), uint32(x>>32)
	for range 3 {
		for n := 0; n < 8; n += 2 {
			b ^= round(a + k[n])
			a ^= round(b + k[n+1])
		}
	}
	for n := 7; n > 0; n -= 2 {
		b ^= round(a + k[n])
		a ^= round(b + k[n-1])
	}
	return uint64(b) | uint64(a)<<32
}

func round(x uint32) uint32 {
	return table[0][byte(x)] ^ table[1][byte(x>>8)] ^ table[2][byte(x>>16)] ^ table[3][x>>24]
}

// mix is ψ of RFC 5831 §5.3, n times.
func mix(s *block, n int) {
	for range n {
		f := s[0] ^ s[0]>>16 ^ s[0]>>32 ^ s[0]>>48 ^ s[3] ^ s[3]>>48
		s[0] = s[0]>>16 | s[1]<<48
		s[1] = s[1]>>16 | s[2]<<48
		s[2] = s[2]>>16 | s[3]<<48
		s[3] = s[3]>>16 | f<<48
	}
}

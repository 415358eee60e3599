package streebog

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// The hash as GOST R 34.11-2012 writes it down, in its own order (the first
// octet of a vector is the most significant), one transformation after the
// other, without tables but those of the standard.

type vector512 [64]byte

func xor(k, a vector512) (r vector512) { // X[k], §6
	for i := range r {
		r[i] = k[i] ^ a[i]
	}
	return r
}

func substitution(a vector512) (r vector512) { // S
	for i := range r {
		r[i] = pi[a[i]]
	}
	return r
}

func permutation(a vector512) (r vector512) { // P, §5.3: τ(8i+j) = 8j+i
	for i := range r {
		r[i] = a[8*(i%8)+i/8]
	}
	return r
}

func linearMap(a vector512) (r vector512) { // L, §5.4: row vector times matrix
	for w := range 8 {
		var sum uint64
		for i := range 64 {
			if a[8*w+i/8]>>(7-i%8)&1 == 1 {
				sum ^= linear[i]
			}
		}
		for i := range 8 {
			r[8*w+i] = byte(sum >> (56 - 8*i))
		}
	}
	return r
}

func lpsx(k, a vector512) vector512 { return linearMap(permutation(substitution(xor(k, a)))) }

func compression(n, h, m vector512) vector512 { // g_N, §8
	k := lpsx(n, h)
	e := m
	for _, c := range rounds {
		var constant vector512
		for w := range 8 {
			for i := range 8 {
				constant[63-8*w-i] = byte(c[w] >> (8 * i))
			}
		}
		e = lpsx(k, e)
		k = lpsx(k, constant)
	}
	return xor(xor(xor(k, e), h), m)
}

func plus(a, b vector512) (r vector512) { // ⊞, modulo 2^512
	sum := new(big.Int).SetBytes(a[:])
	sum.Add(sum, new(big.Int).SetBytes(b[:]))
	sum.Mod(sum, new(big.Int).Lsh(big.NewInt(1), 512))
	sum.FillBytes(r[:])
	return r
}

func number(v int64) (r vector512) {
	big.NewInt(v).FillBytes(r[:])
	return r
}

// reference is §9; octets come and go in the order of streebog.go.
func reference(message []byte, short bool) []byte {
	m := slices.Clone(message)
	slices.Reverse(m)
	var h, n, sum, zero vector512
	if short {
		h = vector512(bytes.Repeat([]byte{1}, 64))
	}
	for len(m) >= 64 {
		block := vector512(m[len(m)-64:])
		m = m[:len(m)-64]
		h = compression(n, h, block)
		n = plus(n, number(512))
		sum = plus(sum, block)
	}
	var block vector512
	block[63-len(m)] = 1
	copy(block[64-len(m):], m)
	h = compression(n, h, block)
	n = plus(n, number(8*int64(len(m))))
	sum = plus(sum, block)
	h = compression(zero, h, n)
	h = compression(zero, h, sum)
	slices.Reverse(h[:])
	if short {
		return h[32:]
	}
	return h[:]
}

func TestReference(t *testing.T) {
	for _, v := range vectors(t) {
		if len(v.message) > 300 {
			continue
		}
		if got := reference(v.message, false); !bytes.Equal(got, v.h512) {
			t.Errorf("%s: got %x, want %x", v.name, got, v.h512)
		}
		if got := reference(v.message, true); !bytes.Equal(got, v.h256) {
			t.Errorf("%s: got %x, want %x", v.name, got, v.h256)
		}
	}
}

func TestAgainstReference(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for size := range 260 {
			message := random(r, size)
			if got, want := Sum512(message), reference(message, false); !bytes.Equal(got[:], want) {
				t.Fatalf("%d octets %x: got %x, want %x", size, message, got, want)
			}
			if got, want := Sum256(message), reference(message, true); !bytes.Equal(got[:], want) {
				t.Fatalf("%d octets %x: got %x, want %x", size, message, got, want)
			}
		}
	})
}

func random(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Package gost341194 implements the hash function of GOST 34.311-95 (GOST R
// 34.11-94, RFC 5831) with the D-Test substitution box
// (id-GostR3411-94-TestParamSet): the hash of the older national keys,
// GOST 34.310-2004.
//
// The result octets are in the order Kalkan and Bouncy Castle emit them. For
// the empty message implementations differ: this one follows Kalkan, which
// runs no step over a block that is not there (OpenSSL's gost-engine hashes
// one zero block).
//
// A Digest never allocates: Write, Reset and Sum into a slice with room work
// on the Digest itself. The substitution is table driven (4 KiB indexed by the
// data), so hashing a secret leaves a trace in the cache of the same core.
package gost341194

import (
	"encoding/binary"
	"hash"
	"math/bits"
)

const (
	// Size is the size of the result in octets.
	Size = 32
	// BlockSize is the size of a block in octets, as HMAC needs it.
	BlockSize = 32
)

// block is a 256-bit value, least significant word first.
type block [4]uint64

// Digest is a running hash; it implements hash.Hash and hash.Cloner. The zero
// value is ready to use.
type Digest struct {
	h, sum block           // state and sum of the blocks
	octets uint64          // octets hashed
	buf    [BlockSize]byte // the block being filled
	fill   int             // octets in buf
}

var _ hash.Cloner = (*Digest)(nil)

// New starts a hash.
func New() *Digest { return new(Digest) }

// Sum returns the hash of data.
func Sum(data []byte) (out [Size]byte) {
	var d Digest
	d.Write(data)
	d.Sum(out[:0])
	return out
}

// Reset forgets everything written.
func (d *Digest) Reset() { *d = Digest{} }

// Size is 32.
func (d *Digest) Size() int { return Size }

// BlockSize is 32.
func (d *Digest) BlockSize() int { return BlockSize }

// Clone returns a copy that goes its own way.
func (d *Digest) Clone() (hash.Cloner, error) {
	c := *d
	return &c, nil
}

// Write adds octets to the message; it never fails.
func (d *Digest) Write(p []byte) (int, error) {
	written := len(p)
	d.octets += uint64(written)
	if d.fill > 0 {
		n := copy(d.buf[d.fill:], p)
		d.fill += n
		p = p[n:]
		if d.fill < BlockSize {
			return written, nil
		}
		d.block(d.buf[:])
		d.fill = 0
	}
	for len(p) >= BlockSize {
		d.block(p[:BlockSize])
		p = p[BlockSize:]
	}
	d.fill = copy(d.buf[:], p)
	return written, nil
}

// Sum appends the hash of what was written to b; more may be written after.
func (d *Digest) Sum(b []byte) []byte {
	c := *d
	if c.fill > 0 {
		clear(c.buf[c.fill:])
		c.block(c.buf[:])
	}
	// RFC 5831 §6.1: the length in bits, then the sum of the blocks.
	step(&c.h, &block{c.octets << 3, c.octets >> 61})
	step(&c.h, &c.sum)
	var out [Size]byte
	for i, w := range c.h {
		binary.LittleEndian.PutUint64(out[8*i:], w)
	}
	return append(b, out[:]...)
}

// block takes one whole block.
func (d *Digest) block(p []byte) {
	_ = p[BlockSize-1]
	var m block
	var c uint64
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(p[8*i:])
		d.sum[i], c = bits.Add64(d.sum[i], m[i], c)
	}
	step(&d.h, &m)
}

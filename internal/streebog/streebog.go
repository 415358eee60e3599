// Package streebog implements the hash functions of GOST R 34.11-2012, known
// as Streebog (RFC 6986; in Kazakhstan GOST R 34.11-2015), with 256 and 512
// bit results.
//
// The result octets are in the order every implementation in use emits them
// (OpenSSL, Bouncy Castle, Kalkan): the least significant octet of the
// standard's vector first. A Digest never allocates: Write, Reset and Sum into
// a slice with room work on the Digest itself.
//
// On amd64 processors with AVX-512 (F, BW, VBMI) and GFNI the compression is
// vector code that uses no look-up in memory: its time depends on the length of
// the message alone. Sum512Pair, Sum512Each and WritePair hash two messages
// side by side there, which is a third faster than one after the other.
//
// Everywhere else, and with the build tag purego, it is table driven: 16 KiB of
// tables are indexed by the data, so hashing a secret (as the nonce generator
// of package gost3410 does) leaves a trace in the cache of the same core. See
// there for what that means.
package streebog

import (
	"encoding/binary"
	"hash"
	"math/bits"
)

const (
	// Size256 and Size512 are the sizes of the results in octets.
	Size256 = 32
	Size512 = 64
	// BlockSize is the size of a block in octets, as HMAC needs it.
	BlockSize = 64
)

// Digest is a running hash; it implements hash.Hash and hash.Cloner. Make it
// with New256 or New512. The zero value computes Streebog-512.
type Digest struct {
	state
	buf   [BlockSize]byte // the block being filled
	fill  int             // octets in buf
	short bool            // 256 bit result
}

var _ hash.Cloner = (*Digest)(nil)

// New256 starts a hash of 256 bits.
func New256() *Digest {
	d := &Digest{short: true}
	d.Reset()
	return d
}

// New512 starts a hash of 512 bits.
func New512() *Digest { return new(Digest) }

// Sum256 returns the 256-bit hash of data.
func Sum256(data []byte) (out [Size256]byte) {
	d := Digest{short: true}
	d.Reset()
	d.Write(data)
	d.Sum(out[:0])
	return out
}

// Sum512 returns the 512-bit hash of data.
func Sum512(data []byte) (out [Size512]byte) {
	var d Digest
	d.Write(data)
	d.Sum(out[:0])
	return out
}

// Reset forgets everything written, and with it what the state tells of it.
func (d *Digest) Reset() {
	*d = Digest{short: d.short}
	if d.short {
		for i := range d.h {
			d.h[i] = 0x0101010101010101
		}
	}
}

// Size is the number of octets Sum appends.
func (d *Digest) Size() int {
	if d.short {
		return Size256
	}
	return Size512
}

// BlockSize is 64.
func (d *Digest) BlockSize() int { return BlockSize }

// Clone returns a copy that goes its own way.
func (d *Digest) Clone() (hash.Cloner, error) {
	c := *d
	return &c, nil
}

// Write adds octets to the message; it never fails.
func (d *Digest) Write(p []byte) (int, error) {
	written := len(p)
	if d.fill > 0 {
		n := copy(d.buf[d.fill:], p)
		d.fill += n
		p = p[n:]
		if d.fill < BlockSize {
			return written, nil
		}
		d.blocks(d.buf[:], 8*BlockSize)
		d.fill = 0
	}
	if whole := len(p) &^ (BlockSize - 1); whole > 0 {
		d.blocks(p[:whole], 8*BlockSize)
		p = p[whole:]
	}
	d.fill = copy(d.buf[:], p)
	return written, nil
}

// Sum appends the hash of what was written to b; more may be written after.
func (d *Digest) Sum(b []byte) []byte {
	c := *d
	c.finish()
	var out [Size512]byte
	store(out[:], &c.h)
	if d.short {
		return append(b, out[Size512-Size256:]...)
	}
	return append(b, out[:]...)
}

// finish pads, and mixes in the length and the sum (§10, stage 3).
func (d *Digest) finish() {
	clear(d.buf[d.fill:])
	d.buf[d.fill] = 1
	d.blocks(d.buf[:], 8*uint64(d.fill))
	var last [2 * BlockSize]byte
	d.lengthAndSum(&last)
	d.blocks(last[:], 0)
}

// lengthAndSum gives the last two blocks, which are taken with n = 0.
func (s *state) lengthAndSum(last *[2 * BlockSize]byte) {
	store(last[:BlockSize], &s.n)
	store(last[BlockSize:], &s.sum)
	s.n = [8]uint64{}
}

func store(p []byte, w *[8]uint64) {
	for i, v := range w {
		binary.LittleEndian.PutUint64(p[8*i:], v)
	}
}

func load(m *[8]uint64, p []byte) {
	_ = p[BlockSize-1]
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(p[8*i:])
	}
}

func add(n *[8]uint64, v uint64) {
	var c uint64
	n[0], c = bits.Add64(n[0], v, 0)
	for i := 1; c != 0 && i < len(n); i++ {
		n[i], c = bits.Add64(n[i], 0, c)
	}
}

func addBlock(s, m *[8]uint64) {
	var c uint64
	for i := range s {
		s[i], c = bits.Add64(s[i], m[i], c)
	}
}

package gost3410

import (
	"slices"

	"tanba/internal/gost341194"
	"tanba/internal/streebog"
)

// nonceSource is HMAC under the secret K of the package comment, with K and V
// already absorbed: only the pair of states that belongs to the curve is used.
type nonceSource struct {
	streebogInner, streebogOuter streebog.Digest
	gostInner, gostOuter         gost341194.Digest
}

// init derives K and V from the scalar as RFC 6979 §3.2 b-g does, once.
func (n *nonceSource) init(c *Curve, scalarLE []byte) {
	var kb, vb, db, block [64]byte
	k, v, d := kb[:c.size], vb[:c.size], db[:c.size]
	copy(d, scalarLE)
	slices.Reverse(d)
	for i := range v {
		v[i] = 1
	}
	for separator := range byte(2) {
		n.key(c, k, &block)
		n.sum(c, k, v, []byte{separator}, d)
		n.key(c, k, &block)
		n.sum(c, v, v)
	}
	n.absorb(c, v)
	clear(k)
	clear(v)
	clear(d)
	clear(block[:])
}

// key starts the two hashes of HMAC (RFC 2104) with a key of c.size octets,
// which is never longer than a block.
func (n *nonceSource) key(c *Curve, k []byte, block *[64]byte) {
	n.streebogInner, n.streebogOuter = *streebog.New512(), *streebog.New512()
	if c.c256 != nil {
		n.streebogInner, n.streebogOuter = *streebog.New256(), *streebog.New256()
	}
	n.gostInner.Reset()
	n.gostOuter.Reset()
	pad := func(x byte) {
		for i := range block {
			block[i] = x
			if i < len(k) {
				block[i] ^= k[i]
			}
		}
	}
	pad(0x36)
	if c.oldHash() {
		n.gostInner.Write(block[:gost341194.BlockSize])
	} else {
		n.streebogInner.Write(block[:])
	}
	pad(0x5c)
	if c.oldHash() {
		n.gostOuter.Write(block[:gost341194.BlockSize])
	} else {
		n.streebogOuter.Write(block[:])
	}
}

// oldHash tells whether nonces of the curve are made with GOST 34.311-95.
func (c *Curve) oldHash() bool { return c.c256 != nil && c.c256.prime }

// sum puts HMAC(parts…) into out, which may be one of the parts.
func (n *nonceSource) sum(c *Curve, out []byte, parts ...[]byte) {
	var t [64]byte
	if c.oldHash() {
		inner, outer := n.gostInner, n.gostOuter
		for _, p := range parts {
			inner.Write(p)
		}
		outer.Write(inner.Sum(t[:0]))
		outer.Sum(out[:0])
	} else {
		inner, outer := n.streebogInner, n.streebogOuter
		for _, p := range parts {
			inner.Write(p)
		}
		outer.Write(inner.Sum(t[:0]))
		outer.Sum(out[:0])
	}
	clear(t[:])
}

// absorb makes V the first octets of every message.
func (n *nonceSource) absorb(c *Curve, v []byte) {
	if c.oldHash() {
		n.gostInner.Write(v)
	} else {
		n.streebogInner.Write(v)
	}
}

func (n *nonceSource) streebog512(out *[64]byte, message []byte) {
	inner, outer := n.streebogInner, n.streebogOuter
	inner.Write(message)
	outer.Write(inner.Sum(out[:0]))
	outer.Sum(out[:0])
	inner.Reset()
	outer.Reset()
}

func (n *nonceSource) streebog256(out *[32]byte, message []byte) {
	inner, outer := n.streebogInner, n.streebogOuter
	inner.Write(message)
	outer.Write(inner.Sum(out[:0]))
	outer.Sum(out[:0])
	inner.Reset()
	outer.Reset()
}

func (n *nonceSource) gost341194(out *[32]byte, message []byte) {
	inner, outer := n.gostInner, n.gostOuter
	inner.Write(message)
	outer.Write(inner.Sum(out[:0]))
	outer.Sum(out[:0])
	inner.Reset()
	outer.Reset()
}

//go:build amd64 && !purego

package gost3410

import (
	"fmt"
	"io"
	"sync"
)

// inLanes tells how many of n signatures to make in lanes: a group of eight
// costs as much as three single ones.
func inLanes(n int) int {
	if !useIFMA {
		return 0
	}
	if n%8 < 3 {
		return n &^ 7
	}
	return n
}

// batch is what signLanes works with.
type batch struct {
	scratch scratch8
	groups  [BatchSize / 8]struct {
		sum     points8
		product lanes // of the zz of this group and those before
		digits  [sharedWindows][8]uint8
	}
	nonces [BatchSize]sc512
	e      [BatchSize]sc512
	random [BatchSize * 64]byte
	inputs [BatchSize]input
	again  [BatchSize]bool // to be done one by one
}

var batches = sync.Pool{New: func() any { return aligned[batch]() }}

// signLanes signs at most BatchSize digests, eight in the lanes of a group, and
// all with one inversion.
func (k *PrivateKey) signLanes(signatures []byte, random io.Reader, digests []byte) error {
	c, n := k.pub.curve.c512, len(digests)/64
	b := batches.Get().(*batch)
	defer func() {
		*b = batch{}
		batches.Put(b)
	}()
	if err := fill(random, b.random[:64*n]); err != nil {
		return fmt.Errorf("gost3410: randomness for the nonce: %w", err)
	}
	for i := range n {
		b.e[i] = c.digest(digests[64*i:][:64])
		in := &b.inputs[i]
		in.size = 64
		b.e[i].bigEndian(in.octets[:64])
		copy(in.octets[64:], b.random[64*i:][:64])
		var try byte
		if !k.nonce512(&b.nonces[i], in, &try) {
			return ErrFault
		}
	}
	groups := (n + 7) / 8
	b.baseMult(c, groups)
	for g := range groups {
		c.vector.intact(b, g)
	}
	sound := b.invert(groups)
	for i := range n {
		var x fe512
		x.get(&b.groups[i/8].sum.x, i%8)
		signature := signatures[128*i:][:128]
		if b.again[i] || !sound || c.finish(signature, &x, &k.d512, &b.e[i], &b.nonces[i]) {
			if err := k.finish512(signature, &b.e[i], &b.inputs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// baseMult sets the points of the groups to ±k·G for their nonces k, whichever
// sign: x is the same. For the exceptions of the addition law see
// curve512.baseMultGo; where one is met, zz is zero.
//
// Window follows window, and within it group follows group, so that the window
// stays in the cache.
func (b *batch) baseMult(c *curve512, groups int) {
	table := c.sharedTable()
	var odd sc512
	for i := range 8 * groups {
		digits := &b.groups[i/8].digits
		c.order.odd(&odd, &b.nonces[i])
		cut(&odd, sharedWidth, sharedWindows, func(j int, d uint8) { digits[j][i%8] = d })
	}
	clear(odd[:])
	flip := uint64(0) // the sums have the other sign
	for j := range table {
		for g := range groups {
			group := &b.groups[g]
			pickShared8(&b.scratch, &table[j], &group.digits[j], flip)
			if j == 0 {
				setPoints8(&group.sum, &b.scratch)
			} else {
				addPoints8(&group.sum, &b.scratch)
			}
		}
		if j > 0 {
			flip = ^flip
		}
	}
}

// constants8 are the coefficients of the curve in all lanes.
type constants8 struct{ a, b lanes }

// intact is curve512.intact for a group: points that are not are marked to be
// done again, which tells a fault from an exception of the addition law, and
// replaced by something that can be inverted.
func (v *vectorTables) intact(b *batch, g int) {
	p, t := &b.groups[g].sum, &b.scratch.t
	z, r, l, u := &t[0], &t[1], &t[2], &t[3]
	sqrIFMA(z, &p.zz)
	sqrIFMA(r, &p.x)
	mulIFMA(u, &v.constants.a, z)
	addIFMA(r, r, u)
	mulIFMA(r, r, &p.x)
	mulIFMA(z, z, &p.zz)
	mulIFMA(u, &v.constants.b, z)
	addIFMA(r, r, u)
	sqrIFMA(l, &p.y)
	subIFMA(l, l, r)
	sqrIFMA(u, &p.zzz)
	subIFMA(u, u, z)
	for lane := range 8 {
		var equation, form, zz fe512
		equation.get(l, lane)
		form.get(u, lane)
		zz.get(&p.zz, lane)
		if equation.isZero()&form.isZero()&(1-zz.isZero()) != 1 {
			b.again[8*g+lane] = true
			p.zz.set(lane, &fe512{1})
		}
	}
}

// invert replaces the x of all points by x/zz and tells whether the inverses
// are right. Inverses come from one: first of the products of the groups, lane
// by lane, then of the product of the lanes (Montgomery's trick); nothing is
// zero there.
func (b *batch) invert(groups int) bool {
	b.groups[0].product = b.groups[0].sum.zz
	for g := 1; g < groups; g++ {
		mulIFMA(&b.groups[g].product, &b.groups[g-1].product, &b.groups[g].sum.zz)
	}
	inverse, one, check := &b.scratch.t[0], &b.scratch.t[1], &b.scratch.t[2]
	inverses(inverse, &b.groups[groups-1].product)
	sound := uint64(1)
	for g := groups - 1; g >= 0; g-- {
		p := &b.groups[g].sum
		if g > 0 {
			mulIFMA(one, inverse, &b.groups[g-1].product)
			mulIFMA(inverse, inverse, &p.zz)
		} else {
			*one = *inverse
		}
		mulIFMA(check, one, &p.zz)
		for lane := range 8 {
			var z fe512
			z.get(check, lane)
			sound &= z.equal(&fe512{1})
		}
		mulIFMA(&p.x, &p.x, one)
	}
	return sound == 1
}

// inverses inverts lane by lane, none of which is zero.
func inverses(z, x *lanes) {
	var before, all [8]fe512 // products of the lanes before, the lanes
	product := fe512{1}
	for l := range all {
		all[l].get(x, l)
		before[l] = product
		product.mul(&product, &all[l])
	}
	product.invert(&product)
	for l := 7; l >= 0; l-- {
		before[l].mul(&before[l], &product)
		product.mul(&product, &all[l])
		z.set(l, &before[l])
	}
	clear(before[:])
	clear(all[:])
}

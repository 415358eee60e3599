package gost3410

import "sync"

// The multiple of the fixed base of 512 bits, without vector code: the points of
// two neighbouring windows are added in affine form, with one inversion for all
// pairs, which costs 5 multiplications and a square in place of 8 and 2; then
// the 43 sums are added up. On the fields of 256 bits the inversion costs more
// than it saves.

// paired512 is what that works with.
type paired512 struct {
	points  [86]affine512 // of the windows; then those below 43 of the pairs
	product [43]fe512     // of the differences of x of a pair and those before
}

var paireds = sync.Pool{New: func() any { return new(paired512) }}

// add replaces the points by the sums of the pairs and returns these. The points
// of a pair must be neither equal nor opposite; those of neighbouring windows are
// not, for odd multiples d·2^w and e·2^(w+6) of G, |d|, |e| < 64, differ by a
// multiple of 2^w and not of q.
func (w *paired512) add() []affine512 {
	var d, inverse, one, slope, x fe512
	for i := range w.product {
		p, q := &w.points[2*i], &w.points[2*i+1]
		w.product[i].sub(&q.x, &p.x)
		if i > 0 {
			w.product[i].mul(&w.product[i], &w.product[i-1])
		}
	}
	inverse.invert(&w.product[len(w.product)-1])
	for i := len(w.product) - 1; i >= 0; i-- {
		p, q := &w.points[2*i], &w.points[2*i+1]
		one = inverse
		if i > 0 {
			one.mul(&inverse, &w.product[i-1])
			d.sub(&q.x, &p.x)
			inverse.mul(&inverse, &d)
		}
		slope.sub(&q.y, &p.y)
		slope.mul(&slope, &one)
		x.sqr(&slope)
		x.sub(&x, &p.x)
		x.sub(&x, &q.x)
		d.sub(&p.x, &x)
		slope.mul(&slope, &d)
		p.y.sub(&slope, &p.y)
		p.x = x
	}
	for i := range w.product {
		w.points[i] = w.points[2*i]
	}
	return w.points[:len(w.product)]
}

// baseMultGo sets p = k·G for 0 < k < q, in constant time.
//
// The accumulator always is a smaller odd multiple than the point added, and
// before the last pair their sum stays below q (the generator checks the width),
// so add meets an exception only in the last pair, and there for one k only: a
// public value, met with probability 1/q.
func (c *curve512) baseMultGo(p *xyzz512, k *sc512) {
	windows := c.table()
	var n sc512
	negate := c.order.odd(&n, k)
	digits := recode512(&n)
	w := paireds.Get().(*paired512)
	for i := range windows {
		windows[i].pick(&w.points[i], digits[i])
	}
	sums := w.add()
	p.set(&sums[0])
	for i := range sums[1:] {
		p.add(&sums[1+i])
	}
	if p.zz.isZero() == 1 {
		c.double(p, &sums[len(sums)-1])
	}
	p.y.negateIf(negate)
	clear(n[:])
	clear(digits[:])
	*w = paired512{}
	paireds.Put(w)
}

// addBaseMultGo adds k·G to p, 0 < k < q; for public values.
func (c *curve512) addBaseMultGo(p *xyzz512, k *sc512) {
	windows := c.table()
	var n sc512
	negate := c.order.odd(&n, k)
	digits := recode512(&n)
	w := paireds.Get().(*paired512)
	defer paireds.Put(w)
	for i, b := range digits {
		negative := uint64(b>>(6-1)) - 1
		w.points[i] = windows[i][(uint64(b)^negative)&(32-1)]
		w.points[i].y.negateIf(negative ^ negate)
	}
	sums := w.add()
	for i := range sums {
		c.addComplete(p, &sums[i])
	}
}

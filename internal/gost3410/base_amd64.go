//go:build amd64 && !purego

package gost3410

import "sync"

// vectorTables are the tables of the fixed base for eight lanes, made when they
// are needed first.
type vectorTables struct {
	own, shared sync.Once
	ownTable    *[ownRows]ownWindows
	sharedTable *[sharedWindows]sharedWindow
	constants   *constants8
}

// For one signature each lane adds up the windows of one eighth of the scalar.
const (
	ownWidth = 5
	ownRows  = 13 // windows of a lane: 8·13·5 ≥ 512
)

// ownWindows holds one window of each lane: entry, word (x, then y), lane.
type ownWindows [1 << (ownWidth - 1)][16][8]uint64

// For eight signatures each lane adds up the windows of its own scalar.
const (
	sharedWidth   = 8
	sharedWindows = 64
)

// sharedWindow is one window: word (x, then y), entry.
type sharedWindow [16][1 << (sharedWidth - 1)]uint64

func (c *curve512) ownTable() *[ownRows]ownWindows {
	v := &c.vector
	v.own.Do(func() {
		table := aligned[[ownRows]ownWindows]()
		c.eachWindow(ownWidth, 8*ownRows, func(i int, a []affine512) {
			for j := range a {
				for w := range 8 {
					table[i%ownRows][j][w][i/ownRows] = a[j].x[w]
					table[i%ownRows][j][8+w][i/ownRows] = a[j].y[w]
				}
			}
		})
		v.ownTable = table
	})
	return v.ownTable
}

func (c *curve512) sharedTable() *[sharedWindows]sharedWindow {
	v := &c.vector
	v.shared.Do(func() {
		table := aligned[[sharedWindows]sharedWindow]()
		c.eachWindow(sharedWidth, sharedWindows, func(i int, a []affine512) {
			for j := range a {
				for w := range 8 {
					table[i][w][j] = a[j].x[w]
					table[i][8+w][j] = a[j].y[w]
				}
			}
		})
		v.sharedTable = table
		v.constants = aligned[constants8]()
		v.constants.a.fill(&c.a)
		v.constants.b.fill(&c.b)
	})
	return v.sharedTable
}

// cut writes digit i of an odd k to put(i, b): it is recode512 for other
// widths.
func cut(k *sc512, width, count int, put func(i int, b uint8)) {
	var t [9]uint64
	for i := range k {
		t[i] = k[i] >> 1
		if i+1 < len(k) {
			t[i] |= k[i+1] << 63
		}
	}
	top := width*count - 1
	t[top/64] |= 1 << (top % 64)
	for i := range count {
		w, s := width*i/64, width*i%64
		v := t[w] >> s
		if s > 64-width {
			v |= t[w+1] << (64 - s)
		}
		put(i, uint8(v&(1<<width-1)))
	}
	clear(t[:])
}

// oneBase is what baseMultIFMA works with.
type oneBase struct {
	sum     points8
	scratch scratch8
	digits  [ownRows][8]uint8
}

var oneBases = sync.Pool{New: func() any { return aligned[oneBase]() }}

// baseMultIFMA sets p = k·G in constant time, unless it meets an exception of
// the addition law: then it returns false.
//
// Lane l adds up the windows from ownRows·l on. What a lane holds is a smaller
// odd multiple than the next it adds, and both are multiples of the lane's
// power of two, which no small multiple of q is: so there are no exceptions in
// the lanes. The lanes are added up from the lowest: for the same reason only
// the last of these additions has one, a doubling, for one k: a public value,
// met with probability 1/q.
func (c *curve512) baseMultIFMA(p *xyzz512, k *sc512) bool {
	table := c.ownTable()
	w := oneBases.Get().(*oneBase)
	var n sc512
	negate := c.order.odd(&n, k)
	cut(&n, ownWidth, 8*ownRows, func(i int, b uint8) { w.digits[i%ownRows][i/ownRows] = b })
	pickOwn8(&w.scratch, &table[0], &w.digits[0], 0)
	setPoints8(&w.sum, &w.scratch)
	flip := uint64(0) // the sum has the other sign
	for i := 1; i < ownRows; i++ {
		pickOwn8(&w.scratch, &table[i], &w.digits[i], flip)
		addPoints8(&w.sum, &w.scratch)
		flip = ^flip
	}
	p.get(&w.sum, 0)
	for l := 1; l < 8; l++ {
		var q xyzz512
		q.get(&w.sum, l)
		p.sum(&q)
	}
	p.y.negateIf(negate ^ flip)
	clear(n[:])
	*w = oneBase{}
	oneBases.Put(w)
	return p.zz.isZero() == 0
}

// sum adds q to p in constant time (add-2008-s of the EFD); it is exact unless
// one of them is infinity or p = ±q: then zz becomes zero.
func (p *xyzz512) sum(q *xyzz512) {
	var d, r, dd, ddd, u, s, t fe512
	u.mul(&p.x, &q.zz)
	d.mul(&q.x, &p.zz)
	d.sub(&d, &u)
	s.mul(&p.y, &q.zzz)
	r.mul(&q.y, &p.zzz)
	r.sub(&r, &s)
	dd.sqr(&d)
	ddd.mul(&dd, &d)
	u.mul(&u, &dd)
	p.zz.mul(&p.zz, &q.zz)
	p.zz.mul(&p.zz, &dd)
	p.zzz.mul(&p.zzz, &q.zzz)
	p.zzz.mul(&p.zzz, &ddd)
	t.sqr(&r)
	t.sub(&t, &ddd)
	t.sub(&t, &u)
	p.x.sub(&t, &u)
	u.sub(&u, &p.x)
	u.mul(&u, &r)
	s.mul(&s, &ddd)
	p.y.sub(&u, &s)
}

// addPoints is sum for all points; its time shows which case was met, so it is
// for public points.
func (c *curve512) addPoints(p, q *xyzz512) {
	if q.zz.isZero() == 1 {
		return
	}
	before := *p
	p.sum(q)
	if p.zz.isZero() == 1 {
		var a affine512
		a.normalize(q)
		*p = before
		c.addComplete(p, &a)
	}
}

//go:build amd64 && !purego

package gost3410

import "unsafe"

// lanes is eight elements of the field of 512 bits, limb by limb of 52 bits:
// limbs 0 to 8 are below 2^52, limb 9 is below 2^45.
type lanes [10][8]uint64

// points8 is eight points in the form of xyzz512.
type points8 struct{ x, y, zz, zzz lanes }

// scratch8 is what the additions of points work with. The assembly knows the
// order of the fields.
type scratch8 struct {
	x, y  lanes     // the affine points to add
	t     [4]lanes  // intermediate results
	minus [8]uint64 // all ones: subtract the point
}

//go:noescape
func mulIFMA(z, x, y *lanes)

//go:noescape
func sqrIFMA(z, x *lanes)

//go:noescape
func addIFMA(z, x, y *lanes)

//go:noescape
func subIFMA(z, x, y *lanes)

// setPoints8 sets p to the affine points of s or, where s says so, their
// negatives.
//
//go:noescape
func setPoints8(p *points8, s *scratch8)

// addPoints8 sets p to the negative of p plus, or minus, the affine points of
// s. Exceptions of the addition law are as in xyzz512.add.
//
//go:noescape
func addPoints8(p *points8, s *scratch8)

// pickOwn8 sets the affine points of s to what eight digits of ownWidth stand
// for, each in the window of its lane; flip exchanges adding and subtracting.
//
//go:noescape
func pickOwn8(s *scratch8, window *ownWindows, digits *[8]uint8, flip uint64)

// pickShared8 is pickOwn8 with one window of sharedWidth for all lanes.
//
//go:noescape
func pickShared8(s *scratch8, window *sharedWindow, digits *[8]uint8, flip uint64)

const mask52 = 1<<52 - 1

// set puts x into lane l.
func (z *lanes) set(l int, x *fe512) {
	for i := range z {
		w, s := 52*i/64, 52*i%64
		v := x[w] >> s
		if s+52 > 64 && w < 7 {
			v |= x[w+1] << (64 - s)
		}
		z[i][l] = v & mask52
	}
}

// fill puts x into all lanes.
func (z *lanes) fill(x *fe512) {
	for l := range 8 {
		z.set(l, x)
	}
}

// get takes z from lane l.
func (z *fe512) get(x *lanes, l int) {
	var t fe512
	for i := range 9 {
		w, s := 52*i/64, 52*i%64
		t[w] |= x[i][l] << s
		if s+52 > 64 {
			t[w+1] |= x[i][l] >> (64 - s)
		}
	}
	t[7] |= x[9][l] << 20
	z.add(&t, &fe512{x[9][l] >> 44 * 569})
}

// get takes p from lane l.
func (p *xyzz512) get(x *points8, l int) {
	p.x.get(&x.x, l)
	p.y.get(&x.y, l)
	p.zz.get(&x.zz, l)
	p.zzz.get(&x.zzz, l)
}

// aligned makes a T whose vectors do not cross lines of the cache.
func aligned[T any]() *T {
	type padded struct {
		v T
		_ [64]byte
	}
	p := unsafe.Pointer(new(padded))
	return (*T)(unsafe.Add(p, -uintptr(p)&63))
}

//go:build amd64 && !purego

package gost3410

import (
	"math/rand/v2"
	"testing"
)

// edge fills z with limbs that are likely to sit on an edge, or with the
// largest there are.
func (z *lanes) edge(r *rand.Rand, largest bool) {
	for i := range z {
		for l := range 8 {
			limb := uint64(1<<52 - 1)
			if i == 9 {
				limb = 1<<45 - 1
			}
			switch kind := r.IntN(4); {
			case largest || kind == 0:
			case kind == 1:
				limb = 0
			default:
				limb &= r.Uint64()
			}
			z[i][l] = limb
		}
	}
}

// The addition of points against the one for a single point, with coordinates
// at the ends of their range: it is a polynomial, whatever they mean.
func TestAddPoints8(t *testing.T) {
	if !useIFMA {
		t.Skip("no IFMA")
	}
	r := rand.New(rand.NewPCG(11, 12))
	w := aligned[oneBase]()
	p, s := &w.sum, &w.scratch
	for i := range 5000 {
		for _, e := range []*lanes{&p.x, &p.y, &p.zz, &p.zzz, &s.x, &s.y} {
			e.edge(r, i == 0)
		}
		var want [8]xyzz512
		for l := range want {
			s.minus[l] = -(r.Uint64() & 1)
			want[l].get(p, l)
			var a affine512
			a.x.get(&s.x, l)
			a.y.get(&s.y, l)
			a.y.negateIf(s.minus[l])
			want[l].addGo(&a)
		}
		addPoints8(p, s)
		for l := range want {
			var got xyzz512
			got.get(p, l)
			got.zzz.negateIf(1<<64 - 1)
			if got.x.equal(&want[l].x)&got.y.equal(&want[l].y)&got.zz.equal(&want[l].zz)&got.zzz.equal(&want[l].zzz) != 1 {
				t.Fatalf("case %d, lane %d", i, l)
			}
			for _, e := range []*lanes{&p.x, &p.y, &p.zz, &p.zzz} {
				for j := range e {
					if e[j][l]>>52 != 0 || j == 9 && e[j][l]>>45 != 0 {
						t.Fatalf("case %d, lane %d: limb %d is %#x", i, l, j, e[j][l])
					}
				}
			}
		}
	}
}

// Every digit in every lane picks its entry, and its sign.
func TestPick8(t *testing.T) {
	if !useIFMA {
		t.Skip("no IFMA")
	}
	c, s := TC26A512().c512, &aligned[oneBase]().scratch
	check := func(kind string, digits *[8]uint8, width int, flip uint64, word func(lane, entry, w int) uint64) {
		t.Helper()
		for l, b := range digits {
			negative := uint64(b>>(width-1)) - 1
			entry := int((uint64(b) ^ negative) & (1<<(width-1) - 1))
			var x, y fe512
			x.get(&s.x, l)
			y.get(&s.y, l)
			for i := range 8 {
				if x[i] != word(l, entry, i) || y[i] != word(l, entry, 8+i) {
					t.Fatalf("%s: digit %d in lane %d, word %d", kind, b, l, i)
				}
			}
			if s.minus[l] != negative^flip {
				t.Fatalf("%s: digit %d in lane %d: sign %x", kind, b, l, s.minus[l])
			}
		}
	}
	for b := range 256 {
		var digits [8]uint8
		for l := range digits {
			digits[l] = uint8(b + 31*l)
		}
		flip := -uint64(b & 1)
		shared := &c.sharedTable()[b%sharedWindows]
		pickShared8(s, shared, &digits, flip)
		check("shared", &digits, sharedWidth, flip, func(_, entry, w int) uint64 { return shared[w][entry] })
		for l := range digits {
			digits[l] %= 1 << ownWidth
		}
		own := &c.ownTable()[b%ownRows]
		pickOwn8(s, own, &digits, flip)
		check("own", &digits, ownWidth, flip, func(lane, entry, w int) uint64 { return own[entry][w][lane] })
	}
}

// Eight elements at once against one, with limbs at the ends of their range.
func TestLanes(t *testing.T) {
	if !useIFMA {
		t.Skip("no IFMA")
	}
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 20000 {
		var x, y, z lanes
		x.edge(r, i == 0)
		y.edge(r, i < 2)
		check := func(name string, f func(z, x, y *fe512)) {
			t.Helper()
			for l := range 8 {
				var a, b, c, d fe512
				a.get(&x, l)
				b.get(&y, l)
				f(&c, &a, &b)
				d.get(&z, l)
				if c.equal(&d) != 1 {
					t.Fatalf("%s: lane %d", name, l)
				}
				for i := range z {
					if z[i][l]>>52 != 0 || i == 9 && z[i][l]>>45 != 0 {
						t.Fatalf("%s: limb %d", name, i)
					}
				}
			}
		}
		mulIFMA(&z, &x, &y)
		check("mul", (*fe512).mulGo)
		sqrIFMA(&z, &x)
		check("sqr", func(z, x, _ *fe512) { z.sqrGo(x) })
		addIFMA(&z, &x, &y)
		check("add", (*fe512).add)
		subIFMA(&z, &x, &y)
		check("sub", (*fe512).sub)
	}
}

// The parts of signing in lanes.
func BenchmarkLanes(b *testing.B) {
	if !useIFMA {
		b.Skip("no IFMA")
	}
	c := TC26A512().c512
	var digits [8]uint8
	w := aligned[oneBase]()
	pickShared8(&w.scratch, &c.sharedTable()[0], &digits, 0)
	setPoints8(&w.sum, &w.scratch)
	x, y := &w.sum.x, &w.sum.y
	for name, f := range map[string]func(){
		"mul":        func() { mulIFMA(x, x, y) },
		"sqr":        func() { sqrIFMA(x, x) },
		"addPoints":  func() { addPoints8(&w.sum, &w.scratch) },
		"pickOwn":    func() { pickOwn8(&w.scratch, &c.ownTable()[0], &digits, 0) },
		"pickShared": func() { pickShared8(&w.scratch, &c.sharedTable()[0], &digits, 0) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}

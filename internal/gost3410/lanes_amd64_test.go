//go:build amd64 && !purego

package gost3410

import (
	"math/rand/v2"
	"testing"
)

// Eight elements at once against one, with limbs at the ends of their range.
func TestLanes(t *testing.T) {
	if !useIFMA {
		t.Skip("no IFMA")
	}
	r := rand.New(rand.NewPCG(7, 8))
	edge := func(z *lanes) {
		for i := range z {
			for l := range 8 {
				bits := uint64(1<<52 - 1)
				if i == 9 {
					bits = 1<<45 - 1
				}
				switch r.IntN(4) {
				case 0:
					z[i][l] = bits
				case 1:
					z[i][l] = 0
				default:
					z[i][l] = r.Uint64() & bits
				}
			}
		}
	}
	for range 20000 {
		var x, y, z lanes
		edge(&x)
		edge(&y)
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

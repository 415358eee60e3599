package gost3410

import (
	"math/big"
	"testing"
)

// mult and addBaseMult against the reference, with random and awkward factors.
func TestMultiples(t *testing.T) {
	for _, c := range curves {
		r := referenceOf(c)
		for i := range 12 {
			a := generate(t, c)
			k := le(generate(t, c).Bytes())
			z := le(generate(t, c).Bytes())
			switch i {
			case 0:
				k = big.NewInt(1)
			case 1:
				k = new(big.Int).Sub(r.q, big.NewInt(1))
			case 2: // the last digit of the non-adjacent form meets -acc or acc
				k = new(big.Int).Sub(r.q, big.NewInt(14))
			}
			want := r.add(r.mul(k, publicPoint(a.PublicKey())), r.mul(z, point{r.gx, r.gy}))
			var got point
			if c.c512 != nil {
				var p xyzz512
				var out affine512
				ks, zs := scalar512(r.octets(k)), scalar512(r.octets(z))
				c.c512.mult(&p, &a.pub.p512, &ks)
				c.c512.addBaseMult(&p, &zs)
				out.normalize(&p)
				got = point{toBig(out.x[:]), toBig(out.y[:])}
			} else {
				var p xyzz256
				var out affine256
				ks, zs := scalar256(r.octets(k)), scalar256(r.octets(z))
				c.c256.mult(&p, &a.pub.p256, &ks)
				c.c256.addBaseMult(&p, &zs)
				out.normalize(&p)
				got = point{toBig(out.x[:]), toBig(out.y[:])}
			}
			if got.x.Cmp(want.x) != 0 || got.y.Cmp(want.y) != 0 {
				t.Errorf("%s, case %d: got (%x, %x)", c, i, got.x, got.y)
			}
		}
	}
}

// The complete additions with every exception: infinity, equal and opposite
// points, on both sides.
func TestCompleteAddition(t *testing.T) {
	c5, c2 := TC26A512().c512, TC26A256().c256
	at5 := func(k int64) (a affine512) { // k·G
		p := tc512.mul(new(big.Int).Mod(big.NewInt(k), tc512.q), point{tc512.gx, tc512.gy})
		a.x.setBytes(tc512.octets(p.x))
		a.y.setBytes(tc512.octets(p.y))
		return a
	}
	at2 := func(k int64) (a affine256) {
		p := tc256.mul(new(big.Int).Mod(big.NewInt(k), tc256.q), point{tc256.gx, tc256.gy})
		a.x.setBytes(tc256.octets(p.x))
		a.y.setBytes(tc256.octets(p.y))
		return a
	}
	for _, k := range [][2]int64{{0, 5}, {5, 5}, {5, -5}, {-5, 5}, {1, 2}, {2, 1}, {-3, -3}, {7, -8}} {
		sum := k[0] + k[1]

		var p5 xyzz512
		var j5 jacobian512
		if a := at5(11); k[0] != 0 { // reach k[0] over another point, so that zz ≠ 1
			p5.set(&a)
			j5 = jacobian512{a.x, a.y, fe512{1}}
			a = at5(k[0] - 11)
			c5.addComplete(&p5, &a)
			c5.addJacobian(&j5, &a)
		}
		a5 := at5(k[1])
		c5.addComplete(&p5, &a5)
		c5.addJacobian(&j5, &a5)
		q5 := xyzz512{x: j5.x, y: j5.y}
		q5.zz.sqr(&j5.z)
		q5.zzz.mul(&q5.zz, &j5.z)

		var p2 xyzz256
		var j2 jacobian256
		if a := at2(11); k[0] != 0 {
			p2.set(&a)
			j2 = jacobian256{a.x, a.y, fe256{1}}
			a = at2(k[0] - 11)
			c2.addComplete(&p2, &a)
			c2.addJacobian(&j2, &a)
		}
		a2 := at2(k[1])
		c2.addComplete(&p2, &a2)
		c2.addJacobian(&j2, &a2)
		q2 := xyzz256{x: j2.x, y: j2.y}
		q2.zz.sqr(&j2.z)
		q2.zzz.mul(&q2.zz, &j2.z)

		if sum == 0 {
			if p5.zz.isZero()&q5.zz.isZero()&p2.zz.isZero()&q2.zz.isZero() != 1 {
				t.Errorf("%d + %d is not infinity", k[0], k[1])
			}
			continue
		}
		want5, want2 := at5(sum), at2(sum)
		for i, p := range []xyzz512{p5, q5} {
			var got affine512
			if got.normalize(&p); got != want5 {
				t.Errorf("512 bits, form %d: %d + %d is wrong", i, k[0], k[1])
			}
		}
		for i, p := range []xyzz256{p2, q2} {
			var got affine256
			if got.normalize(&p); got != want2 {
				t.Errorf("256 bits, form %d: %d + %d is wrong", i, k[0], k[1])
			}
		}
	}
}

package gost3410

import (
	"errors"
	"math/big"
	"testing"
)

// forge makes a digest and a valid signature such that verification computes
// z1·G + z2·Q with the given z2, and arrives at k·G. Q = d·G.
func forge(r *reference, d, k, z2 *big.Int) (digest, sig []byte) {
	inv := new(big.Int).ModInverse(z2, r.q)
	x := r.mul(k, point{r.gx, r.gy}).x
	rr := new(big.Int).Mod(x, r.q)
	e := new(big.Int).Mul(rr, inv)
	e.Neg(e).Mod(e, r.q)
	z1 := new(big.Int).Mul(z2, d)
	z1.Sub(k, z1)
	s := z1.Mul(z1, e)
	s.Mod(s, r.q)
	return r.octets(e), append(r.octets(rr), r.octets(s)...)
}

// Keys and signatures chosen so that the additions inside verification meet
// equal points, opposite points and infinity.
func TestVerifyExceptions(t *testing.T) {
	for _, c := range curves {
		r := referenceOf(c)
		small := []int64{1, 2, 3, 7, 14, 16, 31, 32, 63, 64, 65, 128}
		count := 0
		for _, di := range []int64{1, -1, 2, 63, 64, -64} {
			d := new(big.Int).Mod(big.NewInt(di), r.q)
			key, err := NewPrivateKey(c, r.octets(d))
			if err != nil {
				t.Fatal(err)
			}
			for _, zi := range small {
				for _, ki := range []int64{1, 2, zi, 2 * zi, zi * di, 2 * zi * di, -zi * di} {
					for _, sign := range []int64{1, -1} {
						z2 := new(big.Int).Mod(big.NewInt(zi*sign), r.q)
						k := new(big.Int).Mod(big.NewInt(ki), r.q)
						if k.Sign() == 0 || new(big.Int).Mod(new(big.Int).Sub(k, new(big.Int).Mul(z2, d)), r.q).Sign() == 0 {
							continue // s = 0
						}
						digest, sig := forge(r, d, k, z2)
						if !key.PublicKey().Verify(digest, sig) {
							t.Fatalf("%s: d = %d, z2 = %d, k = %d: refused", c, di, zi*sign, ki)
						}
						sig[0] ^= 1
						if key.PublicKey().Verify(digest, sig) {
							t.Fatalf("%s: d = %d, z2 = %d, k = %d: accepted when changed", c, di, zi*sign, ki)
						}
						count++
					}
				}
			}
		}
		if count < 500 {
			t.Errorf("only %d cases", count)
		}
	}
}

// z1·G + z2·Q = infinity is no signature: s = r·d makes it so.
func TestVerifyInfinity(t *testing.T) {
	for _, c := range curves {
		r := referenceOf(c)
		for _, di := range []int64{1, 2, 5, 1 << 40} {
			d := big.NewInt(di)
			key, err := NewPrivateKey(c, r.octets(d))
			if err != nil {
				t.Fatal(err)
			}
			for _, ri := range []int64{1, 2, 3, 99} {
				sig := append(r.octets(big.NewInt(ri)), r.octets(big.NewInt(ri*di))...)
				for _, e := range []int64{0, 1, 2, 77} {
					if key.PublicKey().Verify(r.octets(big.NewInt(e)), sig) {
						t.Errorf("%s: infinity is accepted", c)
					}
				}
			}
		}
	}
}

// r and s out of range are refused although they mean the same modulo q.
func TestVerifyRange(t *testing.T) {
	for _, c := range curves {
		ref := referenceOf(c)
		k := generate(t, c)
		digest := make([]byte, c.size)
		digest[0] = 9
		sig, err := k.AppendSignature(nil, digest)
		if err != nil {
			t.Fatal(err)
		}
		r, s := le(sig[:c.size]), le(sig[c.size:])
		max := new(big.Int).Lsh(big.NewInt(1), uint(8*c.size))
		for name, v := range map[string][2]*big.Int{
			"r = 0":      {new(big.Int), s},
			"s = 0":      {r, new(big.Int)},
			"both 0":     {new(big.Int), new(big.Int)},
			"r = q":      {ref.q, s},
			"s = q":      {r, ref.q},
			"r + q":      {new(big.Int).Add(r, ref.q), s},
			"s + q":      {r, new(big.Int).Add(s, ref.q)},
			"q - s":      {r, new(big.Int).Sub(ref.q, s)},
			"r = 2^n-1":  {new(big.Int).Sub(max, big.NewInt(1)), s},
			"s = 2^n-1":  {r, new(big.Int).Sub(max, big.NewInt(1))},
			"swapped":    {s, r},
			"r = 1, s=1": {big.NewInt(1), big.NewInt(1)},
		} {
			if v[0].Cmp(max) >= 0 || v[1].Cmp(max) >= 0 {
				continue
			}
			if k.PublicKey().Verify(digest, append(ref.octets(v[0]), ref.octets(v[1])...)) {
				t.Errorf("%s: %s is accepted", c, name)
			}
		}
		for _, bad := range [][]byte{nil, sig[1:], append(sig[:len(sig):len(sig)], 0), sig[:c.size]} {
			if k.PublicKey().Verify(digest, bad) {
				t.Errorf("%s: %d octets are accepted", c, len(bad))
			}
		}
	}
}

// x(kG) may be q or more: then r = x mod q is less than x. On TC26A256 that is
// three quarters of all signatures, on the others none ever met.
func TestVerifyReducedX(t *testing.T) {
	c, ref := TC26A256(), tc256
	seen := map[int64]int{}
	for i := int64(1); i < 60; i++ {
		x := ref.mul(big.NewInt(i), point{ref.gx, ref.gy}).x
		q := new(big.Int).Div(x, ref.q)
		seen[q.Int64()]++
		digest, sig := forge(ref, big.NewInt(7), big.NewInt(i), big.NewInt(1000))
		k, err := NewPrivateKey(c, ref.octets(big.NewInt(7)))
		if err != nil {
			t.Fatal(err)
		}
		if !k.PublicKey().Verify(digest, sig) {
			t.Errorf("k = %d, x = %d·q + r: refused", i, q)
		}
	}
	for i := range int64(4) {
		if seen[i] == 0 {
			t.Errorf("no x between %d·q and %d·q", i, i+1)
		}
	}
}

// wrongOrder finds points of TC26A256 outside the subgroup: of order 2 or 4,
// and of a multiple of q.
func wrongOrder(t testing.TB) (list []point) {
	t.Helper()
	r := tc256
	for x := int64(1); len(list) < 8; x++ {
		v := big.NewInt(x)
		rhs := new(big.Int).Mul(v, v)
		rhs.Add(rhs, r.a).Mul(rhs, v).Add(rhs, r.b).Mod(rhs, r.p)
		y := new(big.Int).ModSqrt(rhs, r.p)
		if y == nil {
			continue
		}
		p := point{v, y}
		small := r.mul(r.q, p)
		if small.x == nil {
			continue
		}
		list = append(list, p, small, r.add(small, point{r.gx, r.gy}))
		if twice := r.add(small, small); twice.x != nil {
			list = append(list, twice, r.add(twice, point{r.gx, r.gy}))
		}
	}
	return list
}

func TestPublicKeyRefusals(t *testing.T) {
	for _, p := range wrongOrder(t) {
		_, err := NewPublicKey(TC26A256(), append(tc256.octets(p.x), tc256.octets(p.y)...))
		if !errors.Is(err, ErrPoint) || err.Error() != "gost3410: invalid public key: wrong order" {
			t.Errorf("(%x, %x): %v", p.x, p.y, err)
		}
	}
	for _, c := range curves {
		r := referenceOf(c)
		max := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*c.size)), big.NewInt(1))
		for name, tc := range map[string]struct {
			x, y *big.Int
			want string
		}{
			"(0, 0)":        {new(big.Int), new(big.Int), "not on the curve"},
			"other y":       {r.gx, new(big.Int).Add(r.gy, big.NewInt(1)), "not on the curve"},
			"swapped":       {r.gy, r.gx, "not on the curve"},
			"x = p":         {r.p, r.gy, "coordinate out of range"},
			"y = p":         {r.gx, r.p, "coordinate out of range"},
			"x = 2^n-1":     {max, r.gy, "coordinate out of range"},
			"y = 2^n-1":     {r.gx, max, "coordinate out of range"},
			"x of G plus p": {new(big.Int).Add(r.gx, r.p), r.gy, "coordinate out of range"},
		} {
			if tc.x.Cmp(max) > 0 {
				continue
			}
			_, err := NewPublicKey(c, append(r.octets(tc.x), r.octets(tc.y)...))
			if !errors.Is(err, ErrPoint) || err.Error() != "gost3410: invalid public key: "+tc.want {
				t.Errorf("%s, %s: %v", c, name, err)
			}
		}
		good := append(r.octets(r.gx), r.octets(r.gy)...)
		for _, bad := range [][]byte{nil, good[1:], append(good[:len(good):len(good)], 0), good[:c.size]} {
			if _, err := NewPublicKey(c, bad); !errors.Is(err, ErrPoint) {
				t.Errorf("%s, %d octets: %v", c, len(bad), err)
			}
		}
		p, err := NewPublicKey(c, good)
		if err != nil {
			t.Errorf("%s: the base point: %v", c, err)
		}
		if p.Equal(nil) || p.Equal("x") || p.Equal((*PublicKey)(nil)) || !p.Equal(p) || p.Equal(generate(t, c).Public()) {
			t.Errorf("%s: Equal is wrong", c)
		}
	}
}

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

func FuzzVerify(f *testing.F) {
	for _, set := range vectorSets(f) {
		c := curveOf(set.Curve)
		for _, v := range set.Signatures {
			xy := append(reversed(unhex(f, v.PublicX)), reversed(unhex(f, v.PublicY))...)
			f.Add(xy, unhex(f, v.Hash), unhex(f, v.Signature), c == CryptoProA())
		}
	}
	f.Fuzz(func(t *testing.T, xy, digest, sig []byte, old bool) {
		c := TC26A512()
		if len(xy) == 64 {
			c = TC26A256()
			if old {
				c = CryptoProA()
			}
		}
		p, err := NewPublicKey(c, xy)
		if err != nil {
			return
		}
		got := p.Verify(digest, sig)
		if len(digest) != c.size || len(sig) != 2*c.size {
			if got {
				t.Error("wrong length accepted")
			}
			return
		}
		if want := referenceOf(c).verify(publicPoint(p), digest, sig); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func FuzzNewPublicKey(f *testing.F) {
	for _, set := range vectorSets(f) {
		for _, v := range set.Signatures {
			f.Add(append(reversed(unhex(f, v.PublicX)), reversed(unhex(f, v.PublicY))...), curveOf(set.Curve) == CryptoProA())
		}
	}
	for _, p := range wrongOrder(f) {
		f.Add(append(tc256.octets(p.x), tc256.octets(p.y)...), false)
	}
	f.Fuzz(func(t *testing.T, xy []byte, old bool) {
		c := TC26A512()
		if len(xy) < 128 {
			c = TC26A256()
			if old {
				c = CryptoProA()
			}
		}
		r := referenceOf(c)
		p, err := NewPublicKey(c, xy)
		if (err == nil) != r.valid(xy) {
			t.Fatalf("%v", err)
		}
		if err == nil && string(p.Bytes()) != string(xy) {
			t.Errorf("comes back as %x", p.Bytes())
		}
	})
}

// valid tells whether xy is a point of order q.
func (c *reference) valid(xy []byte) bool {
	if len(xy) != 2*c.size {
		return false
	}
	p := point{le(xy[:c.size]), le(xy[c.size:])}
	l := new(big.Int).Mul(p.y, p.y)
	r := new(big.Int).Mul(p.x, p.x)
	r.Add(r, c.a).Mul(r, p.x).Add(r, c.b)
	return p.x.Cmp(c.p) < 0 && p.y.Cmp(c.p) < 0 &&
		l.Sub(l, r).Mod(l, c.p).Sign() == 0 && c.mul(c.q, p).x == nil
}

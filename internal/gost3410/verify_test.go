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
			verifier := NewVerifier(key.PublicKey())
			for _, zi := range small {
				for _, ki := range []int64{1, 2, zi, 2 * zi, zi * di, 2 * zi * di, -zi * di} {
					for _, sign := range []int64{1, -1} {
						z2 := new(big.Int).Mod(big.NewInt(zi*sign), r.q)
						k := new(big.Int).Mod(big.NewInt(ki), r.q)
						if k.Sign() == 0 || new(big.Int).Mod(new(big.Int).Sub(k, new(big.Int).Mul(z2, d)), r.q).Sign() == 0 {
							continue // s = 0
						}
						digest, sig := forge(r, d, k, z2)
						if !key.PublicKey().Verify(digest, sig) || !verifier.Verify(digest, sig) {
							t.Fatalf("%s: d = %d, z2 = %d, k = %d: refused", c, di, zi*sign, ki)
						}
						sig[0] ^= 1
						if key.PublicKey().Verify(digest, sig) || verifier.Verify(digest, sig) {
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
			verifier := NewVerifier(key.PublicKey())
			for _, ri := range []int64{1, 2, 3, 99} {
				sig := append(r.octets(big.NewInt(ri)), r.octets(big.NewInt(ri*di))...)
				for _, e := range []int64{0, 1, 2, 77} {
					if key.PublicKey().Verify(r.octets(big.NewInt(e)), sig) || verifier.Verify(r.octets(big.NewInt(e)), sig) {
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

// A verifier agrees with its key on good signatures, on every bit changed and
// on what has the wrong length, and allocates nothing.
func TestVerifier(t *testing.T) {
	for _, c := range curves {
		k := generate(t, c)
		v := NewVerifier(k.PublicKey())
		digest := make([]byte, c.size)
		for i := range 5 {
			digest[0] = byte(i)
			sig, err := k.AppendSignature(nil, digest)
			if err != nil {
				t.Fatal(err)
			}
			if !v.Verify(digest, sig) {
				t.Errorf("%s: refused", c)
			}
			if n := testing.AllocsPerRun(5, func() { v.Verify(digest, sig) }); n != 0 && !raceDetector {
				t.Errorf("%s: %v allocations", c, n)
			}
			for bit := i; bit < 8*len(sig); bit += 5 {
				sig[bit/8] ^= 1 << (bit % 8)
				if v.Verify(digest, sig) {
					t.Errorf("%s: accepted with bit %d changed", c, bit)
				}
				sig[bit/8] ^= 1 << (bit % 8)
			}
			if v.Verify(digest, sig[1:]) || v.Verify(digest[1:], sig) || NewVerifier(generate(t, c).PublicKey()).Verify(digest, sig) {
				t.Errorf("%s: accepted what is none", c)
			}
		}
	}
}

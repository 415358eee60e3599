package gost3410

import (
	"math/big"
	"testing"
)

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

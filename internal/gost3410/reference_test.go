package gost3410

import (
	"math/big"
	"slices"
)

// reference is a curve computed with big integers and affine formulas, slowly:
// what the package is compared with.
type reference struct {
	name               string
	size               int
	p, a, b, q, gx, gy *big.Int
}

func fromHex(s string) *big.Int { v, _ := new(big.Int).SetString(s, 16); return v }

var tc512 = &reference{"TC26A512", 64,
	fromHex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC7"),
	fromHex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC4"),
	fromHex("E8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760"),
	fromHex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275"),
	fromHex("3"),
	fromHex("7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4"),
}
var tc256 = &reference{"TC26A256", 32,
	fromHex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97"),
	fromHex("C2173F1513981673AF4892C23035A27CE25E2013BF95AA33B22C656F277E7335"),
	fromHex("295F9BAE7428ED9CCC20E7C359A9D41A22FCCD9108E17BF7BA9337A6F8AE9513"),
	fromHex("400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67"),
	fromHex("91E38443A5E82C0D880923425712B2BB658B9196932E02C78B2582FE742DAA28"),
	fromHex("32879423AB1A0375895786C4BB46E9565FDE0B5344766740AF268ADB32322E5C"),
}
var cpA = &reference{"CryptoProA", 32,
	fromHex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97"),
	fromHex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD94"),
	fromHex("A6"),
	fromHex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893"),
	fromHex("1"),
	fromHex("8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14"),
}

type point struct{ x, y *big.Int }

func (c *reference) add(p, q point) point {
	if p.x == nil {
		return q
	}
	if q.x == nil {
		return p
	}
	l := new(big.Int)
	if p.x.Cmp(q.x) == 0 {
		if new(big.Int).Mod(new(big.Int).Add(p.y, q.y), c.p).Sign() == 0 {
			return point{}
		}
		l.Mul(p.x, p.x).Mul(l, big.NewInt(3)).Add(l, c.a)
		l.Mul(l, new(big.Int).ModInverse(new(big.Int).Lsh(p.y, 1), c.p))
	} else {
		d := new(big.Int).Sub(q.x, p.x)
		d.Mod(d, c.p)
		l.Sub(q.y, p.y).Mul(l, new(big.Int).ModInverse(d, c.p))
	}
	x := new(big.Int).Mul(l, l)
	x.Sub(x, p.x).Sub(x, q.x).Mod(x, c.p)
	y := new(big.Int).Sub(p.x, x)
	y.Mul(y, l).Sub(y, p.y).Mod(y, c.p)
	return point{x, y}
}

func (c *reference) mul(k *big.Int, p point) (r point) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		r = c.add(r, r)
		if k.Bit(i) == 1 {
			r = c.add(r, p)
		}
	}
	return r
}

func le(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func (c *reference) octets(v *big.Int) []byte {
	b := v.FillBytes(make([]byte, c.size))
	slices.Reverse(b)
	return b
}

func (c *reference) e(digest []byte) *big.Int {
	e := le(digest)
	if e.Mod(e, c.q).Sign() == 0 {
		e.SetInt64(1)
	}
	return e
}

// verify is GOST R 34.10-2012 §6.2.
func (c *reference) verify(p point, digest, sig []byte) bool {
	r, s := le(sig[:c.size]), le(sig[c.size:])
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(c.q) >= 0 || s.Cmp(c.q) >= 0 {
		return false
	}
	v := new(big.Int).ModInverse(c.e(digest), c.q)
	z1 := new(big.Int).Mul(s, v)
	z2 := new(big.Int).Mul(r, v)
	z2.Neg(z2).Mod(z2, c.q)
	z1.Mod(z1, c.q)
	x := c.add(c.mul(z1, point{c.gx, c.gy}), c.mul(z2, p)).x
	return x != nil && x.Mod(x, c.q).Cmp(r) == 0
}

// sign is GOST R 34.10-2012 §6.1 with a given nonce; nil when r or s is zero.
func (c *reference) sign(d, k *big.Int, digest []byte) []byte {
	r := new(big.Int).Mod(c.mul(k, point{c.gx, c.gy}).x, c.q)
	s := new(big.Int).Mul(r, d)
	s.Add(s, new(big.Int).Mul(k, c.e(digest))).Mod(s, c.q)
	if r.Sign() == 0 || s.Sign() == 0 {
		return nil
	}
	return append(c.octets(r), c.octets(s)...)
}

package gost3410

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func toBig(w []uint64) *big.Int {
	v := new(big.Int)
	for i := len(w) - 1; i >= 0; i-- {
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(w[i]))
	}
	return v
}

// awkward fills w with a random value that is likely to sit on an edge: words
// of all zeros and all ones, and values just below 2^(64n) or just above zero.
func awkward(r *rand.Rand, w []uint64) {
	kind := r.IntN(5)
	for i := range w {
		switch w[i] = r.Uint64(); {
		case kind == 0:
		case kind == 1:
			w[i] = 1<<64 - 1
		case kind == 2:
			w[i] = 0
		case r.IntN(3) == 0:
			w[i] = 0
		case r.IntN(2) == 0:
			w[i] = 1<<64 - 1
		}
	}
	if kind == 1 || kind == 2 {
		w[0] = -uint64(kind-1) + uint64(r.IntN(1400)) - 700*uint64(r.IntN(2))
	}
}

func TestField512(t *testing.T) {
	p := toBig(make([]uint64, 8))
	p.Sub(p.Lsh(big.NewInt(1), 512), big.NewInt(569))
	r := rand.New(rand.NewPCG(1, 2))
	mod := func(v *big.Int) *big.Int { return v.Mod(v, p) }
	for range 50000 {
		var x, y, z fe512
		awkward(r, x[:])
		awkward(r, y[:])
		a, b := toBig(x[:]), toBig(y[:])
		check := func(what string, want *big.Int) {
			t.Helper()
			if mod(toBig(z[:])).Cmp(mod(want)) != 0 {
				t.Fatalf("%s of %x and %x: got %x", what, a, b, toBig(z[:]))
			}
		}
		z.mul(&x, &y)
		check("mul", new(big.Int).Mul(a, b))
		z.sqr(&x)
		check("sqr", new(big.Int).Mul(a, a))
		z.add(&x, &y)
		check("add", new(big.Int).Add(a, b))
		z.sub(&x, &y)
		check("sub", new(big.Int).Sub(a, b))
		z = x
		z.negateIf(0)
		check("no negation", a)
		z.negateIf(1<<64 - 1)
		check("negation", new(big.Int).Neg(a))
		z.canonical(&x)
		if toBig(z[:]).Cmp(mod(new(big.Int).Set(a))) != 0 {
			t.Fatalf("canonical of %x: got %x", a, toBig(z[:]))
		}
		z = x
		z.mul(&z, &z)
		check("mul in place", new(big.Int).Mul(a, a))
	}
}

func TestField256(t *testing.T) {
	p := new(big.Int).Lsh(big.NewInt(1), 256)
	p.Sub(p, big.NewInt(617))
	r := rand.New(rand.NewPCG(1, 2))
	mod := func(v *big.Int) *big.Int { return v.Mod(v, p) }
	for range 50000 {
		var x, y, z fe256
		awkward(r, x[:])
		awkward(r, y[:])
		a, b := toBig(x[:]), toBig(y[:])
		check := func(what string, want *big.Int) {
			t.Helper()
			if mod(toBig(z[:])).Cmp(mod(want)) != 0 {
				t.Fatalf("%s of %x and %x: got %x", what, a, b, toBig(z[:]))
			}
		}
		z.mul(&x, &y)
		check("mul", new(big.Int).Mul(a, b))
		z.sqr(&x)
		check("sqr", new(big.Int).Mul(a, a))
		z.add(&x, &y)
		check("add", new(big.Int).Add(a, b))
		z.sub(&x, &y)
		check("sub", new(big.Int).Sub(a, b))
		z = x
		z.negateIf(0)
		check("no negation", a)
		z.negateIf(1<<64 - 1)
		check("negation", new(big.Int).Neg(a))
		z.canonical(&x)
		if toBig(z[:]).Cmp(mod(new(big.Int).Set(a))) != 0 {
			t.Fatalf("canonical of %x: got %x", a, toBig(z[:]))
		}
	}
}

func BenchmarkField(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var x, y fe512
	var u, v fe256
	awkward(r, x[:])
	awkward(r, y[:])
	awkward(r, u[:])
	awkward(r, v[:])
	b.Run("mul512", func(b *testing.B) {
		for b.Loop() {
			x.mul(&x, &y)
		}
	})
	b.Run("sqr512", func(b *testing.B) {
		for b.Loop() {
			x.sqr(&x)
		}
	})
	b.Run("sub512", func(b *testing.B) {
		for b.Loop() {
			x.sub(&x, &y)
		}
	})
	b.Run("mul256", func(b *testing.B) {
		for b.Loop() {
			u.mul(&u, &v)
		}
	})
	b.Run("sqr256", func(b *testing.B) {
		for b.Loop() {
			u.sqr(&u)
		}
	})
}

func TestInverse(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	p512 := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 512), big.NewInt(569))
	p256 := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(617))
	for range 5000 {
		var x, z fe512
		awkward(r, x[:])
		z.invert(&x)
		want := new(big.Int).ModInverse(toBig(x[:]), p512)
		if want == nil {
			want = new(big.Int)
		}
		if toBig(z[:]).Cmp(want) != 0 {
			t.Fatalf("1/%x: got %x", toBig(x[:]), toBig(z[:]))
		}
		var u, v fe256
		awkward(r, u[:])
		v.invert(&u)
		if want = new(big.Int).ModInverse(toBig(u[:]), p256); want == nil {
			want = new(big.Int)
		}
		if toBig(v[:]).Cmp(want) != 0 {
			t.Fatalf("1/%x: got %x", toBig(u[:]), toBig(v[:]))
		}
	}
}

func TestScalars(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range []*reference{tc512, tc256, cpA} {
		for range 1000 {
			if c.size == 64 {
				var x, y, z sc512
				o := newOrder512(scalar512(c.octets(c.q)))
				awkward(r, x[:])
				awkward(r, y[:])
				o.toMontgomery(&y, &y)
				want := toBig(y[:])
				o.mul(&z, &x, &y)
				o.toMontgomery(&z, &z)
				want.Mul(want, toBig(x[:])).Mod(want, c.q)
				if want.Cmp(toBig(z[:])) != 0 {
					t.Fatalf("%x·%x: got %x", x, y, z)
				}
				o.invert(&z, &y)
				if want = new(big.Int).ModInverse(toBig(y[:]), c.q); want == nil {
					want = new(big.Int)
				}
				if want.Cmp(toBig(z[:])) != 0 {
					t.Fatalf("1/%x: got %x", y, z)
				}
				continue
			}
			var x, y, z sc256
			o := newOrder256(scalar256(c.octets(c.q)))
			awkward(r, x[:])
			awkward(r, y[:])
			o.toMontgomery(&y, &y)
			want := toBig(y[:])
			o.mul(&z, &x, &y)
			o.toMontgomery(&z, &z)
			want.Mul(want, toBig(x[:])).Mod(want, c.q)
			if want.Cmp(toBig(z[:])) != 0 {
				t.Fatalf("%x·%x: got %x", x, y, z)
			}
			o.invert(&z, &y)
			if want = new(big.Int).ModInverse(toBig(y[:]), c.q); want == nil {
				want = new(big.Int)
			}
			if want.Cmp(toBig(z[:])) != 0 {
				t.Fatalf("1/%x: got %x", y, z)
			}
		}
	}
}

func BenchmarkInverse(b *testing.B) {
	x := fe512{1, 2, 3, 4, 5, 6, 7, 8}
	for b.Loop() {
		x.invert(&x)
	}
}

func BenchmarkScalarMul(b *testing.B) {
	o := newOrder512(sc512{1, 2, 3, 4, 5, 6, 7, 1 << 63})
	x := sc512{1, 2, 3, 4, 5, 6, 7, 8}
	for b.Loop() {
		o.mul(&x, &x, &x)
	}
}

//go:build amd64 && !purego

package gost3410

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

// Edge nonces in lanes, among them all whose last addition might be an
// exception.
func TestBatchBaseMult(t *testing.T) {
	if !useIFMA {
		t.Skip("no IFMA")
	}
	c, q, one := TC26A512().c512, tc512.q, big.NewInt(1)
	list := []*big.Int{one, big.NewInt(2), new(big.Int).Sub(q, one), new(big.Int).Sub(q, big.NewInt(2))}
	exceptions := 0
	for d := int64(1); d < 256; d += 2 {
		k := new(big.Int).Lsh(big.NewInt(2*d), sharedWidth*(sharedWindows-1))
		if k.Sub(k, q); k.Sign() > 0 && k.Cmp(q) < 0 {
			list = append(list, k, new(big.Int).Sub(q, k))
		}
	}
	for i := uint(0); i < 512; i += 5 {
		power := new(big.Int).Lsh(one, i)
		list = append(list, power, new(big.Int).Sub(q, power))
	}
	b := aligned[batch]()
	for len(list) > 0 {
		n := min(len(list), BatchSize)
		*b = batch{}
		for i, k := range list[:n] {
			b.nonces[i] = scalar512(tc512.octets(k))
		}
		groups := (n + 7) / 8
		b.baseMult(c, groups)
		for g := range groups {
			c.vector.intact(b, g)
		}
		if !b.invert(groups) {
			t.Fatal("unsound")
		}
		for i := range list[:n] {
			if b.again[i] {
				exceptions++
				continue
			}
			var p xyzz512
			var a affine512
			c.baseMultGo(&p, &b.nonces[i])
			a.normalize(&p)
			var x fe512
			x.get(&b.groups[i/8].sum.x, i%8)
			if x.equal(&a.x) != 1 {
				t.Errorf("k = %x: wrong x", list[i])
			}
		}
		list = list[n:]
	}
	if exceptions == 0 || exceptions > 4 {
		t.Errorf("%d exceptions", exceptions)
	}
}

// A fault in a lane is noticed, and in no other lane; a wrong inverse too.
func TestBatchFault(t *testing.T) {
	if !useIFMA {
		t.Skip("no IFMA")
	}
	c := TC26A512().c512
	b := aligned[batch]()
	for i := range BatchSize {
		b.nonces[i] = sc512{uint64(i) + 1}
	}
	b.baseMult(c, BatchSize/8)
	flips := 0
	for g := range BatchSize / 8 {
		p := &b.groups[g].sum
		before := *p
		for i, e := range []*lanes{&p.x, &p.y, &p.zz, &p.zzz} {
			for bit := range 52 {
				*p = before
				clear(b.again[:])
				lane, l := (bit+i)%8, (bit+g)%10
				if l == 9 && bit > 43 {
					continue
				}
				e[l][lane] ^= 1 << bit
				c.vector.intact(b, g)
				for j := range 8 {
					if b.again[8*g+j] != (j == lane) {
						t.Fatalf("bit %d of limb %d in lane %d: lane %d is %v", bit, l, lane, j, b.again[8*g+j])
					}
				}
				flips++
			}
		}
		*p = before
	}
	if flips < 1000 {
		t.Errorf("%d faults", flips)
	}
	b.groups[3].sum.zz.set(5, &fe512{})
	if b.invert(BatchSize / 8) {
		t.Error("a wrong inverse is taken for a right one")
	}
}

// BenchmarkTimingBatch is BenchmarkTiming for a group of eight in lanes.
func BenchmarkTimingBatch(b *testing.B) {
	if !useIFMA {
		b.Skip("no IFMA")
	}
	c, k := TC26A512().c512, generate(b, TC26A512())
	w := aligned[batch]()
	fixed := map[string]sc512{"one": {1}, "half": {1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1}}
	for name, one := range fixed {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			samples, class := make([]float64, b.N), make([]int, b.N)
			signature := make([]byte, 128)
			e := sc512{1}
			for i := range samples {
				class[i] = r.IntN(2)
				for l := range 8 {
					n := one
					if class[i] == 1 {
						for j := range n {
							n[j] = r.Uint64() >> (j / 7)
						}
					}
					w.nonces[l] = n
				}
				start := time.Now()
				w.baseMult(c, 1)
				c.vector.intact(w, 0)
				w.invert(1)
				for l := range 8 {
					var x fe512
					x.get(&w.groups[0].sum.x, l)
					c.finish(signature, &x, &k.d512, &e, &w.nonces[l])
				}
				samples[i] = float64(time.Since(start))
			}
			b.ReportMetric(welch(samples, class), "t")
		})
	}
}

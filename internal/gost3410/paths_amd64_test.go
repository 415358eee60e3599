//go:build amd64 && !purego

package gost3410

import (
	"bytes"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// go test -without ifma,adx,avx2 runs everything as on an older processor.
var without = flag.String("without", "", "processor features to leave unused: avx2, adx, ifma")

func TestMain(m *testing.M) {
	flag.Parse()
	for name, feature := range features() {
		*feature = *feature && !strings.Contains(*without, name)
	}
	os.Exit(m.Run())
}

func features() map[string]*bool {
	return map[string]*bool{"avx2": &useAVX2, "adx": &useADX, "ifma": &useIFMA}
}

// onEachPath runs f with all combinations of the features there are.
func onEachPath(t *testing.T, f func(t *testing.T)) {
	avx2, adx, ifma := useAVX2, useADX, useIFMA
	defer func() { useAVX2, useADX, useIFMA = avx2, adx, ifma }()
	for i := range 8 {
		useAVX2, useADX, useIFMA = i&1 != 0, i&2 != 0, i&4 != 0
		if useAVX2 && !avx2 || useADX && !adx || useIFMA && !ifma {
			continue
		}
		t.Run(fmt.Sprintf("avx2=%v,adx=%v,ifma=%v", useAVX2, useADX, useIFMA), f)
	}
}

// The quicker tests of the arithmetic on each path; all the others run there with
// -without.
func TestPaths(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		TestRoundTrip(t)
		TestFault(t)
		TestCompleteAddition(t)
		TestNoAllocations(t)
		TestSignBatch(t)
	})
}

// One nonce gives one signature, whatever computes it.
func TestPathsAgree(t *testing.T) {
	key, err := NewPrivateKey(TC26A512(), bytes.Repeat([]byte{0x5a}, 64))
	if err != nil {
		t.Fatal(err)
	}
	want := map[int][]byte{}
	onEachPath(t, func(t *testing.T) {
		for i := range 50 {
			seed := bytes.Repeat([]byte{byte(i)}, 64)
			sig, err := key.Sign(bytes.NewReader(seed), seed, nil)
			if err != nil {
				t.Fatal(err)
			}
			if want[i] == nil {
				want[i] = sig
			}
			if !bytes.Equal(sig, want[i]) || !key.PublicKey().Verify(seed, sig) {
				t.Errorf("signature %d is %x, was %x", i, sig, want[i])
			}
		}
	})
}

// The assembly of the field against the Go code, with the whole range of words.
func TestADX(t *testing.T) {
	if !useADX {
		t.Skip("no ADX")
	}
	r, c := rand.New(rand.NewPCG(9, 10)), TC26A512().c512
	for range 100000 {
		var x, y, got, want fe512
		awkward(r, x[:])
		awkward(r, y[:])
		mulADX512(&got, &x, &y)
		if want.mulGo(&x, &y); got != want {
			t.Fatalf("%x · %x", x, y)
		}
		sqrADX512(&got, &x)
		if want.sqrGo(&x); got != want {
			t.Fatalf("%x²", x)
		}
		got = x
		if mulADX512(&got, &got, &got); got.equal(&want) != 1 {
			t.Fatalf("%x² in place", x)
		}

		p := xyzz512{x, y, want, got}
		a, u := affine512{got, x}, p
		addADX512(&p, &a)
		if u.addGo(&a); p != u {
			t.Fatalf("sum with x = %x, y = %x", x, y)
		}
		j := jacobian512{x, y, p.x}
		v := j
		doubleADX512(&j)
		if c.doubleJacobianGo(&v); j != v {
			t.Fatalf("double with x = %x, y = %x", x, y)
		}
	}
}

// The same for the field of 256 bits.
func TestADX256(t *testing.T) {
	if !useADX {
		t.Skip("no ADX")
	}
	r, c := rand.New(rand.NewPCG(13, 14)), CryptoProA().c256
	for range 200000 {
		var x, y, got, want fe256
		awkward(r, x[:])
		awkward(r, y[:])
		mulADX256(&got, &x, &y)
		if want.mul(&x, &y); got != want {
			t.Fatalf("%x · %x", x, y)
		}
		sqrADX256(&got, &x)
		if want.sqr(&x); got != want {
			t.Fatalf("%x²", x)
		}
		p := xyzz256{x, y, want, y}
		a, u := affine256{want, x}, p
		addADX256(&p, &a)
		if u.addGo(&a); p != u {
			t.Fatalf("sum with x = %x, y = %x", x, y)
		}
		j := jacobian256{x, y, p.x}
		v := j
		doubleADX256(&j)
		if c.doubleJacobianGo(&v); j != v {
			t.Fatalf("double with x = %x, y = %x", x, y)
		}
	}
}

func TestPickAVX2(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	window := &TC26A512().c512.table()[7]
	for b := range uint8(64) {
		var got, want affine512
		window.pick(&got, b)
		if window.pickGo(&want, b); got != want {
			t.Errorf("digit %d", b)
		}
	}
	other := &TC26A256().c256.table()[7]
	for b := range uint8(64) {
		var got, want affine256
		other.pick(&got, b)
		if other.pickGo(&want, b); got != want {
			t.Errorf("256 bits, digit %d", b)
		}
	}
}

// Edge scalars in lanes, and the one k whose last addition is a doubling.
func TestBaseMultIFMA(t *testing.T) {
	if !useIFMA {
		t.Skip("no IFMA")
	}
	c, q, one := TC26A512().c512, tc512.q, big.NewInt(1)
	low := new(big.Int).Lsh(one, 7*ownRows*ownWidth)
	exception := new(big.Int).Mod(q, low)
	exception.Lsh(exception, 1).Sub(q, exception)
	list := []*big.Int{exception, new(big.Int).Sub(q, exception)}
	for i := range 512 {
		power := new(big.Int).Lsh(one, uint(i))
		for _, k := range []*big.Int{power, new(big.Int).Sub(power, one), new(big.Int).Add(power, one), new(big.Int).Sub(q, power)} {
			if k.Sign() > 0 && k.Cmp(q) < 0 {
				list = append(list, k)
			}
		}
	}
	for i, k := range list {
		n := scalar512(tc512.octets(k))
		var p, want xyzz512
		if ok := c.baseMultIFMA(&p, &n); ok != (i > 1) {
			t.Fatalf("k = %x: exception %v", k, !ok)
		}
		c.baseMult(&p, &n)
		c.baseMultGo(&want, &n)
		var a, b affine512
		a.normalize(&p)
		if b.normalize(&want); a != b || c.intact(&p) != 1 {
			t.Errorf("k = %x: wrong point", k)
		}
	}
}

// addPoints with every exception.
func TestAddPoints(t *testing.T) {
	c := TC26A512().c512
	at := func(k int64) (p xyzz512) { // k·G
		if k != 0 {
			n := scalar512(tc512.octets(new(big.Int).Mod(big.NewInt(k), tc512.q)))
			c.baseMult(&p, &n)
		}
		return p
	}
	for _, k := range [][2]int64{{0, 0}, {0, 5}, {5, 0}, {5, 5}, {5, -5}, {-5, 5}, {1, 2}, {2, 1}, {-3, -3}, {7, -8}} {
		p, q, want := at(k[0]), at(k[1]), at(k[0]+k[1])
		c.addPoints(&p, &q)
		var a, b affine512
		a.normalize(&p)
		if b.normalize(&want); a != b || p.zz.isZero() != want.zz.isZero() {
			t.Errorf("%d + %d is wrong", k[0], k[1])
		}
	}
}

// Assembly against Go code on elements and points that a fuzzer chooses.
func FuzzPaths(f *testing.F) {
	f.Add(make([]byte, 128))
	f.Add(bytes.Repeat([]byte{0xff}, 128))
	p, q := tc512.octets(tc512.p), tc512.octets(tc512.q)
	f.Add(append(p, q...))
	f.Add(append(q, p...))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) != 128 {
			return
		}
		x, y := fe512(scalar512(in[:64])), fe512(scalar512(in[64:]))
		var product, square, got fe512
		product.mulGo(&x, &y)
		square.sqrGo(&x)
		if useADX {
			if mulADX512(&got, &x, &y); got != product {
				t.Errorf("mulADX: %x", got)
			}
			if sqrADX512(&got, &x); got != square {
				t.Errorf("sqrADX: %x", got)
			}
		}
		if !useIFMA {
			return
		}
		var u, v, w lanes
		u.fill(&x)
		v.fill(&y)
		mulIFMA(&w, &u, &v)
		for l := range 8 {
			if got.get(&w, l); got.equal(&product) != 1 {
				t.Errorf("mulIFMA: %x", got)
			}
		}
		sqrIFMA(&w, &u)
		if got.get(&w, 3); got.equal(&square) != 1 {
			t.Errorf("sqrIFMA: %x", got)
		}
		c, k := TC26A512().c512, sc512(x)
		if c.order.below(&k)&(1-k.isZero()) == 1 {
			var a, b xyzz512
			var m, n affine512
			c.baseMult(&a, &k)
			c.baseMultGo(&b, &k)
			m.normalize(&a)
			if n.normalize(&b); m != n {
				t.Errorf("baseMult of %x", k)
			}
		}
	})
}

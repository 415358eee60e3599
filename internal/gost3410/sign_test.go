package gost3410

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

var curves = []*Curve{TC26A512(), TC26A256(), CryptoProA()}

var raceDetector bool

func referenceOf(c *Curve) *reference {
	return map[*Curve]*reference{TC26A512(): tc512, TC26A256(): tc256, CryptoProA(): cpA}[c]
}

func generate(t testing.TB, c *Curve) *PrivateKey {
	t.Helper()
	k, err := GenerateKey(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// expectedNonce is the construction of the package comment, written again with
// crypto/hmac and big integers.
func expectedNonce(c *Curve, d *big.Int, digest, z []byte) *big.Int {
	r := referenceOf(c)
	mac := func(k []byte, parts ...[]byte) []byte {
		h := hmac.New(func() hash.Hash { return hashOf(c) }, k)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	octets := func(v *big.Int) []byte { return v.FillBytes(make([]byte, c.size)) }
	v, k := bytes.Repeat([]byte{1}, c.size), make([]byte, c.size)
	k = mac(k, v, []byte{0}, octets(d))
	v = mac(k, v)
	k = mac(k, v, []byte{1}, octets(d))
	v = mac(k, v)
	for i := byte(0); ; i++ {
		n := new(big.Int).SetBytes(mac(k, v, octets(r.e(digest)), z, []byte{i}))
		if c == TC26A256() {
			n.SetBit(n, 255, 0).SetBit(n, 254, 0)
		}
		if n.Sign() > 0 && n.Cmp(r.q) < 0 {
			return n
		}
	}
}

// With a fixed reader a signature is what the nonce construction says, also
// when that reader is as bad as can be.
func TestNonce(t *testing.T) {
	for _, c := range curves {
		r := referenceOf(c)
		for i := range 6 {
			k := generate(t, c)
			digest := make([]byte, c.size)
			z := make([]byte, c.size)
			for j := range digest {
				digest[j], z[j] = byte(i*j), byte(i*77)
			}
			got, err := k.Sign(bytes.NewReader(z), digest, nil)
			if err != nil {
				t.Fatal(err)
			}
			d := le(k.Bytes())
			if want := r.sign(d, expectedNonce(c, d, digest, z), digest); !bytes.Equal(got, want) {
				t.Errorf("%s: got %x, want %x", c, got, want)
			}
			if again, _ := k.Sign(bytes.NewReader(z), digest, nil); !bytes.Equal(got, again) {
				t.Errorf("%s: not reproducible", c)
			}
		}
	}
}

// r = x(kG) repeats exactly when the nonce does: it must not for another
// digest under a dead generator, nor for one digest under a good one, nor for
// another key.
func TestNonceNeverRepeats(t *testing.T) {
	for _, c := range curves {
		seen := map[string]string{}
		note := func(sig []byte, err error, what string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			r := string(sig[:c.size])
			if before, ok := seen[r]; ok {
				t.Errorf("%s: nonce of %q again for %q", c, before, what)
			}
			seen[r] = what
		}
		k, other := generate(t, c), generate(t, c)
		dead := func() *bytes.Reader { return bytes.NewReader(make([]byte, c.size)) }
		for i := range 20 {
			digest := make([]byte, c.size)
			digest[i] = 1
			sig, err := k.Sign(dead(), digest, nil)
			note(sig, err, fmt.Sprint("digest ", i))
			sig, err = other.Sign(dead(), digest, nil)
			note(sig, err, fmt.Sprint("other key, digest ", i))
			sig, err = k.Sign(nil, make([]byte, c.size), nil)
			note(sig, err, fmt.Sprint("fresh ", i))
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, c := range curves {
		for i := range 20 {
			k := generate(t, c)
			scalar := k.Bytes()
			again, err := NewPrivateKey(c, scalar)
			if err != nil || !again.PublicKey().Equal(k.Public()) {
				t.Fatalf("%s: key does not come back: %v", c, err)
			}
			digest := bytes.Repeat([]byte{byte(i)}, c.size)
			if i == 1 { // e = 0 mod q
				digest = c512or256(c)
			}
			out, err := k.AppendSignature([]byte("prefix"), digest)
			if err != nil || string(out[:6]) != "prefix" || len(out) != 6+2*c.size {
				t.Fatalf("%s: %x, %v", c, out, err)
			}
			pub, err := NewPublicKey(c, k.PublicKey().Bytes())
			if err != nil || !pub.Verify(digest, out[6:]) || pub.Curve() != c {
				t.Errorf("%s: own signature does not verify: %v", c, err)
			}
			if i < 3 && !referenceOf(c).verify(publicPoint(pub), digest, out[6:]) {
				t.Errorf("%s: the reference refuses the signature", c)
			}
		}
	}
}

// c512or256 is the order of the curve as a digest.
func c512or256(c *Curve) []byte { return referenceOf(c).octets(referenceOf(c).q) }

func publicPoint(p *PublicKey) point {
	b := p.Bytes()
	return point{le(b[:len(b)/2]), le(b[len(b)/2:])}
}

// Scalars at the edges of the range and of the windows give the right public
// key; one is made so that the last addition of the fixed base is a doubling.
func TestEdgeScalars(t *testing.T) {
	for _, c := range curves {
		r := referenceOf(c)
		one := big.NewInt(1)
		var list []*big.Int
		for i := range int64(70) {
			list = append(list, big.NewInt(i+1), new(big.Int).Sub(r.q, big.NewInt(i+1)))
		}
		half := new(big.Int).Rsh(r.q, 1)
		list = append(list, half, new(big.Int).Add(half, one))
		for bit := 1; bit < r.q.BitLen()-1; bit += 23 {
			p := new(big.Int).Lsh(one, uint(bit))
			list = append(list, p, new(big.Int).Sub(p, one), new(big.Int).Sub(r.q, p))
		}
		for _, pattern := range []byte{0x55, 0xaa, 0x77, 0x11, 0xf0, 0x0f, 0xdb, 0x6d} {
			p := new(big.Int).SetBytes(bytes.Repeat([]byte{pattern}, c.size))
			list = append(list, p.Mod(p, r.q))
		}
		for d := int64(1); d < 64; d += 2 {
			for shift := uint(8*c.size) - 10; shift < uint(8*c.size); shift++ {
				k := new(big.Int).Lsh(big.NewInt(2*d), shift)
				if k.Sub(k, r.q); k.Sign() > 0 && k.Cmp(r.q) < 0 {
					list = append(list, k, new(big.Int).Sub(r.q, k))
				}
			}
		}
		for _, d := range list {
			k, err := NewPrivateKey(c, r.octets(d))
			if err != nil {
				t.Fatalf("%s, d = %x: %v", c, d, err)
			}
			if got, want := publicPoint(k.PublicKey()), r.mul(d, point{r.gx, r.gy}); got.x.Cmp(want.x) != 0 || got.y.Cmp(want.y) != 0 {
				t.Errorf("%s, d = %x: got (%x, %x), want (%x, %x)", c, d, got.x, got.y, want.x, want.y)
			}
			if !bytes.Equal(k.Bytes(), r.octets(d)) {
				t.Errorf("%s, d = %x: comes back as %x", c, d, k.Bytes())
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range curves {
		r := referenceOf(c)
		for name, scalar := range map[string][]byte{
			"zero":      make([]byte, c.size),
			"q":         r.octets(r.q),
			"q+1":       r.octets(new(big.Int).Add(r.q, big.NewInt(1))),
			"all ones":  bytes.Repeat([]byte{0xff}, c.size),
			"too short": {1},
			"too long":  append([]byte{1}, make([]byte, c.size)...),
			"none":      nil,
		} {
			if _, err := NewPrivateKey(c, scalar); !errors.Is(err, ErrScalar) {
				t.Errorf("%s, %s: %v", c, name, err)
			}
		}
		k := generate(t, c)
		for _, n := range []int{0, 3, c.size - 1, c.size + 1, 68} {
			out, err := k.AppendSignature([]byte("x"), make([]byte, n))
			want := fmt.Sprintf("gost3410: digest has the wrong length: %d octets in place of %d", n, c.size)
			if !errors.Is(err, ErrDigest) || err.Error() != want || string(out) != "x" {
				t.Errorf("%s, digest of %d: %q, %v", c, n, out, err)
			}
			if k.PublicKey().Verify(make([]byte, n), make([]byte, 2*c.size)) {
				t.Errorf("%s: a digest of %d octets verifies", c, n)
			}
		}
		broken := errors.New("no entropy")
		if _, err := k.Sign(iotest.ErrReader(broken), make([]byte, c.size), nil); !errors.Is(err, broken) {
			t.Errorf("%s: error of the reader is lost: %v", c, err)
		}
		if _, err := k.Sign(bytes.NewReader([]byte{1, 2}), make([]byte, c.size), nil); err == nil {
			t.Errorf("%s: signs with a reader that ends", c)
		}
		if _, err := GenerateKey(c, iotest.ErrReader(broken)); !errors.Is(err, broken) {
			t.Errorf("%s: %v", c, err)
		}
	}
}

func TestDestroy(t *testing.T) {
	for _, c := range curves {
		k := generate(t, c)
		pub := k.PublicKey().Bytes()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					sig, err := k.AppendSignature(nil, make([]byte, c.size))
					if errors.Is(err, ErrDestroyed) {
						return
					}
					if err != nil || !k.PublicKey().Verify(make([]byte, c.size), sig) {
						t.Errorf("%s: bad signature while the key goes: %v", c, err)
						return
					}
				}
			})
		}
		k.Destroy()
		wg.Wait()
		k.Destroy()
		if k.Bytes() != nil || k.d512 != (sc512{}) || k.d256 != (sc256{}) || k.nonce != (nonceSource{}) {
			t.Errorf("%s: something is left", c)
		}
		if !bytes.Equal(k.PublicKey().Bytes(), pub) {
			t.Errorf("%s: the public key is gone", c)
		}
	}
}

// Neither the scalar nor the state of the nonce generator shows, whatever the
// verb, also when the key sits inside something else.
func TestFormat(t *testing.T) {
	k := generate(t, CryptoProA())
	holder := struct{ Key *PrivateKey }{k}
	nested := struct{ Key PrivateKey }{PrivateKey{k.pub, k.hidden}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		if got := fmt.Sprintf(verb, k); got != "gost3410.PrivateKey(CryptoProA)" {
			t.Errorf("%s: %s", verb, got)
		}
		for _, got := range []string{fmt.Sprintf(verb, holder), fmt.Sprintf(verb, &holder), fmt.Sprintf(verb, nested)} {
			for _, word := range k.d256 {
				for _, form := range []string{"%d", "%x"} {
					if strings.Contains(strings.ToLower(got), fmt.Sprintf(form, word)) {
						t.Fatalf("%s shows the key: %s in %s", verb, fmt.Sprintf(form, word), got)
					}
				}
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("with the race detector pools allocate")
	}
	for _, c := range curves {
		k := generate(t, c)
		digest, buf := make([]byte, c.size), make([]byte, 0, 2*c.size)
		if n := testing.AllocsPerRun(20, func() {
			var err error
			if buf, err = k.AppendSignature(buf[:0], digest); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations to sign", c, n)
		}
		sig := slices.Clone(buf)
		if n := testing.AllocsPerRun(20, func() { k.PublicKey().Verify(digest, sig) }); n != 0 {
			t.Errorf("%s: %v allocations to verify", c, n)
		}
	}
}

// A fault anywhere in the long computation is noticed.
func TestFault(t *testing.T) {
	c := TC26A512().c512
	var p xyzz512
	c.baseMult(&p, &sc512{5})
	if c.intact(&p) != 1 {
		t.Fatal("a good point is refused")
	}
	for i, word := range []*uint64{&p.x[0], &p.x[7], &p.y[3], &p.zz[1], &p.zzz[6]} {
		*word ^= 1 << 40
		if c.intact(&p) != 0 {
			t.Errorf("fault %d passes", i)
		}
		*word ^= 1 << 40
	}
	if c.intact(&xyzz512{}) != 0 {
		t.Error("infinity passes")
	}
}

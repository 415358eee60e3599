package gost3410

import (
	"bytes"
	"testing"
)

func benchmarkKey(b *testing.B, c *Curve) (*PrivateKey, []byte) {
	b.Helper()
	k, err := GenerateKey(c, nil)
	if err != nil {
		b.Fatal(err)
	}
	digest := make([]byte, c.Size())
	for i := range digest {
		digest[i] = byte(i + 1)
	}
	b.ReportAllocs()
	return k, digest
}

func benchmarkSign(b *testing.B, c *Curve) {
	k, digest := benchmarkKey(b, c)
	buf := make([]byte, 0, 128)
	for b.Loop() {
		if _, err := k.AppendSignature(buf, digest); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkVerify(b *testing.B, c *Curve) {
	k, digest := benchmarkKey(b, c)
	sig, err := k.AppendSignature(nil, digest)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !k.PublicKey().Verify(digest, sig) {
			b.Fatal("does not verify")
		}
	}
}

func BenchmarkSign512(b *testing.B)        { benchmarkSign(b, TC26A512()) }
func BenchmarkSign256A(b *testing.B)       { benchmarkSign(b, TC26A256()) }
func BenchmarkSignCryptoProA(b *testing.B) { benchmarkSign(b, CryptoProA()) }

// Sixty-four signatures at once; the time is for one of them.
func BenchmarkSign512Batch(b *testing.B) {
	k, digest := benchmarkKey(b, TC26A512())
	digests := bytes.Repeat(digest, BatchSize)
	buf := make([]byte, 0, 2*len(digests))
	k.SignBatch(nil, buf, digests)
	b.ResetTimer()
	for i := 0; i < b.N; i += BatchSize {
		if _, err := k.SignBatch(nil, buf, digests[:64*min(BatchSize, b.N-i)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify512(b *testing.B) { benchmarkVerify(b, TC26A512()) }
func BenchmarkVerifier512(b *testing.B) {
	k, digest := benchmarkKey(b, TC26A512())
	sig, err := k.AppendSignature(nil, digest)
	if err != nil {
		b.Fatal(err)
	}
	v := NewVerifier(k.PublicKey())
	v.Verify(digest, sig)
	for b.Loop() {
		if !v.Verify(digest, sig) {
			b.Fatal("does not verify")
		}
	}
}

func BenchmarkVerify256A(b *testing.B)       { benchmarkVerify(b, TC26A256()) }
func BenchmarkVerifyCryptoProA(b *testing.B) { benchmarkVerify(b, CryptoProA()) }

// Signing on all cores: nothing is shared but read-only tables.
func BenchmarkSign512Parallel(b *testing.B) {
	k, digest := benchmarkKey(b, TC26A512())
	b.RunParallel(func(pb *testing.PB) {
		buf := make([]byte, 0, 128)
		for pb.Next() {
			k.AppendSignature(buf, digest)
		}
	})
}

// The parts of a signature.
func BenchmarkParts512(b *testing.B) {
	k, digest := benchmarkKey(b, TC26A512())
	c := TC26A512().c512
	e := c.digest(digest)
	n := sc512{1, 2, 3, 4, 5, 6, 7, 8}
	var p xyzz512
	c.baseMult(&p, &n)
	b.Run("baseMult", func(b *testing.B) {
		for b.Loop() {
			c.baseMult(&p, &n)
		}
	})
	a := c.table()[5][3]
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			p.add(&a)
		}
	})
	b.Run("pick", func(b *testing.B) {
		for b.Loop() {
			c.table()[5].pick(&a, 9)
		}
	})
	b.Run("invert", func(b *testing.B) {
		for b.Loop() {
			p.x.invert(&p.x)
		}
	})
	b.Run("nonce", func(b *testing.B) {
		var out [64]byte
		in := input{size: 64}
		for b.Loop() {
			in.additional(nil)
			k.nonce.streebog512(&out, in.message(0))
		}
	})
	b.Run("arithmetic", func(b *testing.B) {
		sig := make([]byte, 128)
		for b.Loop() {
			c.sign(sig, &n, &e, &n)
		}
	})
	b.Run("table", func(b *testing.B) {
		for b.Loop() {
			fresh := &curve512{a: c.a, b: c.b, g: c.g, order: c.order}
			fresh.table()
		}
	})
}

func BenchmarkNewPublicKey(b *testing.B) {
	for _, c := range []*Curve{TC26A512(), TC26A256(), CryptoProA()} {
		b.Run(c.String(), func(b *testing.B) {
			k, _ := benchmarkKey(b, c)
			xy := k.PublicKey().Bytes()
			for b.Loop() {
				NewPublicKey(c, xy)
			}
		})
	}
}

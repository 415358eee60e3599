package gost3410

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// A batch is what signing one by one with the same randomness gives.
func TestSignBatch(t *testing.T) {
	r := rand.NewChaCha8([32]byte{1})
	for _, c := range curves {
		k := generate(t, c)
		for _, n := range []int{0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 17, 23, BatchSize - 1, BatchSize, BatchSize + 1, 2*BatchSize + 5} {
			digests, random := make([]byte, n*c.size), make([]byte, n*c.size)
			r.Read(digests)
			r.Read(random)
			if n > 2 { // e = 0 mod q, twice
				clear(digests[:c.size])
				copy(digests[c.size:], c512or256(c))
			}
			got, err := k.SignBatch(bytes.NewReader(random), []byte("prefix"), digests)
			if err != nil || len(got) != 6+2*len(digests) || string(got[:6]) != "prefix" {
				t.Fatalf("%s, %d: %d octets, %v", c, n, len(got), err)
			}
			one := bytes.NewReader(random)
			for i := range n {
				want, err := k.Sign(one, digests[i*c.size:][:c.size], nil)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got[6+2*i*c.size:][:2*c.size], want) {
					t.Errorf("%s: signature %d of %d differs", c, i, n)
				}
			}
		}
	}
}

func TestSignBatchRefusals(t *testing.T) {
	for _, c := range curves {
		k := generate(t, c)
		digests := make([]byte, 20*c.size)
		out, err := k.SignBatch(nil, []byte("x"), digests[1:])
		if !errors.Is(err, ErrDigest) || string(out) != "x" {
			t.Errorf("%s: %q, %v", c, out, err)
		}
		broken := errors.New("no entropy")
		dst := append(make([]byte, 0, 50*c.size), 'x')
		out, err = k.SignBatch(iotest.ErrReader(broken), dst, digests)
		if !errors.Is(err, broken) || string(out) != "x" {
			t.Errorf("%s: %q, %v", c, out, err)
		}
		// A reader that ends in the second part: nothing of the first is left.
		many := make([]byte, (BatchSize+8)*c.size)
		dst = append(make([]byte, 0, 1+2*len(many)), 'x')
		_, err = k.SignBatch(bytes.NewReader(many[:(BatchSize+1)*c.size]), dst, many)
		if err == nil || !bytes.Equal(dst[1:cap(dst)], make([]byte, 2*len(many))) {
			t.Errorf("%s: something is left, %v", c, err)
		}
		k.Destroy()
		if _, err := k.SignBatch(nil, nil, digests); !errors.Is(err, ErrDestroyed) {
			t.Errorf("%s: %v", c, err)
		}
	}
}

// With fresh randomness equal digests have different nonces, in one batch and
// in the next, and all signatures verify.
func TestSignBatchNonces(t *testing.T) {
	k := generate(t, TC26A512())
	digests := bytes.Repeat([]byte{7}, 64*BatchSize)
	seen := map[string]bool{}
	for range 2 {
		out, err := k.SignBatch(nil, nil, digests)
		if err != nil {
			t.Fatal(err)
		}
		for ; len(out) > 0; out = out[128:] {
			if seen[string(out[:64])] {
				t.Fatal("nonce again")
			}
			seen[string(out[:64])] = true
			if !k.PublicKey().Verify(digests[:64], out[:128]) {
				t.Fatal("does not verify")
			}
		}
	}
}

func TestSignBatchAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("with the race detector pools allocate")
	}
	k := generate(t, TC26A512())
	digests := make([]byte, 64*BatchSize)
	buf := make([]byte, 0, 2*len(digests))
	if n := testing.AllocsPerRun(50, func() {
		if _, err := k.SignBatch(nil, buf, digests); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

package streebog

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// blocks and blocksPair must do what blocksGeneric does to any state, also to
// those no message reaches.
func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	state := func() (s state) {
		for _, w := range []*[8]uint64{&s.h, &s.n, &s.sum} {
			for i := range w {
				switch r.IntN(4) {
				case 0:
					w[i] = ^uint64(0) << r.IntN(64)
				case 1: // zero
				default:
					w[i] = r.Uint64()
				}
			}
		}
		return s
	}
	steps := []uint64{512, 0, 8, 504}
	for range 400 {
		s, u := state(), state()
		size := BlockSize * (1 + r.IntN(5))
		if r.IntN(50) == 0 {
			size = BlockSize * (2040 + r.IntN(20)) // more than one call takes
		}
		// Any alignment.
		p, q := random(r, size+63)[r.IntN(64):][:size], random(r, size+63)[r.IntN(64):][:size]
		if r.IntN(3) == 0 {
			for i := range p {
				p[i] = 0xff
			}
		}
		step, stepU := steps[r.IntN(4)], steps[r.IntN(4)]

		wantS, wantU := s, u
		wantS.blocksGeneric(p, step)
		wantU.blocksGeneric(q, stepU)
		one := s
		one.blocks(p, step)
		if one != wantS {
			t.Fatalf("blocks of %d octets, step %d:\n from %x\n  got %x\n want %x", size, step, s, one, wantS)
		}
		a, b := s, u
		blocksPair(&a, &b, p, q, step, stepU)
		if a != wantS || b != wantU {
			t.Fatalf("blocksPair of %d octets, steps %d and %d:\n from %x %x\n  got %x %x\n want %x %x",
				size, step, stepU, s, u, a, b, wantS, wantU)
		}
	}
}

// The counter's carry is the generic code's business; the vector code must
// leave it to it in time.
func TestCounterCarry(t *testing.T) {
	block := make([]byte, 3*BlockSize)
	for _, n := range []uint64{1<<63 - 512, 1 << 63, 1<<64 - 1024} {
		got := state{n: [8]uint64{n, ^uint64(0)}}
		want := got
		got.blocks(block, 512)
		want.blocksGeneric(block, 512)
		if got != want {
			t.Errorf("n = %#x: got %x, want %x", n, got, want)
		}
		other := state{}
		got = state{n: [8]uint64{n, ^uint64(0)}}
		blocksPair(&other, &got, block, block, 512, 512)
		if got != want {
			t.Errorf("pair, n = %#x: got %x, want %x", n, got, want)
		}
	}
}

func TestLockstep(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		sizes := []int{0, 1, 63, 64, 65, 127, 128, 129, 200, 640, 1000, 5000}
		var messages [][]byte
		for range 60 {
			messages = append(messages, random(r, sizes[r.IntN(len(sizes))]))
		}
		for n := range messages {
			out := make([][Size512]byte, n)
			Sum512Each(out, messages[:n])
			for i, m := range messages[:n] {
				if out[i] != Sum512(m) {
					t.Fatalf("message %d of %d, %d octets: wrong hash", i, n, len(m))
				}
			}
		}
		for i := range sizes {
			for j := range sizes {
				a, b := random(r, sizes[i]), random(r, sizes[j])
				if x, y := Sum512Pair(a, b); x != Sum512(a) || y != Sum512(b) {
					t.Fatalf("pair of %d and %d octets: wrong hash", len(a), len(b))
				}
			}
		}
	})
}

func TestWritePair(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for range 300 {
			a, b := random(r, r.IntN(1500)), random(r, r.IntN(1500))
			d, e := New512(), New256()
			for p, q := a, b; len(p)+len(q) > 0; {
				n, m := r.IntN(len(p)+1), r.IntN(len(q)+1)
				if r.IntN(2) == 0 {
					n, m = min(512, len(p)), min(512, len(q))
				}
				WritePair(d, e, p[:n], q[:m])
				p, q = p[n:], q[m:]
			}
			x, y := Sum512(a), Sum256(b)
			if !bytes.Equal(d.Sum(nil), x[:]) || !bytes.Equal(e.Sum(nil), y[:]) {
				t.Fatalf("%d and %d octets: wrong hash", len(a), len(b))
			}
			d.Reset()
			WritePair(d, d, a, b)
			if z := Sum512(append(a[:len(a):len(a)], b...)); !bytes.Equal(d.Sum(nil), z[:]) {
				t.Fatal("one hash as both of a pair: wrong hash")
			}
		}
	})
}

// What one path began the other may end.
func TestStateIsTheSame(t *testing.T) {
	message := random(rand.New(rand.NewPCG(9, 10)), 1000)
	want := Sum512(message)
	var begun []*Digest
	eachPath(t, func(t *testing.T) {
		d := New512()
		d.Write(message[:333])
		begun = append(begun, d)
	})
	eachPath(t, func(t *testing.T) {
		for _, d := range begun {
			c, err := d.Clone()
			if err != nil {
				t.Fatal(err)
			}
			c.Write(message[333:])
			if !bytes.Equal(c.Sum(nil), want[:]) {
				t.Error("wrong hash")
			}
		}
	})
}

func TestNoAllocations(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		d, e := New512(), New256()
		message, other, out := make([]byte, 1000), make([]byte, 700), make([]byte, 0, 64)
		messages, hashes := [][]byte{message, other, message}, make([][Size512]byte, 3)
		if n := testing.AllocsPerRun(100, func() {
			d.Reset()
			d.Write(message)
			out = d.Sum(out[:0])
			Sum512(message)
			Sum256(message)
			Sum512Pair(message, other)
			Sum512Each(hashes, messages)
			WritePair(d, e, message, other)
			var onStack, second [128]byte
			Sum512(onStack[:])
			Sum512Pair(onStack[:], second[:])
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// FuzzPaths compares every way to a hash with the transformations of the
// standard carried out one by one.
func FuzzPaths(f *testing.F) {
	f.Add([]byte("012345678901234567890123456789012345678901234567890123456789012"), []byte{}, uint16(5))
	f.Add(make([]byte, 64), bytes.Repeat([]byte{0xff}, 200), uint16(64))
	f.Add(make([]byte, 300), make([]byte, 130), uint16(70))
	f.Fuzz(func(t *testing.T, message, other []byte, cut uint16) {
		if len(message)+len(other) > 4096 {
			return
		}
		c := int(cut) % (len(message) + 1)
		want, wantOther := reference(message, false), reference(other, true)
		other512 := Sum512(other)
		eachPath(t, func(t *testing.T) {
			d, e := New512(), New256()
			WritePair(d, e, message[:c], other)
			d.Write(message[c:])
			if !bytes.Equal(d.Sum(nil), want) || !bytes.Equal(e.Sum(nil), wantOther) {
				t.Error("WritePair: wrong hash")
			}
			if x, y := Sum512Pair(message, other); !bytes.Equal(x[:], want) || y != other512 {
				t.Error("Sum512Pair: wrong hash")
			}
			d.Reset()
			d.Write(message[:c])
			d.Write(message[c:])
			if !bytes.Equal(d.Sum(nil), want) {
				t.Error("Write: wrong hash")
			}
		})
	})
}

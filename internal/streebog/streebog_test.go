package streebog

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

type vector struct {
	name                string
	message, h256, h512 []byte
}

func vectors(t testing.TB) (list []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/streebog.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 4 {
			continue
		}
		list = append(list, vector{f[0], unhex(t, f[1]), unhex(t, f[2]), unhex(t, f[3])})
	}
	if len(list) < 90 {
		t.Fatalf("only %d vectors", len(list))
	}
	return list
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectors(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, v := range vectors(t) {
			if got := Sum256(v.message); !bytes.Equal(got[:], v.h256) {
				t.Errorf("%s: 256 bits: got %x, want %x", v.name, got, v.h256)
			}
			if got := Sum512(v.message); !bytes.Equal(got[:], v.h512) {
				t.Errorf("%s: 512 bits: got %x, want %x", v.name, got, v.h512)
			}
		}
	})
}

// The message M1 of the standard's annex A (RFC 6986 §10.1).
func TestStandardExample(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		m := []byte("012345678901234567890123456789012345678901234567890123456789012")
		got := Sum512(m)
		want := "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48"
		if hex.EncodeToString(got[:]) != want {
			t.Errorf("got %x", got)
		}
		short := Sum256(m)
		if want := "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"; hex.EncodeToString(short[:]) != want {
			t.Errorf("got %x", short)
		}
	})
}

// Whatever the pieces are, the hash is that of the whole, and Sum in between
// disturbs nothing.
func TestPieces(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		message := make([]byte, 300)
		for i := range message {
			message[i] = byte(i * 7)
		}
		for size := 1; size <= 130; size++ {
			d, s := New512(), New256()
			for p := message; len(p) > 0; {
				n := min(size, len(p))
				d.Write(p[:n])
				s.Write(p[:n])
				d.Sum(nil)
				p = p[n:]
			}
			if want := Sum512(message); !bytes.Equal(d.Sum(nil), want[:]) {
				t.Fatalf("512 bits in pieces of %d differ", size)
			}
			if want := Sum256(message); !bytes.Equal(s.Sum(nil), want[:]) {
				t.Fatalf("256 bits in pieces of %d differ", size)
			}
		}
	})
}

func TestCloneAndReset(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, d := range []*Digest{New256(), New512()} {
			empty := d.Sum(nil)
			d.Write([]byte("ab"))
			c, err := d.Clone()
			if err != nil {
				t.Fatal(err)
			}
			c.Write([]byte("c"))
			d.Write([]byte("c"))
			if !bytes.Equal(c.Sum(nil), d.Sum(nil)) {
				t.Error("a clone differs")
			}
			d.Reset()
			if !bytes.Equal(d.Sum(nil), empty) {
				t.Error("Reset leaves something")
			}
			if len(empty) != d.Size() || d.BlockSize() != 64 {
				t.Error("wrong size")
			}
		}
	})
}

// The sum of blocks must carry through all words (example M of all 0xFF
// octets), and so must the length.
func TestCarry(t *testing.T) {
	n := [8]uint64{1<<64 - 512, 1<<64 - 1}
	add(&n, 512)
	if n != [8]uint64{0, 0, 1} {
		t.Errorf("got %x", n)
	}
	s := [8]uint64{1}
	addBlock(&s, &[8]uint64{1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 5})
	if s != [8]uint64{7: 6} {
		t.Errorf("got %x", s)
	}
}

func FuzzPieces(f *testing.F) {
	f.Add([]byte("012345678901234567890123456789012345678901234567890123456789012"), 5)
	f.Add(make([]byte, 64), 64)
	f.Fuzz(func(t *testing.T, message []byte, cut int) {
		if cut < 0 || cut > len(message) {
			return
		}
		d := New512()
		d.Write(message[:cut])
		d.Write(message[cut:])
		if want := Sum512(message); !bytes.Equal(d.Sum(nil), want[:]) {
			t.Error("the hash depends on the pieces")
		}
	})
}

package gost341194

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

type vector struct {
	name          string
	message, hash []byte
}

func vectors(t testing.TB) (list []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/gost34311-dtest.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 3 {
			continue
		}
		list = append(list, vector{f[0], unhex(t, f[1]), unhex(t, f[2])})
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
	for _, v := range vectors(t) {
		if got := Sum(v.message); !bytes.Equal(got[:], v.hash) {
			t.Errorf("%s: got %x, want %x", v.name, got, v.hash)
		}
	}
}

// The examples of the standard's annex (RFC 5831 §7.3), as Kalkan emits them,
// and the empty message.
func TestKnown(t *testing.T) {
	for message, want := range map[string]string{
		"":                                 "ce85b99cc46752fffee35cab9a7b0278abb4c2d2055cff685af4912c49490f8d",
		"abc":                              "f3134348c44fb1b2a277729e2285ebb5cb5e0f29c975bc753b70497c06a4d51d",
		"This is message, length=32 bytes": "b1c466d37519b82e8319819ff32595e047a28cb6f83eff1c6916a815a637fffa",
	} {
		if got := Sum([]byte(message)); hex.EncodeToString(got[:]) != want {
			t.Errorf("%q: got %x, want %s", message, got, want)
		}
	}
}

// Whatever the pieces are, the hash is that of the whole, and Sum in between
// disturbs nothing.
func TestPieces(t *testing.T) {
	message := make([]byte, 200)
	for i := range message {
		message[i] = byte(i * 7)
	}
	want := Sum(message)
	for size := 1; size <= 70; size++ {
		d := New()
		for p := message; len(p) > 0; {
			n := min(size, len(p))
			d.Write(p[:n])
			d.Sum(nil)
			p = p[n:]
		}
		if !bytes.Equal(d.Sum(nil), want[:]) {
			t.Fatalf("in pieces of %d the hash differs", size)
		}
	}
}

func TestCloneAndReset(t *testing.T) {
	d := New()
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
	if len(empty) != d.Size() || d.BlockSize() != 32 {
		t.Error("wrong size")
	}
}

func TestNoAllocations(t *testing.T) {
	d := New()
	message, out := make([]byte, 1000), make([]byte, 0, Size)
	if n := testing.AllocsPerRun(100, func() {
		d.Reset()
		d.Write(message)
		out = d.Sum(out[:0])
		Sum(message)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzPieces(f *testing.F) {
	f.Add([]byte("This is message, length=32 bytes"), 5)
	f.Add(make([]byte, 64), 64)
	f.Fuzz(func(t *testing.T, message []byte, cut int) {
		if cut < 0 || cut > len(message) {
			return
		}
		d := New()
		d.Write(message[:cut])
		d.Write(message[cut:])
		if want := Sum(message); !bytes.Equal(d.Sum(nil), want[:]) {
			t.Error("the hash depends on the pieces")
		}
	})
}

func benchmark(b *testing.B, size int) {
	message := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		Sum(message)
	}
}

func BenchmarkGOST341194_1M(b *testing.B)  { benchmark(b, 1<<20) }
func BenchmarkGOST341194_128(b *testing.B) { benchmark(b, 128) }

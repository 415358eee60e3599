//go:build !purego

package protocol

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

func withoutVector(f func()) {
	defer func(was bool) { hasVector = was }(hasVector)
	hasVector = false
	f()
}

// sameDecode fails unless both ways of decoding give the same, octets or error,
// and neither touches what lies behind the text.
func sameDecode(t *testing.T, text []byte) {
	t.Helper()
	const guard = "behind the text there is more of the frame: not to be touched"
	frame := append(bytes.Clone(text), guard...)
	got, err := decodeBase64(frame[:len(text):len(text)])
	if string(frame[len(text):]) != guard {
		t.Fatalf("%q: written behind the text", text)
	}
	withoutVector(func() {
		want, wantErr := decodeBase64(bytes.Clone(text))
		if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Fatalf("%q:\n%x %v\nwant\n%x %v", text, got, err, want, wantErr)
		}
	})
}

func TestVectorDecode(t *testing.T) {
	if !hasVector {
		t.Skip("no AVX2")
	}
	random := rand.NewChaCha8([32]byte{1})
	octets := make([]byte, 1500)
	random.Read(octets)
	for n := range 400 {
		text := base64.StdEncoding.EncodeToString(octets[n : n+n])
		sameDecode(t, []byte(text))
		sameDecode(t, bytes.TrimRight([]byte(text), "="))
	}
	// Every octet at every place of the first blocks, of a later one, and near
	// the end.
	text := []byte(base64.StdEncoding.EncodeToString(octets[:300]))
	for at := range len(text) {
		for c := range 256 {
			changed := bytes.Clone(text)
			changed[at] = byte(c)
			sameDecode(t, changed)
		}
	}
	// Lines of every length.
	for columns := 1; columns < 140; columns++ {
		var lines []byte
		for rest := text; len(rest) > 0; {
			n := min(columns, len(rest))
			lines = append(append(lines, rest[:n]...), "\r\n"...)
			rest = rest[n:]
		}
		sameDecode(t, lines)
	}
	// Longer than one call.
	long := make([]byte, 3*perCall)
	random.Read(long)
	text = []byte(base64.StdEncoding.EncodeToString(long))
	if got, err := decodeBase64(bytes.Clone(text)); err != nil || !bytes.Equal(got, long) {
		t.Error("long text", err)
	}
	text[perCall+77] = '*'
	sameDecode(t, text)
}

// All 64 characters at all places of a block, and all 24-octet patterns of one
// octet that differs.
func TestVectorEncode(t *testing.T) {
	if !hasVector {
		t.Skip("no AVX2")
	}
	random := rand.NewChaCha8([32]byte{2})
	octets := make([]byte, 3*perCall/48*48)
	random.Read(octets)
	check := func(octets []byte) {
		t.Helper()
		want := base64.StdEncoding.EncodeToString(octets)
		got := make([]byte, len(want), len(want)+1)
		encode64(got, octets)
		if string(got) != want {
			t.Fatalf("%x:\n%s\nwant\n%s", octets, got, want)
		}
		whole := octets[:len(octets)/line64*line64]
		lines := make([]byte, len(whole)/line64*66)
		encodeLines(lines, whole)
		generic := make([]byte, len(lines))
		encodeLinesGeneric(generic, whole)
		if !bytes.Equal(lines, generic) {
			t.Fatalf("%x:\n%s\nwant\n%s", whole, lines, generic)
		}
	}
	for n := 0; n < 600; n += 3 {
		check(octets[n : n+n])
	}
	pattern := make([]byte, 96)
	for at := range 48 {
		for c := range 256 {
			pattern[at] = byte(c)
			check(pattern)
		}
	}
	check(octets)
}

func FuzzVectorBase64(f *testing.F) {
	for _, s := range []string{"", "MTEK", "MTEK====", "AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJ", "AAAABBBBCCCCDDDDEEEEFFFFGGGG//++\nAAAABBBBCCCCDDDDEEEEFFFFGGGGHHHH=A", "AAAABBBBCCCCDDDDEEEEFFFFGGGG\xc3\xa9HHAAAABBBBCCCCDDDDEEEEFFFFGGGGHHHH"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sameDecode(t, text)
		sameDecode(t, []byte(base64.StdEncoding.EncodeToString(text)))
	})
}

func BenchmarkBase64(b *testing.B) {
	octets := make([]byte, 9984)
	text := []byte(base64.StdEncoding.EncodeToString(octets))
	work, out := make([]byte, len(text)), make([]byte, 2*len(text))
	for name, f := range map[string]func(){
		"decode": func() { copy(work, text); decodeBase64(work) },
		"encode": func() { encode64(out[:len(text)], octets) },
		"lines":  func() { encodeLines(out, octets) },
	} {
		run := func(b *testing.B) {
			b.SetBytes(int64(len(octets)))
			for b.Loop() {
				f()
			}
		}
		b.Run(name, run)
		b.Run(name+"/generic", func(b *testing.B) { withoutVector(func() { run(b) }) })
	}
}

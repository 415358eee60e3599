package ber_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"tanba/internal/ber"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var normalizeTests = []struct {
	name, in, want string
	err            error
	text           string
}{
	{name: "already DER", in: "30 03 02 01 05", want: "30 03 02 01 05"},
	{name: "indefinite", in: "30 80 02 01 05 00 00", want: "30 03 02 01 05"},
	{name: "empty indefinite", in: "30 80 00 00", want: "30 00"},
	{name: "nested", in: "30 80 a0 80 30 80 05 00 00 00 00 00 00 00", want: "30 06 a0 04 30 02 05 00"},
	{name: "indefinite in definite", in: "30 07 30 80 02 01 05 00 00", want: "30 05 30 03 02 01 05"},
	{name: "long length", in: "30 84 00 00 00 04 02 81 01 05", want: "30 03 02 01 05"},
	{name: "octets after the end", in: "02 01 05 ff ff", want: "02 01 05"},
	{name: "octet string in pieces", in: "24 80 04 02 01 02 04 01 03 00 00", want: "04 03 01 02 03"},
	{name: "pieces in pieces", in: "24 80 24 05 04 01 01 04 00 24 80 04 01 02 00 00 00 00", want: "04 02 01 02"},
	{name: "no pieces", in: "24 80 00 00", want: "04 00"},
	{name: "bit string in pieces", in: "23 80 03 02 00 ff 03 02 04 f0 00 00", want: "03 03 04 ff f0"},
	{name: "text in pieces", in: "2c 08 04 02 61 62 0c 02 63 64", want: "0c 04 61 62 63 64"},
	{name: "implicit tag stays constructed", in: "a0 80 04 01 01 04 01 02 00 00", want: "a0 06 04 01 01 04 01 02"},
	{name: "content of an octet string is let be", in: "04 04 30 80 00 00", want: "04 04 30 80 00 00"},

	{name: "empty", in: "", err: ber.ErrTruncated},
	{name: "one octet", in: "30", err: ber.ErrTruncated},
	{name: "length cut", in: "30 82 01", err: ber.ErrTruncated},
	{name: "content cut", in: "30 03 02 01", err: ber.ErrTruncated},
	{name: "no end", in: "30 80 02 01 05", err: ber.ErrTruncated},
	{name: "half an end", in: "30 80 02 01 05 00", err: ber.ErrTruncated},
	{name: "child longer than parent", in: "30 03 02 05 01", err: ber.ErrSyntax, text: "element longer than the one around it"},
	{name: "end inside definite", in: "30 04 02 00 00 00", err: ber.ErrSyntax, text: "end marker out of place"},
	{name: "end with content", in: "30 80 00 01 00", err: ber.ErrSyntax, text: "end marker with content"},
	{name: "bare end", in: "00 00", err: ber.ErrSyntax, text: "end marker out of place"},
	{name: "indefinite primitive", in: "04 80 00 00", err: ber.ErrSyntax, text: "primitive value of indefinite length"},
	{name: "primitive sequence", in: "10 00", err: ber.ErrSyntax, text: "primitive value of tag 0x10"},
	{name: "constructed integer", in: "22 03 02 01 05", err: ber.ErrSyntax, text: "constructed value of tag 0x22"},
	{name: "high tag", in: "3f 81 01 00", err: ber.ErrSyntax, text: "tag number above 30"},
	{name: "integer as piece", in: "24 03 02 01 05", err: ber.ErrSyntax, text: "piece of tag 0x02 in a string of tag 0x04"},
	{name: "octet string in bit string", in: "23 03 04 01 05", err: ber.ErrSyntax, text: "piece of tag 0x04 in a string of tag 0x03"},
	{name: "unused bits before the last piece", in: "23 08 03 02 04 f0 03 02 00 ff", err: ber.ErrSyntax, text: "piece of a bit string"},
	{name: "piece without unused bits", in: "23 02 03 00", err: ber.ErrSyntax, text: "piece of a bit string"},
	{name: "length of five octets", in: "30 85 00 00 00 00 00", err: ber.ErrLimits, text: "length of 5 octets"},
	{name: "length of 2 GiB", in: "30 84 80 00 00 00", err: ber.ErrLimits, text: "length 2147483648"},
	{name: "reserved length", in: "30 ff", err: ber.ErrLimits, text: "length of 127 octets"},
}

func TestNormalize(t *testing.T) {
	for _, tt := range normalizeTests {
		t.Run(tt.name, func(t *testing.T) {
			in := unhex(t, tt.in)
			got, err := ber.Normalize(in, ber.Limits{})
			if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("error %v, want %v %q", err, tt.err, tt.text)
			}
			if !bytes.Equal(got, unhex(t, tt.want)) {
				t.Fatalf("got %x, want %s", got, tt.want)
			}
			if err == nil && ber.CheckDER(got, ber.Limits{}) != nil {
				t.Errorf("not DER: %v", ber.CheckDER(got, ber.Limits{}))
			}
		})
	}
}

func TestCheckDER(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		err      error
		text     string
	}{
		{"element", "30 03 02 01 05", nil, ""},
		{"indefinite", "30 80 00 00", ber.ErrSyntax, "not the shortest definite form"},
		{"long length", "30 81 03 02 01 05", ber.ErrSyntax, "not the shortest definite form"},
		{"long length inside", "30 04 02 81 01 05", ber.ErrSyntax, "not the shortest definite form"},
		{"string in pieces", "24 03 04 01 05", ber.ErrSyntax, "constructed value of tag 0x24"},
		{"octets after the end", "02 01 05 00", ber.ErrSyntax, "1 octets after the end"},
		{"cut", "30 03 02 01", ber.ErrTruncated, ""},
		{"child longer", "30 03 02 05 01", ber.ErrSyntax, "longer than the one around it"},
		{"primitive set", "11 00", ber.ErrSyntax, "primitive value of tag 0x11"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := ber.CheckDER(unhex(t, tt.in), ber.Limits{})
			if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("error %v, want %v %q", err, tt.err, tt.text)
			}
		})
	}
}

// A bound is met when it is exactly reached and refused one above.
func TestLimits(t *testing.T) {
	deep := func(n int) []byte {
		return append(bytes.Repeat([]byte{0x30, 0x80}, n), make([]byte, 2*n)...)
	}
	many := func(n int) []byte {
		out := append([]byte{0x30, 0x80}, bytes.Repeat([]byte{0x05, 0x00}, n-1)...)
		return append(out, 0, 0)
	}
	for _, tt := range []struct {
		name string
		in   []byte
		lim  ber.Limits
		ok   bool
	}{
		{"depth reached", deep(32), ber.Limits{}, true},
		{"depth", deep(33), ber.Limits{}, false},
		{"depth by far", deep(100_000), ber.Limits{}, false},
		{"elements reached", many(ber.DefaultElements), ber.Limits{}, true},
		{"elements", many(ber.DefaultElements + 1), ber.Limits{}, false},
		{"size reached", deep(2), ber.Limits{Size: 8}, true},
		{"size", deep(2), ber.Limits{Size: 7}, false},
		{"own depth", deep(2), ber.Limits{Depth: 1}, false},
		{"pieces count for depth", append(bytes.Repeat([]byte{0x24, 0x80}, 33), make([]byte, 66)...), ber.Limits{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ber.Normalize(tt.in, tt.lim)
			if ok := err == nil; ok != tt.ok || err != nil && !errors.Is(err, ber.ErrLimits) {
				t.Fatalf("Normalize: %v", err)
			}
		})
	}
}

// The worst input of the allowed size must not take noticeable time: every
// header that turns definite moves all that is inside it.
func TestNormalizeIsQuick(t *testing.T) {
	const depth, body = ber.DefaultDepth, ber.DefaultSize - 4*ber.DefaultDepth - 5
	in := bytes.Repeat([]byte{0x30, 0x80}, depth)
	in = append(in, 0x04, 0x83, body>>16, body>>8&0xff, body&0xff)
	in = append(in, make([]byte, body+2*depth)...)
	start := time.Now()
	if _, err := ber.Normalize(in, ber.Limits{}); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > 20*time.Second { // what is quadratic takes minutes
		t.Errorf("took %v", d)
	}
}

func FuzzNormalize(f *testing.F) {
	for _, tt := range normalizeTests {
		f.Add(unhex(f, tt.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		lim := ber.Limits{Size: 1 << 14, Depth: 16, Elements: 1 << 10}
		before := bytes.Clone(in)
		out, err := ber.Normalize(in, lim)
		if !bytes.Equal(before, in) {
			t.Fatal("input was changed")
		}
		if err != nil {
			for _, known := range []error{ber.ErrLimits, ber.ErrSyntax, ber.ErrTruncated} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("unknown error %v", err)
		}
		roomy := ber.Limits{Size: 1 << 15, Depth: 16, Elements: 1 << 10}
		if err := ber.CheckDER(out, roomy); err != nil {
			t.Fatalf("%x gave %x: %v", in, out, err)
		}
		again, err := ber.Normalize(out, roomy)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%x gave %x and then %x, %v", in, out, again, err)
		}
		if ber.CheckDER(in, lim) == nil && !bytes.Equal(in, out) {
			t.Fatalf("DER %x became %x", in, out)
		}
	})
}

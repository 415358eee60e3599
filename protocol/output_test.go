package protocol

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// cut is a Batch whose values are cut into pieces of any length; every other
// piece is written behind scratch.
type cut struct {
	values [][]byte
	at     []int
}

func (c cut) Len() int       { return len(c.values) }
func (c cut) Size(i int) int { return len(c.values[i]) }

func (c cut) Pieces(pieces [][]byte, scratch []byte, i int) ([][]byte, []byte) {
	scratch = append(scratch, make([]byte, len(c.values[i]))...)[:len(scratch)]
	rest := c.values[i]
	for k, n := range c.at {
		n = min(n, len(rest))
		piece := rest[:n]
		if k%2 == 0 {
			start := len(scratch)
			scratch = append(scratch, piece...)
			piece = scratch[start:]
		}
		pieces, rest = append(pieces, piece), rest[n:]
	}
	return append(pieces, rest), scratch
}

// The reply is the same whether the values are there in whole or in pieces, and
// whether it is written into memory or out.
func TestWriteReply(t *testing.T) {
	for _, request := range []string{
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":["a","b","c","d"],"signingParams":{},"signerParams":{}}}`,
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"raw","data":["a","b","c","d"],"signingParams":{"outputCert":true},"signerParams":{}}}`,
		`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","","MTEK",true],"uuid":"x"}`,
	} {
		for _, size := range []int{1, 47, 48, 49, 97, 1000, 49151, 70_000, 300_001} {
			c := Decode([]byte(request))
			n := 4
			if c.uuid != "" {
				n = 1
			}
			values := make([][]byte, n)
			for i := range values {
				values[i] = bytes.Repeat([]byte{byte(i), 2, 0xFF}, size/3+1)[:size]
			}
			whole := Signatures{Values: values, Certificate: []byte("certificate")}
			want := string(c.Reply(whole, nil))
			if len(want) < n*size || len(want) > ReplySize(whole) {
				t.Fatalf("%d octets, %d announced: %.200s", len(want), ReplySize(whole), want)
			}
			for _, at := range [][]int{nil, {1}, {2, 1}, {48, 48, 0, 48}, {49, 60_000, 5}, {100_000, 1, 1, 1}} {
				pieces := Signatures{Batch: cut{values, at}, Certificate: whole.Certificate}
				if got := string(c.Reply(pieces, nil)); got != want {
					t.Fatalf("in memory, cut at %v:\n%.300s\nwant\n%.300s", at, got, want)
				}
				var out bytes.Buffer
				n, err := c.WriteReply(&out, nil, pieces, nil)
				if err != nil || n != int64(out.Len()) || out.String() != want {
					t.Fatalf("written, cut at %v: %v, %d octets\n%.300s\nwant\n%.300s", at, err, n, out.String(), want)
				}
			}
		}
	}
}

func TestWriteReplyOfFailures(t *testing.T) {
	c := Decode([]byte(`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":["a"],"signingParams":{},"signerParams":{}}}`))
	for name, res := range map[string]Signatures{
		"too few":   {Batch: cut{}},
		"too many":  {Batch: cut{values: make([][]byte, 2)}},
		"empty":     {Values: [][]byte{nil}},
		"ambiguous": {Values: [][]byte{{1}}, Batch: cut{values: [][]byte{{1}}}},
	} {
		var out bytes.Buffer
		c.WriteReply(&out, nil, res, nil)
		if want := string(c.Reply(nil, ErrSigning)); out.String() != want {
			t.Errorf("%s: %s\nwant %s", name, &out, want)
		}
	}
	var out bytes.Buffer
	if _, err := c.WriteReply(&out, nil, nil, ErrCancelled); err != nil || out.String() != `{"body":{},"status":true}` {
		t.Errorf("%v: %s", err, &out)
	}
	if n, err := Decode([]byte(`{}`)).WriteReply(&out, nil, nil, nil); n != 0 || err != nil {
		t.Errorf("silent: %d octets, %v", n, err)
	}
	// A reader that leaves ends it.
	large := Signatures{Batch: cut{values: [][]byte{make([]byte, 50<<20)}}}
	w := &leaver{left: 3}
	if n, err := c.WriteReply(w, nil, large, nil); !errors.Is(err, io.ErrClosedPipe) || w.calls != 4 || n == 0 {
		t.Errorf("%d octets in %d calls: %v", n, w.calls, err)
	}
}

type leaver struct{ left, calls int }

func (l *leaver) Write(p []byte) (int, error) {
	if l.calls++; l.calls > l.left {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

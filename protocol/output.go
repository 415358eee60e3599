package protocol

import (
	"encoding/base64"
	"io"
)

// output is a reply being written: into memory that grows, or through a window
// of fixed size to a writer. In memory it is an append.
type output struct {
	b   []byte
	w   io.Writer // nil = into memory
	n   int64     // octets given to w
	err error     // of w; nothing is written after it

	pieces  [][]byte // of one value of a Batch
	scratch []byte
}

// Window is how much of a reply WriteReply collects before the writer gets it:
// large enough that its own costs do not count, small enough to stay in the
// cache.
const Window = 128 << 10

// spill gives to the writer what has been collected.
func (o *output) spill() {
	if o.w == nil || len(o.b) == 0 {
		return
	}
	if o.err == nil {
		n, err := o.w.Write(o.b)
		o.n += int64(n)
		o.err = err
	}
	o.b = o.b[:0]
}

// room spills when less than n octets are left in the window.
func (o *output) room(n int) {
	if o.w != nil && cap(o.b)-len(o.b) < n {
		o.spill()
	}
}

// take is how much of n octets of input is encoded in one go, in whole lines:
// all of it in memory, a part of the window otherwise.
func (o *output) take(n int) int {
	if o.w != nil {
		n = min(n, Window/2)
	}
	return n - n%line64
}

// signature writes value i of s as base64: one line, or PEM with a label.
func (o *output) signature(s *Signatures, i int, label string) {
	e := encoder{o: o, columns: label != ""}
	if e.columns {
		o.room(64)
		o.b = append(append(append(o.b, "-----BEGIN "...), label...), `-----\n`...)
	}
	if s.Batch == nil {
		e.write(s.Values[i])
	} else {
		o.pieces, o.scratch = s.Batch.Pieces(o.pieces[:0], o.scratch[:0], i)
		for _, piece := range o.pieces {
			e.write(piece)
		}
		clear(o.pieces) // they show documents
	}
	e.close()
	if e.columns {
		o.room(64)
		o.b = append(append(append(o.b, "-----END "...), label...), `-----\n`...)
	}
}

// encoder turns the pieces of one value into base64, in lines of 64 columns if
// asked to, with line ends as \n inside a JSON string.
type encoder struct {
	o       *output
	columns bool
	rest    [line64]byte // begun by the piece before
	have    int
}

const line64 = 48 // octets of a line

func (e *encoder) write(p []byte) {
	if e.o.err != nil {
		return // nobody reads on
	}
	if e.have > 0 {
		n := copy(e.rest[e.have:], p)
		e.have += n
		p = p[n:]
		if e.have < line64 {
			return
		}
		e.units(e.rest[:])
		e.have = 0
	}
	for len(p) >= line64 {
		n := e.o.take(len(p))
		e.units(p[:n])
		p = p[n:]
	}
	e.have = copy(e.rest[:], p)
}

// units encodes whole lines.
func (e *encoder) units(p []byte) {
	n := len(p) / line64 * 64
	if e.columns {
		n += len(p) / line64 * len(`\n`)
	}
	e.o.room(n)
	at := len(e.o.b)
	e.o.b = grow(e.o.b, n)
	if e.columns {
		encodeLines(e.o.b[at:], p)
	} else {
		encode64(e.o.b[at:], p)
	}
}

func (e *encoder) close() {
	if e.have == 0 {
		return
	}
	e.o.room(80)
	e.o.b = base64.StdEncoding.AppendEncode(e.o.b, e.rest[:e.have])
	if e.columns {
		e.o.b = append(e.o.b, `\n`...)
	}
	e.have = 0
}

// grow makes b longer by n octets whose values do not matter.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) < n {
		larger := make([]byte, len(b), max(len(b)+n, 2*cap(b)))
		copy(larger, b)
		b = larger
	}
	return b[:len(b)+n]
}

func encodeLinesGeneric(dst, src []byte) {
	for line := 0; (line+1)*line64 <= len(src); line++ {
		out := dst[line*66:][:66]
		base64.StdEncoding.Encode(out[:64], src[line*line64:][:line64])
		out[64], out[65] = '\\', 'n'
	}
}

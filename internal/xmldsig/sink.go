package xmldsig

import "io"

// A sink gathers canonical text and passes it on in pieces. Errors are kept,
// so that they are asked for once.
type sink struct {
	w    io.Writer // nil: everything stays in buf
	buf  []byte
	room int // octets that may still come
	err  error
}

// expansion bounds what canonicalization may make of a document. Exclusive
// canonicalization repeats namespaces wherever they are used, so a document of
// one megabyte can be written that has a canonical form of a terabyte.
const (
	expansion     = 16
	expansionBase = 1 << 20
	pieceSize     = 16 << 10
)

func (s *sink) full() bool { return s.err != nil }

func (s *sink) bytes(b []byte) {
	if s.room -= len(b); s.room < 0 {
		s.err = ErrTooLarge
	}
	if s.err != nil {
		return
	}
	if s.w != nil && len(s.buf)+len(b) > pieceSize {
		s.drain()
		if len(b) > pieceSize {
			_, s.err = s.w.Write(b)
			return
		}
	}
	s.buf = append(s.buf, b...)
}

func (s *sink) string(t string) {
	if s.room -= len(t); s.room < 0 {
		s.err = ErrTooLarge
	}
	if s.err != nil {
		return
	}
	if s.w != nil && len(s.buf)+len(t) > pieceSize {
		s.drain()
	}
	s.buf = append(s.buf, t...)
}

func (s *sink) drain() {
	if s.w != nil && s.err == nil && len(s.buf) > 0 {
		_, s.err = s.w.Write(s.buf)
		s.buf = s.buf[:0]
	}
}

// An escape table maps octets to what stands for them.
type escapes [256]string

// Canonical XML 1.0 section 2.3: text nodes and attribute nodes.
var (
	canonicalText  = escapes{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	canonicalValue = escapes{'&': "&amp;", '<': "&lt;", '"': "&quot;", '\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;"}
	canonicalData  = escapes{'\r': "&#xD;"} // comments and instructions
)

func (s *sink) escaped(text []byte, table *escapes) {
	start := 0
	for i, c := range text {
		if t := table[c]; t != "" {
			s.bytes(text[start:i])
			s.string(t)
			start = i + 1
		}
	}
	s.bytes(text[start:])
}

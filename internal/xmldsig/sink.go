package xmldsig

import "io"

// A sink gathers canonical text and passes it on in pieces. Writing is plain
// appending to buf; after each node, settle looks at how much there is.
type sink struct {
	w    io.Writer // nil: everything stays in buf
	buf  []byte
	done int // octets passed on
	room int // octets there may be in all
}

// expansion bounds what canonicalization may make of a document. Exclusive
// canonicalization repeats namespaces wherever they are used, so a document of
// one megabyte can be written that has a canonical form of a terabyte.
const (
	expansion     = 16
	expansionBase = 1 << 20
	pieceSize     = 16 << 10
)

func (s *sink) string(t string) { s.buf = append(s.buf, t...) }
func (s *sink) octets(b []byte) { s.buf = append(s.buf, b...) }

// settle is called when a node was written. One node is at most a few times as
// large as its source.
func (s *sink) settle() error {
	if s.done+len(s.buf) > s.room {
		return ErrTooLarge
	}
	if s.w == nil || len(s.buf) < pieceSize {
		return nil
	}
	return s.drain()
}

func (s *sink) drain() error {
	if s.w == nil || len(s.buf) == 0 {
		return nil
	}
	s.done += len(s.buf)
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	return err
}

// escapes says what stands for an octet: index 0 is the octet itself.
type escapes struct {
	index [256]uint8
	text  []string
}

func newEscapes(list map[byte]string) *escapes {
	e := &escapes{text: []string{""}}
	for c, text := range list {
		e.index[c] = uint8(len(e.text))
		e.text = append(e.text, text)
	}
	return e
}

// Canonical XML 1.0 section 2.3: text nodes and attribute nodes.
var (
	canonicalText  = newEscapes(map[byte]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"})
	canonicalValue = newEscapes(map[byte]string{'&': "&amp;", '<': "&lt;", '"': "&quot;", '\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;"})
	canonicalData  = newEscapes(map[byte]string{'\r': "&#xD;"}) // comments and instructions
)

// escaped writes text; a long one goes on in pieces, so that it is never there
// twice.
func (s *sink) escaped(text []byte, e *escapes) error {
	for s.w != nil && len(text) > pieceSize {
		s.buf = e.append(s.buf, text[:pieceSize])
		if err := s.settle(); err != nil {
			return err
		}
		text = text[pieceSize:]
	}
	s.buf = e.append(s.buf, text)
	return nil
}

func (e *escapes) append(out, text []byte) []byte {
	start := 0
	for i, c := range text {
		if k := e.index[c]; k != 0 {
			out = append(append(out, text[start:i]...), e.text[k]...)
			start = i + 1
		}
	}
	return append(out, text[start:]...)
}

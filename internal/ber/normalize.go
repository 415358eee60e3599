package ber

import (
	"fmt"
	"slices"
)

// Normalize returns the first element of in as DER framing. Octets after that
// element are ignored.
//
// The error wraps ErrTruncated when in ends too early, ErrLimits when a bound
// is exceeded, ErrSyntax otherwise. The result never shares memory with in.
func Normalize(in []byte, lim Limits) ([]byte, error) {
	lim = lim.filled()
	if len(in) > lim.Size {
		return nil, fmt.Errorf("%w: %d octets, at most %d", ErrLimits, len(in), lim.Size)
	}
	n := normalizer{lim: lim, out: make([]byte, 0, len(in)+8)}
	if _, err := n.element(in, 0, true); err != nil {
		clear(n.out)
		return nil, err
	}
	return n.out, nil
}

type normalizer struct {
	lim      Limits
	elements int
	out      []byte
}

// element appends the DER form of the first element of in and returns what
// follows it. open says that in reaches to the end of the input, so that
// running out of octets means truncation and not a length that lies.
func (n *normalizer) element(in []byte, depth int, open bool) ([]byte, error) {
	h, err := n.enter(in, depth, open)
	if err != nil {
		return nil, err
	}
	in = in[h.size:]
	if !h.constructed() {
		n.out = appendHeader(n.out, h.tag, h.length)
		n.out = append(n.out, in[:h.length]...)
		return in[h.length:], nil
	}
	if universal := h.tag&tagClass == 0; universal && !structured(h.tag) {
		if !isString(h.tag) {
			return nil, fmt.Errorf("%w: constructed value of tag %#02x", ErrSyntax, h.tag)
		}
		return n.pieces(in, h, depth, open)
	}
	start := len(n.out)
	rest, err := n.children(in, h, open, func(in []byte, open bool) ([]byte, error) {
		return n.element(in, depth+1, open)
	})
	if err != nil {
		return nil, err
	}
	n.wrap(start, h.tag)
	return rest, nil
}

// enter reads a header, counts the element and checks what can be checked of
// it before its content is read.
func (n *normalizer) enter(in []byte, depth int, open bool) (header, error) {
	h, err := readHeader(in)
	if err != nil {
		return h, ended(err, open)
	}
	if n.elements++; n.elements > n.lim.Elements {
		return h, fmt.Errorf("%w: more than %d elements", ErrLimits, n.lim.Elements)
	}
	if h.constructed() && depth >= n.lim.Depth {
		return h, fmt.Errorf("%w: more than %d levels", ErrLimits, n.lim.Depth)
	}
	if h.length == lengthIndefinite && !h.constructed() {
		return h, fmt.Errorf("%w: primitive value of indefinite length", ErrSyntax)
	}
	if h.length > len(in)-h.size {
		return h, ended(ErrTruncated, open)
	}
	if h.tag == tagEnd {
		return h, fmt.Errorf("%w: end marker out of place", ErrSyntax)
	}
	if h.tag&tagClass == 0 && structured(h.tag) && !h.constructed() {
		return h, fmt.Errorf("%w: primitive value of tag %#02x", ErrSyntax, h.tag)
	}
	return h, nil
}

// children calls each for every element of the content of h and returns what
// follows that content.
func (n *normalizer) children(in []byte, h header, open bool, each func([]byte, bool) ([]byte, error)) ([]byte, error) {
	if h.length != lengthIndefinite {
		body, rest := in[:h.length], in[h.length:]
		for len(body) > 0 {
			var err error
			if body, err = each(body, false); err != nil {
				return nil, err
			}
		}
		return rest, nil
	}
	for {
		if len(in) < 2 {
			return nil, ended(ErrTruncated, open)
		}
		if in[0] == tagEnd {
			if in[1] != 0 {
				return nil, fmt.Errorf("%w: end marker with content", ErrSyntax)
			}
			return in[2:], nil
		}
		var err error
		if in, err = each(in, open); err != nil {
			return nil, err
		}
	}
}

// pieces joins a string sent in pieces (X.690, 8.6.4 and 8.7.3). The pieces
// of a BIT STRING are BIT STRINGs, of any other string OCTET STRINGs or
// strings of the same type.
func (n *normalizer) pieces(in []byte, h header, depth int, open bool) ([]byte, error) {
	start := len(n.out)
	tag := h.tag &^ tagConstructed
	bits := tag == tagBitString
	if bits {
		n.out = append(n.out, 0)
	}
	var piece func(in []byte, depth int, open bool) ([]byte, error)
	piece = func(in []byte, depth int, open bool) ([]byte, error) {
		p, err := n.enter(in, depth, open)
		if err != nil {
			return nil, err
		}
		if t := p.tag &^ tagConstructed; t != tag && (bits || t != tagOctetString) {
			return nil, fmt.Errorf("%w: piece of tag %#02x in a string of tag %#02x", ErrSyntax, p.tag, tag)
		}
		in = in[p.size:]
		if p.constructed() {
			return n.children(in, p, open, func(in []byte, open bool) ([]byte, error) {
				return piece(in, depth+1, open)
			})
		}
		body, rest := in[:p.length], in[p.length:]
		if bits {
			if len(body) == 0 || body[0] > 7 || body[0] > 0 && len(body) == 1 || n.out[start] != 0 {
				return nil, fmt.Errorf("%w: piece of a bit string", ErrSyntax)
			}
			n.out[start] = body[0]
			body = body[1:]
		}
		n.out = append(n.out, body...)
		return rest, nil
	}
	rest, err := n.children(in, h, open, func(in []byte, open bool) ([]byte, error) {
		return piece(in, depth+1, open)
	})
	if err != nil {
		return nil, err
	}
	n.wrap(start, tag)
	return rest, nil
}

// wrap puts a header before everything appended since start.
func (n *normalizer) wrap(start int, tag byte) {
	length := len(n.out) - start
	var buf [6]byte
	n.out = slices.Insert(n.out, start, appendHeader(buf[:0], tag, length)...)
}

// ended turns the end of the octets at hand into the right error: the end of
// the input, or an element that is longer than the one around it.
func ended(err error, open bool) error {
	if err == ErrTruncated && !open {
		return fmt.Errorf("%w: element longer than the one around it", ErrSyntax)
	}
	return err
}

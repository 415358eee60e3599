// Package ber turns BER into DER within strict bounds, and checks that octets
// are framed as DER says.
//
// The national certification authority writes its key files in BER: a DER
// frame around structures of indefinite length. Everything else in Tanba reads
// DER only, so those files pass through [Normalize] once and come out as DER.
//
// Normalize rewrites the framing of X.690 and nothing else: indefinite lengths
// become definite (8.1.3.6), lengths become minimal (10.1), strings sent in
// pieces become one piece (8.6.4, 8.7.3). It does not sort a SET OF, does not
// touch the content of a primitive value, and cannot know that an implicitly
// tagged field is a string: such a field in pieces stays constructed, holding
// DER pieces, and its reader joins them. Content of OCTET STRINGs is never
// looked into, so a signature or MAC over such content stays true.
//
// Every bound of [Limits] is checked while reading, before memory is spent:
// the output is never larger than the input by more than five octets for each
// element.
package ber

import (
	"errors"
	"fmt"
)

// Limits bounds what is read. A zero field means the default, which fits key
// files: 1 MiB, 32 levels, 16384 elements.
type Limits struct {
	Size     int // octets of input
	Depth    int // nested constructed elements
	Elements int // all elements, end markers not counted
}

// Default bounds of a zero [Limits].
const (
	DefaultSize     = 1 << 20
	DefaultDepth    = 32
	DefaultElements = 1 << 14
)

// Errors that callers tell apart; others do not occur.
var (
	// ErrTruncated says that the input ends before the outermost element does.
	ErrTruncated = errors.New("ber: data ends early")
	// ErrLimits says that a bound of Limits is exceeded.
	ErrLimits = errors.New("ber: limit exceeded")
	// ErrSyntax says that the framing is wrong.
	ErrSyntax = errors.New("ber: wrong encoding")
)

func (l Limits) filled() Limits {
	if l.Size == 0 {
		l.Size = DefaultSize
	}
	if l.Depth == 0 {
		l.Depth = DefaultDepth
	}
	if l.Elements == 0 {
		l.Elements = DefaultElements
	}
	return l
}

// Universal tags the rewriting depends on (X.680, 8.4).
const (
	tagEnd           = 0x00
	tagBitString     = 0x03
	tagOctetString   = 0x04
	tagExternal      = 0x08
	tagEmbeddedPDV   = 0x0b
	tagSequence      = 0x10
	tagSet           = 0x11
	tagConstructed   = 0x20
	tagClass         = 0xc0
	tagNumber        = 0x1f
	lengthIndefinite = -1
)

// header is the identifier and length octets of one element.
type header struct {
	tag    byte
	length int // of the content, or lengthIndefinite
	size   int // of the header itself
	strict bool
}

func (h header) constructed() bool { return h.tag&tagConstructed != 0 }

// structured says that the universal type has components, so that it must be
// constructed; all other universal types are single values.
func structured(tag byte) bool {
	switch tag & tagNumber {
	case tagSequence, tagSet, tagExternal, tagEmbeddedPDV:
		return true
	}
	return false
}

// isString says that the universal type may be sent in pieces.
func isString(tag byte) bool {
	switch n := tag & tagNumber; {
	case n == tagBitString, n == tagOctetString, n == 0x0c:
		return true
	case n >= 0x12 && n <= 0x1e:
		return true
	}
	return false
}

// readHeader reads one header. It returns ErrTruncated when in ends inside it.
func readHeader(in []byte) (header, error) {
	if len(in) < 2 {
		return header{}, ErrTruncated
	}
	h := header{tag: in[0], size: 2, strict: true}
	if h.tag&tagNumber == tagNumber {
		return header{}, fmt.Errorf("%w: tag number above 30", ErrSyntax)
	}
	first := in[1]
	switch {
	case first < 0x80:
		h.length = int(first)
	case first == 0x80:
		h.length, h.strict = lengthIndefinite, false
	default:
		n := int(first & 0x7f)
		if n > 4 {
			return header{}, fmt.Errorf("%w: length of %d octets", ErrLimits, n)
		}
		if len(in) < 2+n {
			return header{}, ErrTruncated
		}
		var length uint32
		for _, b := range in[2 : 2+n] {
			length = length<<8 | uint32(b)
		}
		if length > 1<<31-1 {
			return header{}, fmt.Errorf("%w: length %d", ErrLimits, length)
		}
		h.length, h.size = int(length), 2+n
		h.strict = h.size == headerSize(h.length)
	}
	return h, nil
}

// headerSize is the size of a DER header for content of the given length.
func headerSize(length int) int {
	size := 2
	if length >= 0x80 {
		for ; length > 0; length >>= 8 {
			size++
		}
	}
	return size
}

// appendHeader appends a DER header.
func appendHeader(dst []byte, tag byte, length int) []byte {
	if length < 0x80 {
		return append(dst, tag, byte(length))
	}
	n := headerSize(length) - 2
	dst = append(dst, tag, 0x80|byte(n))
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, byte(length>>(8*i)))
	}
	return dst
}

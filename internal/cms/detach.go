package cms

import (
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds of what Detach takes into memory: all before the content, all after it.
const (
	maxFront = 64 << 10
	maxRest  = 16 << 20
)

// Detach splits an attached SignedData that is too large for memory: der is the
// same container without its content, for Parse, and content is where the
// content lies in r. The two stay together only in the hands of the caller, who
// gives content to VerifyReader.
//
// Only DER with the content in one piece is taken; everything else gives
// ErrNotSignedData or ErrTooLarge.
func Detach(r io.ReaderAt, size int64) (der []byte, content *io.SectionReader, err error) {
	front := make([]byte, min(size, maxFront))
	if n, err := r.ReadAt(front, 0); n < len(front) {
		return nil, nil, fmt.Errorf("cms: reading: %w", err)
	}
	d := detacher{in: cryptobyte.String(front), end: size}
	var version, digestAlgorithms, contentType cryptobyte.String
	ok := d.enter(tagSequence, size) &&
		d.element(&contentType, tagOID) && string(element(tagOID, contentType)) == string(signedDataType) &&
		d.enter(tagContext0, d.end) &&
		d.enter(tagSequence, d.end) &&
		d.element(&version, tagInteger) &&
		d.element(&digestAlgorithms, tagSet)
	outside := d.end
	ok = ok && d.enter(tagSequence, -1) &&
		d.element(&contentType, tagOID) &&
		d.enter(tagContext0, d.end) &&
		d.enter(tagOctets, d.end)
	if !ok {
		return nil, nil, fmt.Errorf("%w: not DER with its content inside", ErrNotSignedData)
	}
	if outside-d.end > maxRest {
		return nil, nil, fmt.Errorf("%w: %d octets after the content", ErrTooLarge, outside-d.end)
	}
	rest := make([]byte, outside-d.end)
	if n, err := r.ReadAt(rest, d.end); n < len(rest) {
		return nil, nil, fmt.Errorf("cms: reading: %w", err)
	}
	signedData := element(tagSequence,
		element(tagInteger, version), element(tagSet, digestAlgorithms),
		element(tagSequence, element(tagOID, contentType)), rest)
	der = element(tagSequence, signedDataType, element(tagContext0, signedData))
	return der, io.NewSectionReader(r, d.at, d.end-d.at), nil
}

// detacher walks down into nested elements that are longer than what is read.
type detacher struct {
	in      cryptobyte.String // what is read and not yet taken
	at, end int64             // where in stands, and where the element it is in ends
}

// element takes a whole element and gives its content.
func (d *detacher) element(out *cryptobyte.String, tag byte) bool {
	before := len(d.in)
	ok := d.in.ReadASN1(out, cbasn1.Tag(tag))
	d.at += int64(before - len(d.in))
	return ok && d.at <= d.end
}

// enter takes the header of an element. It must end where end says; -1 means
// anywhere within the element around it.
func (d *detacher) enter(tag byte, end int64) bool {
	var got, first uint8
	if !d.in.ReadUint8(&got) || got != tag || !d.in.ReadUint8(&first) {
		return false
	}
	length, header := int64(first), int64(2)
	if first >= 0x80 {
		octets := int64(first & 0x7f)
		if octets == 0 || octets > 7 { // 2^56 is more than any file
			return false
		}
		length = 0
		for range octets {
			var b uint8
			if !d.in.ReadUint8(&b) {
				return false
			}
			length = length<<8 | int64(b)
		}
		header += octets
		if length < 0x80 || length>>(8*(octets-1)) == 0 {
			return false // not the shortest form
		}
	}
	d.at += header
	if d.at+length > d.end || end >= 0 && d.at+length != end {
		return false
	}
	d.end = d.at + length
	return true
}

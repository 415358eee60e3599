package cms

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrContentLength: the content is not as long as was said before it came.
var ErrContentLength = errors.New("cms: the content is not of the length announced")

// SignTo writes an attached SignedData over size octets of content to w, in
// pieces: the memory needed does not depend on the size. All lengths of the
// encoding follow from the size and the signature stands at the end, so the
// content is read once, and what is signed is what was written. o.Detached is
// not looked at.
//
// The error wraps ErrContentLength if content ends before size octets or goes
// on after them. After an error what w got is worthless.
func (s *Signer) SignTo(w io.Writer, content io.Reader, size int64, o Options) error {
	if size < 0 || size > math.MaxInt-(1<<20) { // the largest int of 32-bit machines is below 2 GiB
		return fmt.Errorf("%w: %d octets", ErrTooLarge, size)
	}
	sc := s.scratch.Get().(*scratch)
	defer s.scratch.Put(sc)
	if sc.buf == nil {
		sc.buf = make([]byte, 64<<10)
	}
	l, when, err := s.layoutFor(o, s.family.HashSize())
	if err != nil {
		return err
	}
	if _, err := w.Write(l.appendHead(nil, int(size))); err != nil {
		return fmt.Errorf("cms: writing: %w", err)
	}
	sc.hash.Reset()
	for left := size; ; {
		// One octet more than is left, to see the end.
		n, err := content.Read(sc.buf[:min(int64(len(sc.buf)), left+1)])
		if int64(n) > left {
			return fmt.Errorf("%w: more than %d octets", ErrContentLength, size)
		}
		left -= int64(n)
		sc.hash.Write(sc.buf[:n])
		if _, err := w.Write(sc.buf[:n]); err != nil {
			return fmt.Errorf("cms: writing: %w", err)
		}
		if errors.Is(err, io.EOF) {
			if left > 0 {
				return fmt.Errorf("%w: %d octets of %d", ErrContentLength, size-left, size)
			}
			break
		}
		if err != nil {
			return fmt.Errorf("cms: reading the content: %w", err)
		}
	}
	tail := appendHeader(append([]byte(nil), l.certs...), tagSet, len(l.info)+l.signatureLen)
	tail, err = s.appendInfo(tail, l, when, sc.hash.Sum(sc.digest[:0]), o, sc)
	if err != nil {
		return err
	}
	if _, err := w.Write(tail); err != nil {
		return fmt.Errorf("cms: writing: %w", err)
	}
	return nil
}

// appendHead appends everything before n octets of content, or before the
// certificates of a detached signature when n is negative.
func (l *layout) appendHead(dst []byte, n int) []byte {
	_, outer, signedData, encap, octets := l.sizes(n)
	dst = appendHeader(dst, tagSequence, outer)
	dst = append(dst, signedDataType...)
	dst = appendHeader(dst, tagContext0, fullLen(signedData))
	dst = appendHeader(dst, tagSequence, signedData)
	dst = append(dst, l.signed...)
	dst = appendHeader(dst, tagSequence, encap)
	dst = append(dst, l.encap...)
	if n < 0 {
		return dst
	}
	dst = appendHeader(dst, tagContext0, octets)
	return appendHeader(dst, tagOctets, n)
}

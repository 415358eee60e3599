package cms

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// AttachTo writes a detached SignedData to w with the size octets of its content
// put inside, in pieces: the opposite of Detach. All else stays octet for octet.
// The content is judged while it passes, so what w got is a good signature if the
// error is nil and worthless if not.
//
// The error wraps ErrContentLength, or is one of Verify's.
func AttachTo(w io.Writer, detached []byte, content io.Reader, size int64) error {
	sd, err := Parse(detached)
	switch {
	case err != nil:
		return err
	case !sd.Detached:
		return fmt.Errorf("%w: it has a content already", ErrNotSignedData)
	case size < 0 || size > math.MaxInt-(1<<20):
		return fmt.Errorf("%w: %d octets", ErrTooLarge, size)
	}
	contentType, err := objectIdentifier(sd.ContentType)
	if err != nil {
		return fmt.Errorf("%w: content type", ErrNotSignedData)
	}
	p := &sd.parts
	head := append(append([]byte(nil), p.version...), element(tagSet, p.digestAlgorithms...)...)
	var tail []byte
	if len(p.certificates) > 0 {
		tail = element(tagContext0, p.certificates...)
	}
	tail = append(append(tail, p.crls...), element(tagSet, p.signers...)...)

	octets := fullLen(int(size))
	encap := len(contentType) + fullLen(octets)
	signedData := len(head) + fullLen(encap) + len(tail)
	front := appendHeader(nil, tagSequence, len(signedDataType)+fullLen(fullLen(signedData)))
	front = append(front, signedDataType...)
	front = appendHeader(front, tagContext0, fullLen(signedData))
	front = appendHeader(front, tagSequence, signedData)
	front = append(front, head...)
	front = appendHeader(front, tagSequence, encap)
	front = append(front, contentType...)
	front = appendHeader(front, tagContext0, octets)
	front = appendHeader(front, tagOctets, int(size))

	if _, err := w.Write(front); err != nil {
		return fmt.Errorf("cms: writing: %w", err)
	}
	passing := &exactly{r: content, left: size}
	if _, err := sd.VerifyReader(io.TeeReader(passing, w)); err != nil {
		return err
	}
	if _, err := w.Write(tail); err != nil {
		return fmt.Errorf("cms: writing: %w", err)
	}
	return nil
}

// exactly gives what r gives if that is so long, else ErrContentLength.
type exactly struct {
	r    io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	// One octet more than is left, to see the end.
	n, err := e.r.Read(p[:min(int64(len(p)), e.left+1)])
	if int64(n) > e.left {
		return 0, fmt.Errorf("%w: it goes on", ErrContentLength)
	}
	e.left -= int64(n)
	if errors.Is(err, io.EOF) && e.left > 0 {
		return n, fmt.Errorf("%w: %d octets are missing", ErrContentLength, e.left)
	}
	return n, err
}

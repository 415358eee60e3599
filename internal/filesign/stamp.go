package filesign

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"tanba/internal/cms"
)

// ErrStamp: the signature was made and no time stamp was to be had for it, so it
// was not written.
var ErrStamp = errors.New("filesign: no time stamp")

// writeStamped signs what in holds and gives the signature a time stamp before
// any of it is written. The length of the stamp is part of every length before
// the content, so the content is read twice; the second time it is held against
// the signature.
func (j *Job) writeStamped(out io.Writer, in io.ReadSeeker, size int64, o cms.Options) error {
	o.Detached = true
	signature, err := j.Signer.SignReader(&counter{in, &j.read}, o)
	if err != nil {
		return err
	}
	if signature, err = j.Stamp(signature); err != nil {
		return fmt.Errorf("%w: %w", ErrStamp, err)
	}
	if j.Detached {
		_, err = out.Write(signature)
		return err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w := writers.Get().(*bufio.Writer)
	defer writers.Put(w)
	w.Reset(out)
	defer w.Reset(nil)
	err = cms.AttachTo(w, signature, in, size)
	if errors.Is(err, cms.ErrContentLength) || errors.Is(err, cms.ErrDigestMismatch) {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return errors.Join(err, w.Flush())
}

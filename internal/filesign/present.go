package filesign

import (
	"bytes"
	"errors"
	"io"
	"os"

	"tanba/internal/cms"
	"tanba/internal/timestamp"
)

// maxWhole is how large a signature is taken into memory; a larger one is
// compared with its content in pieces.
const maxWhole = 1 << 20

// present reports whether output is already what would be written: a good
// signature over what in gives, by this certificate and of this kind. A symbolic
// link is not: what it leads to is not known to stay.
func (j *Job) present(in io.Reader, output string) bool {
	if fi, err := os.Lstat(output); err != nil || !fi.Mode().IsRegular() {
		return false
	}
	f, fi, err := openRegular(output)
	if err != nil {
		return false
	}
	defer f.Close()
	in = &counter{in, &j.read}
	if j.XML != nil {
		return j.XML.present(in, f, fi.Size())
	}
	sd, inside, err := parse(f, fi.Size())
	if err != nil {
		return false
	}
	if detached := sd.Detached && inside == nil; detached != j.Detached {
		return false
	}
	if inside != nil {
		in = &same{a: in, b: inside}
	}
	verdicts, err := sd.VerifyReader(in)
	if err != nil {
		return false
	}
	for _, v := range verdicts {
		if v.Certificate != nil && v.Certificate.Equal(j.Signer.Certificate()) && (j.Stamp == nil || stamps(v)) {
			return true
		}
	}
	return false
}

// stamps reports whether the signer carries a time stamp over this signature.
func stamps(v cms.Verified) bool {
	token, err := timestamp.ParseToken(v.TimestampToken)
	return err == nil && token.Covers(v.Signer.Signature) == nil
}

// parse reads a signature; a large one without its content, which is inside.
func parse(r io.ReaderAt, size int64) (sd *cms.SignedData, inside io.Reader, err error) {
	if size <= maxWhole {
		data := make([]byte, size)
		if n, err := r.ReadAt(data, 0); n < len(data) {
			return nil, nil, err
		}
		sd, err = cms.ParseAny(data)
		return sd, nil, err
	}
	der, inside, err := cms.Detach(r, size)
	if err != nil {
		return nil, nil, err
	}
	sd, err = cms.Parse(der)
	return sd, inside, err
}

var errDiffers = errors.New("the content is another one")

// same reads a as long as b gives the same octets and ends with it.
type same struct {
	a, b io.Reader
	buf  []byte
}

func (s *same) Read(p []byte) (int, error) {
	n, err := s.a.Read(p)
	if len(s.buf) < n+1 {
		s.buf = make([]byte, max(n+1, len(p)+1))
	}
	if _, err := io.ReadFull(s.b, s.buf[:n]); err != nil || !bytes.Equal(s.buf[:n], p[:n]) {
		return 0, errDiffers
	}
	if errors.Is(err, io.EOF) {
		if _, more := io.ReadFull(s.b, s.buf[:1]); more == nil {
			return 0, errDiffers
		}
	}
	return n, err
}

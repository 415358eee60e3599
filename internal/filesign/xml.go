package filesign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"tanba/internal/xmldsig"
)

// MaxXML is how large an XML document may be: it is taken into memory.
const MaxXML = 256 << 20

// ErrTooLarge: the XML document is larger than MaxXML.
var ErrTooLarge = errors.New("filesign: XML document too large")

// XML signs documents into copies of themselves.
type XML struct {
	Signer *xmldsig.Signer
	ID     string // of the element to be signed, "" = the whole document
}

func (x *XML) options() xmldsig.Options {
	if x.ID == "" {
		return xmldsig.Options{}
	}
	return xmldsig.Options{Element: "//*[@Id='" + x.ID + "']"}
}

// ValidID reports whether an identifier can be written into a path.
func ValidID(id string) bool { return !strings.ContainsAny(id, `'"<>&`) }

func (x *XML) write(out io.Writer, in io.Reader, size int64) error {
	document, err := x.read(in, size)
	if err != nil {
		return err
	}
	signed, err := x.Signer.Sign(document, x.options())
	if err == nil {
		_, err = out.Write(signed)
	}
	return err
}

func (x *XML) read(in io.Reader, size int64) ([]byte, error) {
	if size > MaxXML {
		return nil, fmt.Errorf("%w: %d octets", ErrTooLarge, size)
	}
	document := make([]byte, size)
	if _, err := io.ReadFull(in, document); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return document, nil
}

// present reports whether output is a well signed copy of what in gives: some
// signature by this certificate covers just this content.
func (x *XML) present(in io.Reader, output io.ReaderAt, size int64) bool {
	if size > MaxXML {
		return false
	}
	document, err := io.ReadAll(io.LimitReader(in, MaxXML))
	if err != nil {
		return false
	}
	parsed, err := xmldsig.Parse(document)
	if err != nil {
		return false
	}
	var content bytes.Buffer
	if x.ID == "" {
		err = parsed.Canonicalize(&content, xmldsig.Method{})
	} else {
		err = parsed.CanonicalizeElement(&content, x.ID, xmldsig.Method{})
	}
	if err != nil {
		return false
	}
	verified, err := xmldsig.Verify(readAll(output, size))
	if err != nil {
		return false
	}
	for _, v := range verified {
		if v.Certificate.Equal(x.Signer.Certificate()) && len(v.Parts) == 1 && v.Parts[0].ID == x.ID && bytes.Equal(v.Parts[0].Bytes, content.Bytes()) {
			return true
		}
	}
	return false
}

func readAll(r io.ReaderAt, size int64) []byte {
	data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil
	}
	return data
}

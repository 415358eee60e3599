package verification

import (
	"bytes"
	"strings"

	"tanba/internal/xmldsig"
)

// IsXML reports whether a file is XML rather than a signature container.
func IsXML(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("<"))
}

// XML judges the signatures in an XML document. The error is for a document that
// cannot be read or has no signature.
func XML(data []byte, o Options) (*Report, error) {
	verified, err := xmldsig.Verify(data)
	if len(verified) == 0 {
		return nil, err
	}
	report := &Report{Content: data}
	if len(verified) == 1 && verified[0].Err == nil && len(verified[0].Parts) == 1 {
		report.Content = verified[0].Parts[0].Bytes // what is covered, which may be less than the file
	}
	for _, v := range verified {
		s := Signer{Err: v.Err, Certificate: v.Certificate, SigningTime: v.Time, State: Unknown}
		if v.Err == nil {
			paths := make([]string, len(v.Parts))
			for i, p := range v.Parts {
				paths[i] = p.Path
			}
			s.Part = strings.Join(paths, ", ")
		}
		if v.Certificate != nil {
			s.State, s.Anchor, s.StateErr = judge(v.Certificate, v.Others, o)
		}
		report.Signers = append(report.Signers, s)
	}
	return report, nil
}

package verification

import (
	"bytes"
	"context"
	"strings"

	"tanba/internal/revocation"
	"tanba/internal/xmldsig"
)

// IsXML reports whether a file is XML rather than a signature container.
func IsXML(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("<"))
}

// XML judges the signatures in an XML document. The error is for a document that
// cannot be read or has no signature. Time stamps and validation data of XAdES are
// not read: such a signature has no Level and is judged like one without them.
func (v *Verifier) XML(ctx context.Context, data []byte, o Options) (*Report, error) {
	verified, err := xmldsig.Verify(data)
	if len(verified) == 0 {
		return nil, err
	}
	report := &Report{Content: data}
	if len(verified) == 1 && verified[0].Err == nil && len(verified[0].Parts) == 1 {
		report.Content = verified[0].Parts[0].Bytes // what is covered, which may be less than the file
	}
	for _, one := range verified {
		s := Signer{Err: one.Err, Certificate: one.Certificate, SigningTime: one.Time, State: Unknown}
		if one.Err == nil {
			paths := make([]string, len(one.Parts))
			for i, p := range one.Parts {
				paths[i] = p.Path
			}
			s.Part = strings.Join(paths, ", ")
		}
		if one.Certificate != nil {
			j := &judgement{v: v, extra: one.Others, archive: revocation.NewArchive(nil, nil), at: v.when(o.At)}
			j.judge(ctx, &s, nil, nil)
		}
		report.Signers = append(report.Signers, s)
	}
	return report, nil
}

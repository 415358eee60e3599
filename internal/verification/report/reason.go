package report

import (
	"errors"

	"tanba/internal/cms"
	"tanba/internal/xmldsig"
)

// wrongs are the ways in which a signature is bad that people can do something
// about, most telling first.
var wrongs = []struct {
	err error
	key string
}{
	{cms.ErrDigestMismatch, "verify.wrong.content"}, {xmldsig.ErrDigest, "verify.wrong.content"},
	{cms.ErrSignature, "verify.wrong.signature"}, {xmldsig.ErrSignature, "verify.wrong.signature"},
	{cms.ErrNoCertificate, "verify.wrong.certificate"}, {xmldsig.ErrNoCert, "verify.wrong.certificate"},
	{cms.ErrSigningCertificate, "verify.wrong.other"}, {xmldsig.ErrCertMismatch, "verify.wrong.other"},
	{xmldsig.ErrWrapped, "verify.wrong.place"}, {xmldsig.ErrDuplicateID, "verify.wrong.place"}, {xmldsig.ErrReference, "verify.wrong.place"},
	{cms.ErrAlgorithm, "verify.wrong.algorithm"}, {xmldsig.ErrAlgorithm, "verify.wrong.algorithm"},
}

// because says why a signature is bad: in words where there are some, and always
// as the checks say it, for whoever is asked for help.
func (w words) because(err error) string {
	for _, known := range wrongs {
		if errors.Is(err, known.err) {
			return w.t(known.key) + " (" + Printable(err.Error()) + ")"
		}
	}
	return Printable(err.Error())
}

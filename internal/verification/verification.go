// Package verification judges a signed file for a person: who signed, what,
// when, and whether the signer's certificate can be trusted.
//
// It answers two questions apart: is the signature itself good (the octets are
// the ones that were signed, by the key in the certificate), and is the
// certificate good (a chain to a national CA, within its time). Revocation is
// not checked here; a Report says so.
package verification

import (
	"errors"
	"io"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
)

// CertificateState says what is known about a signer's certificate at the time
// asked for.
type CertificateState string

const (
	Trusted     CertificateState = "trusted"      // chains to a production CA
	TrustedTest CertificateState = "trusted_test" // chains to a CA of the national test system
	Expired     CertificateState = "expired"
	NotYetValid CertificateState = "not_yet_valid"
	Unknown     CertificateState = "unknown" // no chain to a known CA
)

// Options say against what a file is judged.
type Options struct {
	Content []byte    // of a detached signature, else nil
	Reader  io.Reader // the same where it is too large for memory
	At      time.Time // certificates are judged as of then
	Roots   []*pki.Certificate
}

// Signer is the verdict on one signature.
type Signer struct {
	Err         error // nil = the signature is good
	Certificate *pki.Certificate
	State       CertificateState
	StateErr    error     // why not Trusted
	Anchor      string    // the CA that stands for it
	SigningTime time.Time // as the signer claims; zero = not said
	Stamped     bool      // carries a time stamp (not judged here)
	Part        string    // of an XML document: what the signature covers, "/" = all
}

// Report is the verdict on one file.
type Report struct {
	Content  []byte // what was signed; nil when it is too large for memory
	Detached bool
	Signers  []Signer
}

// Good reports whether every signature is good and there is at least one.
func (r *Report) Good() bool {
	for _, s := range r.Signers {
		if s.Err != nil {
			return false
		}
	}
	return len(r.Signers) > 0
}

// Trusted reports whether every signer's certificate chains to a known CA and
// is in its time.
func (r *Report) Trusted() bool {
	for _, s := range r.Signers {
		if s.State != Trusted && s.State != TrustedTest {
			return false
		}
	}
	return len(r.Signers) > 0
}

// CMS judges a CMS signature given as DER, PEM or base64. The error is for a
// file that is no readable signature at all; everything else is in the Report.
func CMS(data []byte, o Options) (*Report, error) {
	sd, err := cms.ParseAny(data)
	if err != nil {
		return nil, err
	}
	report := &Report{Content: sd.Content, Detached: sd.Detached}
	var verified []cms.Verified
	switch {
	case !sd.Detached:
		verified, err = sd.Verify(nil)
	case o.Content != nil:
		report.Content = o.Content
		verified, err = sd.Verify(o.Content)
	case o.Reader != nil:
		verified, err = sd.VerifyReader(o.Reader)
	default:
		return report, cms.ErrContentMissing
	}
	return report, report.add(sd, verified, err, o)
}

// Large is CMS for a signature with its content inside that is too large for
// memory. It takes DER only.
func Large(r io.ReaderAt, size int64, o Options) (*Report, error) {
	der, content, err := cms.Detach(r, size)
	if err != nil {
		return nil, err
	}
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	report := &Report{}
	verified, err := sd.VerifyReader(content)
	return report, report.add(sd, verified, err, o)
}

// add takes the verdicts on the signatures and judges the certificates.
func (r *Report) add(sd *cms.SignedData, verified []cms.Verified, err error, o Options) error {
	if err != nil && len(verified) == 0 {
		return err
	}
	for _, v := range verified {
		s := Signer{Err: v.Err, Certificate: v.Certificate, SigningTime: v.Time, Stamped: len(v.TimestampToken) > 0}
		if v.Certificate != nil {
			s.State, s.Anchor, s.StateErr = judge(v.Certificate, sd.Certificates, o)
		} else {
			s.State = Unknown
		}
		r.Signers = append(r.Signers, s)
	}
	return nil
}

func judge(leaf *pki.Certificate, extra []*pki.Certificate, o Options) (CertificateState, string, error) {
	chain := func(production, test bool) (*pki.Chain, error) {
		pool := pki.NewPool(pki.Anchors(production, test))
		for _, c := range o.Roots {
			pool.AddRoot(c)
		}
		return pool.Build(leaf, o.At, extra...)
	}
	if c, err := chain(true, false); err == nil {
		return Trusted, c.Anchor, nil
	}
	c, err := chain(false, true)
	switch {
	case err == nil:
		return TrustedTest, c.Anchor, nil
	case errors.Is(err, pki.ErrExpired):
		return Expired, "", err
	case errors.Is(err, pki.ErrNotYetValid):
		return NotYetValid, "", err
	}
	// A certificate out of its time is said to be so even when its CA is unknown.
	switch err := leaf.ValidAt(o.At); {
	case errors.Is(err, pki.ErrExpired):
		return Expired, "", err
	case errors.Is(err, pki.ErrNotYetValid):
		return NotYetValid, "", err
	}
	return Unknown, "", err
}

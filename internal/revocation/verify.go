package revocation

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"time"

	"tanba/internal/pki"
)

// Verify checks who signed the response: the issuer itself, or a certificate
// beside it that the issuer made for that purpose. It returns that certificate,
// nil for the issuer itself. The error wraps ErrSigner or ErrSignature.
//
// The certificate of a responder must have been valid when the response was
// produced. Whether it was revoked is not asked when it says that nobody need
// ask (id-pkix-ocsp-nocheck, as the national responders do); for others the
// caller sees Responder.NoOCSPCheck.
func (r *Response) Verify(issuer Issuer) (*pki.Certificate, error) {
	if r.isIssuer(issuer) {
		if err := checkSignature(issuer.Key, r.algorithm, r.signed, r.signature); err == nil {
			return nil, nil
		} else if len(r.Certificates) == 0 {
			return nil, err
		}
	}
	failure := fmt.Errorf("%w: no certificate of the responder", ErrSigner)
	for _, c := range r.Certificates {
		if !r.names(c) {
			continue
		}
		if err := mayAnswer(c, issuer, r.ProducedAt); err != nil {
			failure = fmt.Errorf("%w: %q: %w", ErrSigner, c.Subject.CommonName(), err)
			continue
		}
		if err := checkSignature(c.PublicKey, r.algorithm, r.signed, r.signature); err != nil {
			return nil, err
		}
		if c.PublicKey.Equal(issuer.Key) {
			return nil, nil // the issuer's own certificate
		}
		return c, nil
	}
	return nil, failure
}

func (r *Response) isIssuer(issuer Issuer) bool {
	if r.responder != nil {
		return bytes.Equal(r.responder, issuer.Name)
	}
	return bytes.Equal(r.responderKey, issuer.Key.KeyID())
}

func (r *Response) names(c *pki.Certificate) bool {
	if r.responder != nil {
		return bytes.Equal(r.responder, c.RawSubject)
	}
	sum := sha1.Sum(keyBits(c.PublicKey))
	return bytes.Equal(r.responderKey, sum[:])
}

// mayAnswer checks a responder's certificate (RFC 6960 section 4.2.2.2): made by
// the very authority that issued the certificate in question, for signing OCSP
// answers, and in time.
func mayAnswer(c *pki.Certificate, issuer Issuer, at time.Time) error {
	if c.PublicKey.Equal(issuer.Key) && bytes.Equal(c.RawSubject, issuer.Name) {
		return nil
	}
	if err := issuer.issued(c); err != nil {
		return err
	}
	if !c.HasUsage(pki.UsageOCSPSigning) {
		return fmt.Errorf("not for OCSP answers")
	}
	if c.HasKeyUsage && c.KeyUsage&(pki.DigitalSignature|pki.NonRepudiation) == 0 {
		return fmt.Errorf("key not for signatures")
	}
	return c.ValidAt(at)
}

// About returns what the response says about a certificate. The error wraps
// ErrOther. It is worth what Verify says.
func (r *Response) About(c *pki.Certificate, issuer Issuer) (*Status, error) {
	var found *single
	for i := range r.singles {
		s := &r.singles[i]
		if !s.id.is(c, issuer) {
			continue
		}
		// The worst counts where a responder contradicts itself.
		if found == nil || s.state == Revoked {
			found = s
		}
	}
	if found == nil {
		return nil, ErrOther
	}
	return &Status{
		State: found.state, Source: OCSP, RevokedAt: found.revokedAt, Reason: found.reason, InvalidSince: found.invalidSince,
		NeverIssued: found.state == Revoked && found.reason == CertificateHold && found.revokedAt.Unix() == 0,
		ThisUpdate:  found.thisUpdate, NextUpdate: found.nextUpdate, ProducedAt: r.ProducedAt,
		Evidence: Evidence{OCSP: r.Raw},
	}, nil
}

// fresh checks the times of an answer for use at a moment, with so much
// tolerance between clocks. Without nextUpdate an answer is believed for as long
// as maxAge.
func (s *Status) fresh(at time.Time, skew, maxAge time.Duration) error {
	until := s.NextUpdate
	if until.IsZero() {
		until = s.ThisUpdate.Add(maxAge)
	}
	switch {
	case !s.NextUpdate.IsZero() && s.NextUpdate.Before(s.ThisUpdate):
		return fmt.Errorf("%w: ends before it begins", ErrTime)
	case s.ThisUpdate.After(at.Add(skew)):
		return fmt.Errorf("%w: of %s, it is %s here", ErrTime, stampText(s.ThisUpdate), stampText(at))
	case until.Before(at.Add(-skew)):
		return fmt.Errorf("%w: good until %s, it is %s here", ErrTime, stampText(until), stampText(at))
	}
	return nil
}

func stampText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

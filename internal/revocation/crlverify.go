package revocation

import (
	"bytes"
	"fmt"
	"time"

	"tanba/internal/pki"
)

// Verify checks that the issuer made the list: name, key identifier, right to
// sign lists, signature. The error wraps ErrOther, ErrSigner or ErrSignature.
func (l *List) Verify(issuer Issuer) error {
	if !bytes.Equal(l.Issuer, issuer.Name) {
		return fmt.Errorf("%w: a CRL of another issuer", ErrOther)
	}
	if c := issuer.Certificate; c != nil {
		if c.HasKeyUsage && c.KeyUsage&pki.CRLSign == 0 {
			return fmt.Errorf("%w: %q may not sign CRLs", ErrSigner, c.Subject.CommonName())
		}
	}
	return checkSignature(issuer.Key, l.algorithm, l.signed, l.signature)
}

// About returns what the list says about a certificate, together with a delta if
// that is not nil. Both must have been verified. The error wraps ErrOther,
// ErrScope, ErrMalformed or ErrTime.
func (l *List) About(c *pki.Certificate, delta *List) (*Status, error) {
	switch {
	case !bytes.Equal(l.Issuer, c.RawIssuer):
		return nil, ErrOther
	case l.Base != nil:
		return nil, fmt.Errorf("%w: a delta without its base", ErrScope)
	}
	s := &Status{
		State: Good, Source: CRL, Reason: None, ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate, ProducedAt: l.ThisUpdate,
		Evidence: Evidence{CRL: l.Raw},
	}
	e, found, err := l.lookup(c.RawSerial())
	if err != nil {
		return nil, err
	}
	if delta != nil {
		if err := delta.extends(l); err != nil {
			return nil, err
		}
		s.ThisUpdate, s.ProducedAt, s.Evidence.Delta = delta.ThisUpdate, delta.ThisUpdate, delta.Raw
		if !delta.NextUpdate.IsZero() {
			s.NextUpdate = delta.NextUpdate
		}
		newer, listed, err := delta.lookup(c.RawSerial())
		switch {
		case err != nil:
			return nil, err
		case listed && newer.reason == RemoveFromCRL:
			found = false
		case listed:
			e, found = newer, true
		}
	}
	if found && e.reason == RemoveFromCRL {
		return nil, fmt.Errorf("%w: removeFromCRL in a complete CRL", ErrMalformed)
	}
	if found {
		s.State, s.RevokedAt, s.Reason, s.InvalidSince = Revoked, e.revokedAt, e.reason, e.invalidSince
	}
	return s, nil
}

// extends checks that a delta can be applied to a complete list (RFC 5280
// section 5.2.4). That of the national test system numbers its deltas apart, so
// the dates say which is newer, not the numbers.
func (l *List) extends(base *List) error {
	switch {
	case l.Base == nil:
		return fmt.Errorf("%w: not a delta", ErrScope)
	case !bytes.Equal(l.Issuer, base.Issuer) || !l.algorithm.Equal(base.algorithm):
		return fmt.Errorf("%w: a delta of another issuer", ErrOther)
	case l.ThisUpdate.Before(base.ThisUpdate):
		return fmt.Errorf("%w: the delta is older than the list", ErrTime)
	case base.Number == nil || base.Number.Cmp(l.Base) < 0:
		return fmt.Errorf("%w: the delta is to a later list", ErrScope)
	}
	return nil
}

// current checks that a list counts now: it has begun, and its successor is not
// due. A list without nextUpdate is not taken (RFC 5280 section 5.1.2.5).
func (l *List) current(at time.Time, skew time.Duration) error {
	s := &Status{ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate}
	if l.NextUpdate.IsZero() {
		return fmt.Errorf("%w: a CRL without nextUpdate", ErrTime)
	}
	return s.fresh(at, skew, 0)
}

package revocation

import (
	"errors"
	"fmt"
	"time"

	"tanba/internal/pki"
)

// Evidence is an answer as it came, to be kept with a signature: an OCSPResponse,
// or a CRL and perhaps its delta.
type Evidence struct {
	OCSP, CRL, Delta []byte
}

// Empty reports whether there is nothing in it.
func (e Evidence) Empty() bool { return len(e.OCSP) == 0 && len(e.CRL) == 0 }

// Archive is the evidence found beside a signature, parsed once for all its
// certificates. What cannot be read is left out.
type Archive struct {
	responses []*Response
	lists     []*List
	deltas    []*List
}

// NewArchive takes OCSPResponses and CRLs in DER.
func NewArchive(responses, lists [][]byte) *Archive {
	a := &Archive{}
	for _, der := range responses {
		if r, err := ParseResponse(der); err == nil {
			a.responses = append(a.responses, r)
		}
	}
	for _, der := range lists {
		l, err := ParseCRL(der)
		switch {
		case err != nil:
		case l.Base != nil:
			a.deltas = append(a.deltas, l)
		default:
			a.lists = append(a.lists, l)
		}
	}
	return a
}

// Empty reports whether nothing could be read.
func (a *Archive) Empty() bool { return a == nil || len(a.responses)+len(a.lists) == 0 }

// tolerance between the clocks of the services of one authority.
const tolerance = 5 * time.Minute

// Judge says what the evidence tells of a certificate at a moment in the past,
// such as that of a time stamp: an answer given then or later, or one that was
// still good then. A later answer of "good" counts unless it comes from a CRL
// made after the end of the certificate, when it may have been taken off.
//
// The error says why there is none: it wraps one of this package's. The network
// is not used, and the clock is not looked at.
func (a *Archive) Judge(c *pki.Certificate, issuer Issuer, at time.Time) (*Status, error) {
	if a.Empty() {
		return nil, ErrNoAddress
	}
	var best *Status
	var failures []error
	consider := func(s *Status, err error) {
		if err == nil {
			err = s.tells(c, at)
		}
		switch {
		case err != nil:
			if !errors.Is(err, ErrOther) {
				failures = append(failures, err)
			}
		case best == nil, s.State == Revoked && best.State != Revoked, s.State == best.State && s.ThisUpdate.After(best.ThisUpdate):
			best = s
		}
	}
	for _, r := range a.responses {
		s, err := r.About(c, issuer)
		if err == nil {
			s.Responder, err = r.Verify(issuer)
		}
		consider(s, err)
	}
	for _, l := range a.lists {
		if err := l.Verify(issuer); err != nil {
			consider(nil, err)
			continue
		}
		delta := a.deltaOf(l, issuer)
		consider(l.About(c, delta))
	}
	if best == nil {
		if len(failures) == 0 {
			return nil, ErrOther
		}
		return nil, errors.Join(failures...)
	}
	return best, nil
}

// deltaOf finds the newest good delta of a list.
func (a *Archive) deltaOf(l *List, issuer Issuer) *List {
	var newest *List
	for _, d := range a.deltas {
		if d.extends(l) == nil && d.Verify(issuer) == nil && (newest == nil || d.ThisUpdate.After(newest.ThisUpdate)) {
			newest = d
		}
	}
	return newest
}

// tells checks that an answer says something about a moment.
func (s *Status) tells(c *pki.Certificate, at time.Time) error {
	switch {
	case s.State == Unknown:
		return fmt.Errorf("%w: the responder does not know it", ErrOther)
	case s.State == Revoked:
		return nil // whenever it was found out
	case s.Source == CRL && s.ThisUpdate.After(c.NotAfter):
		return fmt.Errorf("%w: a CRL made after the certificate had expired", ErrTime)
	case !s.ThisUpdate.Before(at.Add(-tolerance)):
		return nil // looked up afterwards
	case !s.NextUpdate.IsZero() && !s.NextUpdate.Before(at):
		return nil // still good then
	}
	return fmt.Errorf("%w: of %s, asked about %s", ErrTime, stampText(s.ThisUpdate), stampText(at))
}

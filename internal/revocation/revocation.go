// Package revocation tells whether a certificate was revoked: it asks the
// authority's OCSP responder (RFC 6960) and, where that does not answer, reads
// its certificate revocation list (RFC 5280 section 5).
//
// # Asking
//
// A Client asks about one certificate, a Checker about a certificate and the
// authorities between it and a trust anchor, at once. OCSP comes first: it is
// small and fresh. Only when it is out of reach, refuses or answers wrongly is
// the CRL taken, with its delta where the certificate names one, and Status says
// which it was and why. A responder that answers well is believed also when it
// says that it does not know the certificate.
//
// The request names the certificate by SHA-256, and once more by SHA-1 if the
// responder cannot do with that: both are in use with the national services. It
// carries a nonce of eight octets inside an OCTET STRING, as they echo it.
//
// The way there is plain HTTP, and anybody may sit on it. So nothing is believed
// that is not signed by the issuer of the certificate, or by a certificate that
// the same key issued for signing OCSP answers (RFC 6960 section 4.2.2.2); that
// carries another nonce or none; that is about another certificate; that is not
// fresh. See the Err variables, one for each.
//
// # Where it goes
//
// The addresses stand in the certificate, which anybody may have made. Only http
// and https are followed, to public addresses (security.md T19): names are
// resolved first, and private, loopback and link-local ones are refused unless
// the address was configured. A redirect leads to the same host or to one of the
// national authority. One megabyte is read of an OCSP answer, 64 MB of a CRL (the
// largest national one has 21); an attempt takes five seconds, and two more
// follow it, after random pauses. A CRL may take a minute, but not pause for five
// seconds.
//
// # What is kept
//
// Answers are kept until their nextUpdate; those without, as the national
// service gives them, for five minutes. CRLs lie in the folder "crl" of the state
// directory under the hash of their address. What is read from there is verified
// like what comes from the network: the folder proves nothing.
//
// # Evidence
//
// Status.Evidence holds the answer as it came, to be put into a signature.
// ParseResponse, ParseCRL and their methods judge such evidence later, without a
// network; see Evidence.Judge.
package revocation

import (
	"errors"
	"fmt"
	"time"

	"tanba/internal/pki"
)

// State is what is known of a certificate.
type State string

// States. The empty one is no answer at all.
const (
	Good    State = "good"
	Revoked State = "revoked"
	Unknown State = "unknown" // the responder says that it does not know the certificate
)

// Source is where an answer comes from.
type Source string

// Sources.
const (
	OCSP Source = "ocsp"
	CRL  Source = "crl"
)

// Reason is a CRLReason (RFC 5280 section 5.3.1).
type Reason int

// Reasons. None is what a CRL entry without a reason has.
const (
	None                 Reason = -1
	Unspecified          Reason = 0
	KeyCompromise        Reason = 1
	CACompromise         Reason = 2
	AffiliationChanged   Reason = 3
	Superseded           Reason = 4
	CessationOfOperation Reason = 5
	CertificateHold      Reason = 6
	RemoveFromCRL        Reason = 8
	PrivilegeWithdrawn   Reason = 9
	AACompromise         Reason = 10
)

// Known reports whether the standard defines the reason.
func (r Reason) Known() bool { return r == None || r >= 0 && r <= AACompromise && r != 7 }

// Benign reports whether the reason leaves what was signed before the
// revocation unharmed: a key that was replaced or given up was not stolen.
func (r Reason) Benign() bool {
	switch r {
	case AffiliationChanged, Superseded, CessationOfOperation, PrivilegeWithdrawn:
		return true
	}
	return false
}

// Status is an answer that was verified.
type Status struct {
	State  State
	Source Source
	// Address is who answered; "" for evidence out of a signature.
	Address string

	// RevokedAt, Reason and InvalidSince go with Revoked. InvalidSince is since
	// when the key is believed to be in wrong hands; zero if nobody says so.
	RevokedAt    time.Time
	Reason       Reason
	InvalidSince time.Time
	// NeverIssued: the authority knows of no such certificate (RFC 6960 section
	// 2.2, "extended revoke"): the national one answers so for foreign numbers.
	NeverIssued bool

	// ThisUpdate is when this was known to be true; NextUpdate is zero when the
	// source does not promise any.
	ThisUpdate, NextUpdate, ProducedAt time.Time
	// Responder signed the OCSP answer, if not the issuer itself.
	Responder *pki.Certificate
	Evidence  Evidence
	// Fallback says why OCSP was not used, if it was tried.
	Fallback error
}

// RevokedBy reports whether the certificate was revoked at a moment. A
// revocation by error of the kind of KeyCompromise counts from InvalidSince.
func (s *Status) RevokedBy(at time.Time) bool {
	if s == nil || s.State != Revoked {
		return false
	}
	if s.NeverIssued || !s.RevokedAt.After(at) {
		return true
	}
	return !s.InvalidSince.IsZero() && !s.InvalidSince.After(at)
}

var (
	// ErrUnreachable: nobody answered, or only a web server did, with an error.
	ErrUnreachable = errors.New("revocation: out of reach")
	// ErrNoAddress: the certificate says nowhere to ask.
	ErrNoAddress = errors.New("revocation: the certificate names no address")
	// ErrAddress: an address that is not followed.
	ErrAddress = errors.New("revocation: forbidden address")
	// ErrRedirect: the answer sends us to another host.
	ErrRedirect = errors.New("revocation: redirected elsewhere")
	// ErrTooLarge: longer than any real one could be.
	ErrTooLarge = errors.New("revocation: answer too large")
	// ErrMalformed: the octets are no OCSP response or CRL.
	ErrMalformed = errors.New("revocation: malformed")
	// ErrRefused: the responder gives no answer; see RefusedError.
	ErrRefused = errors.New("revocation: refused by the responder")
	// ErrNonce: the answer is to another request.
	ErrNonce = errors.New("revocation: wrong nonce")
	// ErrOther: the answer is about another certificate or of another issuer.
	ErrOther = errors.New("revocation: about another certificate")
	// ErrSigner: whoever signed may not answer for this issuer.
	ErrSigner = errors.New("revocation: not signed by the issuer or its responder")
	// ErrSignature: the signature does not verify.
	ErrSignature = errors.New("revocation: wrong signature")
	// ErrTime: not fresh, or from the future.
	ErrTime = errors.New("revocation: not of this time")
	// ErrScope: a CRL that does not cover all certificates of its issuer, or a
	// rule in it that is not understood.
	ErrScope = errors.New("revocation: a list of another scope")
)

// RefusedError is an OCSPResponseStatus other than successful.
type RefusedError struct{ Status int }

var refusals = map[int]string{1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}

func (e *RefusedError) Error() string {
	name := refusals[e.Status]
	if name == "" {
		name = "?"
	}
	return fmt.Sprintf("%v: %d (%s)", ErrRefused, e.Status, name)
}

func (e *RefusedError) Unwrap() error { return ErrRefused }

// temporary: asking again may help.
func (e *RefusedError) temporary() bool { return e.Status == 2 || e.Status == 3 }

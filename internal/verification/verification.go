// Package verification judges a signed file for a person: who signed, what,
// when, and whether the signer's certificate can be trusted, then and now.
//
// It answers the questions apart. Is the signature itself good: the octets are
// the ones that were signed, by the key in the certificate (Signer.Err). When was
// it made: as the signer says (SigningTime), and as a time-stamping authority
// says (Stamp). Is the certificate good: a chain to a national CA, in its time,
// not revoked, at the time asked for (State) and at the time of the stamp (Then).
// What says so: the answer of the authority's services, or what was put into the
// signature for later years (Status, Evidence).
//
// # What counts
//
// A time stamp that is good proves that the signature was there at its time. So a
// certificate that expired or was replaced afterwards does no harm; one revoked
// because its key was stolen does, whenever that was found out (see
// revocation.Reason.Benign and NCANode's rule in pki.md section 7). Without a
// stamp the certificate has to be good at the time asked for, which is now
// unless somebody says otherwise: what the signer says of the time proves
// nothing.
//
// A stamp over a signature of the production system must come from the
// production system, too.
//
// Services out of reach are said to be so (StatusErr) and are no fault of the
// signature. Nothing is asked without a revocation.Client.
package verification

import (
	"errors"
	"io"
	"time"

	"tanba/internal/pki"
	"tanba/internal/revocation"
)

// CertificateState says what is known about a signer's certificate at a time.
type CertificateState string

const (
	Trusted     CertificateState = "trusted"      // chains to a production CA
	TrustedTest CertificateState = "trusted_test" // chains to a CA of the national test system
	Expired     CertificateState = "expired"
	NotYetValid CertificateState = "not_yet_valid"
	Revoked     CertificateState = "revoked"
	Unknown     CertificateState = "unknown" // no chain to a known CA, or the CA does not know it
)

func (s CertificateState) trusted() bool { return s == Trusted || s == TrustedTest }

// Level is that of ETSI EN 319 122-1: how long the signature can be proved.
type Level string

// Levels.
const (
	LevelB   Level = "B"   // signed
	LevelT   Level = "T"   // with a time stamp
	LevelLT  Level = "LT"  // with what shows that the certificates were good
	LevelLTA Level = "LTA" // with a time stamp over all that
)

// Options say against what a file is judged.
type Options struct {
	Content []byte    // of a detached signature, else nil
	Reader  io.Reader // the same where it is too large for memory
	At      time.Time // certificates are judged as of then; zero = now
	Roots   []*pki.Certificate
}

// Source is where a revocation status comes from.
type Source string

// Sources.
const (
	FromService   Source = "service"
	FromSignature Source = "signature"
)

// Stamp is the verdict on one time stamp.
type Stamp struct {
	// Err is nil if the token is over what it stands beside and its authority is
	// trusted. It wraps an error of package timestamp or cms.ErrArchive.
	Err       error
	Time      time.Time // as the token says
	Authority *pki.Certificate
	Anchor    string
	Test      bool // by an authority of a test system
}

// Signer is the verdict on one signature.
type Signer struct {
	Err         error // nil = the signature is good
	Certificate *pki.Certificate
	Level       Level  // of CMS; "" for XML
	Part        string // of an XML document: what the signature covers, "/" = all

	SigningTime time.Time // as the signer claims; zero = not said
	Stamped     bool      // carries a time stamp
	Stamp       *Stamp    // the verdict on it; nil if there is none
	Archives    []Stamp   // on those for later years

	State    CertificateState // at the time asked for
	StateErr error            // why not Trusted
	Then     CertificateState // at the time of the stamp, "" without a good one
	ThenErr  error
	Anchor   string // the CA that stands for it

	// Status is what is known about its revocation, and Evidence where from; nil
	// if nothing is, and then StatusErr says why, unless nobody was asked.
	Status    *revocation.Status
	Evidence  Source
	StatusErr error
}

// Proven is when the signature was there for sure; zero without a good stamp.
func (s *Signer) Proven() time.Time {
	if s.Stamp == nil || s.Stamp.Err != nil {
		return time.Time{}
	}
	return s.Stamp.Time
}

// Intact reports whether the signature and the stamps beside it are over what
// they stand for. Whether their makers are trusted is another question.
func (s *Signer) Intact() bool {
	if s.Err != nil || s.Stamp != nil && broken(s.Stamp.Err) {
		return false
	}
	for _, a := range s.Archives {
		if broken(a.Err) {
			return false
		}
	}
	return true
}

// Trusted reports whether the certificate counts: it was good when the stamp
// proves that the signature was there, or is good now.
func (s *Signer) Trusted() bool {
	if s.Stamp != nil && s.Stamp.Err != nil {
		return false
	}
	if s.Then == "" {
		return s.State.trusted()
	}
	return s.Then.trusted() && !s.stolen()
}

// stolen: revoked, if later than the stamp, for a reason that leaves nothing the
// key has made unharmed.
func (s *Signer) stolen() bool {
	return s.State == Revoked && (s.Status == nil || !s.Status.Reason.Benign())
}

// Report is the verdict on one file.
type Report struct {
	Content  []byte // what was signed; nil when it is too large for memory
	Detached bool
	Signers  []Signer
	// Inner is the verdict on the content, if that is a signed file itself.
	Inner *Report
}

// Good reports whether every signature is good and there is at least one.
func (r *Report) Good() bool {
	for i := range r.Signers {
		if !r.Signers[i].Intact() {
			return false
		}
	}
	return len(r.Signers) > 0 && (r.Inner == nil || r.Inner.Good())
}

// Trusted reports whether every signer's certificate chains to a known CA and
// was in its time and not revoked.
func (r *Report) Trusted() bool {
	for i := range r.Signers {
		if !r.Signers[i].Trusted() {
			return false
		}
	}
	return len(r.Signers) > 0 && (r.Inner == nil || r.Inner.Trusted())
}

// Unchecked reports whether there is a signer of whose revocation nothing is
// known.
func (r *Report) Unchecked() bool {
	for i := range r.Signers {
		if r.Signers[i].Status == nil {
			return true
		}
	}
	return r.Inner != nil && r.Inner.Unchecked()
}

// ErrUnproved: validation data for later years is missing.
var ErrUnproved = errors.New("verification: no evidence about a certificate")

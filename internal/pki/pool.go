package pki

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Limits on the search. Real paths have at most three certificates; many CAs
// of one name are an attack on the processor.
const (
	maxPath   = 8  // certificates, not counting the anchor's own
	maxChecks = 64 // signatures checked in one search
)

// Chain is a path that was verified.
type Chain struct {
	// Certificates begins with the leaf. Each is signed by the next; the last
	// is signed by the anchor, or is the anchor's own certificate where that
	// was at hand.
	Certificates []*Certificate
	// Anchor is the name of the trust anchor, or the common name of a
	// certificate given to AddRoot.
	Anchor string
	// Production tells an anchor of the production system.
	Production bool
}

// Pool is a set of anchors together with the certificates of intermediate
// authorities. It may be used and added to by many goroutines.
type Pool struct {
	mu            sync.RWMutex
	anchors       []Anchor
	roots         []*Certificate
	intermediates []*Certificate
}

// NewPool returns a pool that trusts the given anchors and nothing else.
func NewPool(anchors []Anchor) *Pool {
	return &Pool{anchors: slices.Clone(anchors)}
}

// AddCertificate makes a certificate known. That is no trust: it is used as an
// intermediate, or, when it carries the name and the key of an anchor, as that
// anchor's certificate. Anyone's certificate may be added.
func (p *Pool) AddCertificate(c *Certificate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.ContainsFunc(p.intermediates, c.Equal) {
		p.intermediates = append(p.intermediates, c)
	}
}

// AddRoot trusts a certificate as it stands. It is for a chain that the caller
// was told to trust, for demonstrations and for tests.
func (p *Pool) AddRoot(c *Certificate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.ContainsFunc(p.roots, c.Equal) {
		p.roots = append(p.roots, c)
	}
}

// Wanted lists the pinned anchors whose certificate has not been added yet:
// what they issued cannot be verified until then. Anchor.URL says where to get
// it; any source will do, because the pin decides.
func (p *Pool) Wanted() []Anchor {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var out []Anchor
	s := &search{candidates: p.intermediates}
	for _, a := range p.anchors {
		if a.Pinned() && len(s.unpin(a)) == 0 {
			out = append(out, a)
		}
	}
	return out
}

// Build finds a path from a certificate to an anchor, valid at the given time.
// The extra certificates are intermediates for this search alone: those beside
// the leaf in a key store or a signature.
//
// The error wraps ErrUnknownIssuer, ErrBadSignature, ErrNotCA, ErrConstraint,
// ErrWeakAlgorithm, ErrAlgorithm or ErrTooDeep. ErrExpired and ErrNotYetValid
// are returned only when nothing else is wrong with some path, so a caller that
// may accept an expired certificate can ask again for a time inside its period.
//
// What the leaf may be used for, and whether it was revoked, is not looked at.
func (p *Pool) Build(leaf *Certificate, at time.Time, extra ...*Certificate) (*Chain, error) {
	p.mu.RLock()
	search := &search{
		anchors:    p.anchors,
		roots:      p.roots,
		candidates: append(slices.Clone(p.intermediates), extra...),
		at:         at,
	}
	p.mu.RUnlock()
	if chain := search.from([]*Certificate{leaf}); chain != nil {
		return chain, nil
	}
	return nil, search.failure
}

// search is one run of Build.
type search struct {
	anchors    []Anchor
	roots      []*Certificate
	candidates []*Certificate
	at         time.Time

	checks  int
	failure error
	rank    int
}

// The more a path got right before it failed, the more its failure says.
const (
	rankUnknown = iota + 1
	rankSignature
	rankRule
	rankTime
)

func (s *search) fail(rank int, c *Certificate, err error) {
	if rank > s.rank {
		s.rank, s.failure = rank, fmt.Errorf("certificate %q: %w", c.Subject.CommonName(), err)
	}
}

// from continues a path whose last certificate still needs an issuer.
func (s *search) from(path []*Certificate) *Chain {
	c := path[len(path)-1]
	if err := c.PublicKey.Strong(); err != nil {
		s.fail(rankRule, c, err)
		return nil
	}
	if len(c.constraints) > 0 {
		s.fail(rankRule, c, fmt.Errorf("%s: %w", c.constraints[0], ErrConstraint))
		return nil
	}
	if trust := s.trusted(c); trust != nil {
		return s.finish(path, trust)
	}
	s.fail(rankUnknown, c, fmt.Errorf("%s: %w", c.Issuer, ErrUnknownIssuer))
	for _, t := range s.issuers(c) {
		if !s.signed(c, t.key) {
			continue
		}
		next := path
		if t.certificate != nil {
			next = append(slices.Clip(path), t.certificate)
		}
		if chain := s.finish(next, &t); chain != nil {
			return chain
		}
	}
	for _, issuer := range s.candidates {
		if !named(issuer, c) || slices.ContainsFunc(path, issuer.Equal) {
			continue
		}
		if len(path) == maxPath {
			s.fail(rankRule, c, ErrTooDeep)
			return nil
		}
		if err := mayIssue(issuer); err != nil {
			s.fail(rankRule, issuer, err)
			continue
		}
		if !s.signed(c, issuer.PublicKey) {
			continue
		}
		if chain := s.from(append(slices.Clip(path), issuer)); chain != nil {
			return chain
		}
	}
	return nil
}

// trust is an anchor as it applies to one path: a key, its period, and the
// certificate that goes with it, where there is one.
type trust struct {
	name        string
	key         *PublicKey
	from, to    time.Time
	certificate *Certificate
	production  bool
}

// trusted reports whether the certificate itself is an anchor's. Its signature
// is not checked, so only the very octets count that somebody vouched for.
func (s *search) trusted(c *Certificate) *trust {
	for _, root := range s.roots {
		if root.Equal(c) {
			return &trust{name: c.Subject.CommonName()}
		}
	}
	sum := c.Fingerprint()
	for _, a := range s.anchors {
		if a.SHA256 == sum {
			return &trust{name: a.Name, production: a.Production}
		}
	}
	return nil
}

// issuers lists the anchors that may have signed a certificate.
func (s *search) issuers(c *Certificate) []trust {
	var out []trust
	for _, root := range s.roots {
		if !named(root, c) {
			continue
		}
		if err := mayIssue(root); err != nil {
			s.fail(rankRule, root, err)
			continue
		}
		out = append(out, trust{
			name: root.Subject.CommonName(), key: root.PublicKey,
			from: root.NotBefore, to: root.NotAfter, certificate: root,
		})
	}
	for _, a := range s.anchors {
		switch {
		case !a.issues(c):
		case a.PublicKey != nil:
			out = append(out, trust{
				name: a.Name, key: a.PublicKey, from: a.NotBefore, to: a.NotAfter,
				certificate: s.certificateOf(a), production: a.Production,
			})
		case a.Pinned():
			out = append(out, s.unpin(a)...)
		}
	}
	return out
}

// certificateOf finds the certificate of an anchor whose key is known. It only
// completes the chain for those who want to see it: the key and the period that
// count are the anchor's.
func (s *search) certificateOf(a Anchor) *Certificate {
	for _, c := range s.candidates {
		if !bytes.Equal(c.RawSubject, a.Subject.Raw()) || !c.PublicKey.Equal(a.PublicKey) {
			continue
		}
		if a.SHA256 == ([32]byte{}) || a.SHA256 == c.Fingerprint() {
			return c
		}
	}
	return nil
}

// unpin finds the certificates that carry the name of a pinned anchor and a
// key that hashes to the pin. The hash binds the key; the dates and rights
// beside it are believed, because nobody here can check who signed them, so
// each such certificate is a candidate of its own.
func (s *search) unpin(a Anchor) []trust {
	var out []trust
	for _, c := range s.candidates {
		if !bytes.Equal(c.RawSubject, a.Subject.Raw()) || !c.PublicKey.Hashes(a.KeyID) {
			continue
		}
		if err := mayIssue(c); err != nil {
			s.fail(rankRule, c, err)
			continue
		}
		out = append(out, trust{
			name: a.Name, key: c.PublicKey, from: c.NotBefore, to: c.NotAfter,
			certificate: c, production: a.Production,
		})
	}
	return out
}

// signed checks one signature, and counts it.
func (s *search) signed(c *Certificate, issuer *PublicKey) bool {
	if s.checks == maxChecks {
		s.fail(rankRule, c, fmt.Errorf("more than %d signatures: %w", maxChecks, ErrTooDeep))
		return false
	}
	s.checks++
	if err := c.CheckSignature(issuer); err != nil {
		s.fail(rankSignature, c, err)
		return false
	}
	return true
}

// finish checks what is left when the signatures up to an anchor are right:
// path lengths, and last the periods.
func (s *search) finish(path []*Certificate, t *trust) *Chain {
	for i, c := range path {
		if i > 0 && c.PathLen >= 0 && intermediates(path[1:i]) > c.PathLen {
			s.fail(rankRule, c, fmt.Errorf("path length: %w", ErrConstraint))
			return nil
		}
	}
	for _, c := range path {
		if c == t.certificate {
			continue // the anchor's own period counts, below
		}
		if err := c.ValidAt(s.at); err != nil {
			s.fail(rankTime, c, err)
			return nil
		}
	}
	if err := validAt(s.at, t.from, t.to); err != nil {
		s.fail(rankTime, path[len(path)-1], fmt.Errorf("anchor %s: %w", t.name, err))
		return nil
	}
	return &Chain{Certificates: path, Anchor: t.name, Production: t.production}
}

// intermediates counts the certificates that path length constraints count.
func intermediates(path []*Certificate) int {
	n := 0
	for _, c := range path {
		if !c.SelfIssued() {
			n++
		}
	}
	return n
}

// named reports whether issuer carries the name, and where both say it the key
// identifier, that c gives for its issuer. A missing identifier leaves several
// candidates of one name; the signature decides.
func named(issuer, c *Certificate) bool {
	if !bytes.Equal(issuer.RawSubject, c.RawIssuer) {
		return false
	}
	if len(c.AuthorityKeyID) == 0 || len(issuer.SubjectKeyID) == 0 {
		return true
	}
	return bytes.Equal(c.AuthorityKeyID, issuer.SubjectKeyID)
}

// mayIssue checks the rights of an issuer: RFC 5280 section 6.1.4 (k) and (n),
// and that there is nothing in the certificate that this package cannot check.
func mayIssue(issuer *Certificate) error {
	if err := issuer.PublicKey.Strong(); err != nil {
		return err
	}
	if len(issuer.constraints) > 0 {
		return fmt.Errorf("%s: %w", issuer.constraints[0], ErrConstraint)
	}
	if !issuer.IsCA || issuer.KeyUsage&KeyCertSign == 0 {
		return ErrNotCA
	}
	return nil
}

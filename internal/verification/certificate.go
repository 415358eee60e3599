package verification

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tanba/internal/pki"
	"tanba/internal/revocation"
)

// build finds a chain to the production anchors and the given roots, else to the
// test systems.
func (v *Verifier) build(leaf *pki.Certificate, at time.Time, extra []*pki.Certificate) *chainResult {
	if c, err := v.production.Build(leaf, at, extra...); err == nil {
		return &chainResult{chain: c, state: Trusted}
	}
	c, err := v.test.Build(leaf, at, extra...)
	switch {
	case err == nil:
		return &chainResult{chain: c, state: TrustedTest}
	case errors.Is(err, pki.ErrExpired):
		return &chainResult{state: Expired, err: err}
	case errors.Is(err, pki.ErrNotYetValid):
		return &chainResult{state: NotYetValid, err: err}
	}
	// A certificate out of its time is said to be so even when its CA is unknown.
	switch err := leaf.ValidAt(at); {
	case errors.Is(err, pki.ErrExpired):
		return &chainResult{state: Expired, err: err}
	case errors.Is(err, pki.ErrNotYetValid):
		return &chainResult{state: NotYetValid, err: err}
	}
	return &chainResult{state: Unknown, err: err}
}

// judgement is what is at hand for judging one signer.
type judgement struct {
	v       *Verifier
	extra   []*pki.Certificate
	archive *revocation.Archive // evidence in the signature; may be empty
	at      time.Time

	proved bool // there is evidence in the signature for all of the signer's chain
}

// judge fills in all but the signature itself.
func (j *judgement) judge(ctx context.Context, s *Signer, token, signature []byte) {
	now := j.v.chain(s.Certificate, j.at, j.extra)
	s.State, s.StateErr = now.state, now.err
	if now.chain != nil {
		s.Anchor = now.chain.Anchor
	}
	if token != nil && s.Err == nil {
		s.Stamp = j.stamp(ctx, s, token, signature)
	}
	control, chain := j.at, now
	if t := s.Proven(); !t.IsZero() {
		control, chain = t, j.v.chain(s.Certificate, t, j.extra)
		s.Then, s.ThenErr = chain.state, chain.err
		if chain.chain != nil {
			s.Anchor = chain.chain.Anchor
		}
	}
	if chain.chain == nil && now.state == Expired {
		// What was revoked is said to be so also when it has expired since.
		chain = j.v.chain(s.Certificate, s.Certificate.NotAfter, j.extra)
	}
	if chain.chain != nil {
		j.revocation(ctx, s, chain.chain, control)
	}
}

// revocation asks about the certificate and its authorities.
func (j *judgement) revocation(ctx context.Context, s *Signer, chain *pki.Chain, control time.Time) {
	links := revocation.Links(chain, j.v.anchors)
	if len(links) == 0 {
		return
	}
	j.proved = true
	inside := make([]*revocation.Status, len(links))
	for i, l := range links {
		var err error
		if inside[i], err = j.archive.Judge(l.Certificate, l.Issuer, control); err != nil {
			j.proved = false
		}
	}
	if j.v.t.Revocation != nil {
		j.v.t.Revocation.CheckAll(ctx, links)
	}
	for i, l := range links {
		status, from, err := l.Status, FromService, l.Err
		if status == nil || inside[i] != nil && inside[i].State == revocation.Revoked && status.State != revocation.Revoked {
			if inside[i] != nil {
				status, from, err = inside[i], FromSignature, nil
			}
		}
		if i == 0 {
			s.Status, s.Evidence, s.StatusErr = status, from, err
		}
		j.apply(s, l, status, control)
	}
}

// apply changes the states by what is known about one certificate of the chain.
func (j *judgement) apply(s *Signer, l revocation.Link, status *revocation.Status, control time.Time) {
	if status == nil {
		return
	}
	name := l.Certificate.Subject.CommonName()
	if status.State == revocation.Unknown {
		err := fmt.Errorf("the authority does not know the certificate %q", name)
		if s.State.trusted() {
			s.State, s.StateErr = Unknown, err
		}
		if s.Then.trusted() {
			s.Then, s.ThenErr = Unknown, err
		}
		return
	}
	revoked := fmt.Errorf("certificate %q revoked on %s", name, status.RevokedAt.UTC().Format(time.RFC3339))
	if status.RevokedBy(j.at) {
		s.State, s.StateErr = Revoked, revoked
		if !l.Certificate.Equal(s.Certificate) {
			s.Status = status
		}
	}
	if s.Then != "" && status.RevokedBy(control) {
		s.Then, s.ThenErr = Revoked, revoked
	}
}

// level is what the signature carries; what is wrong counts for nothing.
func (j *judgement) level(s *Signer) Level {
	switch {
	case s.Err != nil || s.Stamp == nil || broken(s.Stamp.Err):
		return LevelB
	case !j.proved:
		return LevelT
	case len(s.Archives) > 0 && !broken(s.Archives[0].Err):
		return LevelLTA
	}
	return LevelLT
}

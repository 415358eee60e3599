package verification

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/timestamp"
)

// ErrNotGood: a signature that is not good is not carried into later years.
var ErrNotGood = errors.New("verification: the signature is not good")

// Upgrade says how a signature is made to last.
type Upgrade struct {
	Level   Level             // LevelT, LevelLT or LevelLTA
	Stamper timestamp.Stamper // for T and LTA, also where only one signer lacks a stamp
	Content []byte            // of a detached signature
}

// Upgrade returns a CMS signature with what its level asks for added: time
// stamps for the signers that have none (T); the certificates of all chains, of
// signers and authorities, and evidence that none was revoked, in the fields of
// SignedData (LT); an archive time stamp for each signer (LTA). What was signed
// stays octet for octet, and what is there already is not added twice, except
// that LTA always adds one more archive time stamp.
//
// All or nothing: the error wraps ErrNotGood, ErrUnproved with the name of the
// certificate nothing is known about, or an error of timestamp.Add. The new
// signature has been judged as its level before it is returned.
func (v *Verifier) Upgrade(ctx context.Context, data []byte, u Upgrade) ([]byte, error) {
	sd, err := cms.ParseAny(data)
	if err != nil {
		return nil, err
	}
	der := sd.Raw
	if err := v.sound(ctx, der, u, LevelB); err != nil {
		return nil, err
	}
	if u.Stamper != nil {
		if der, err = timestamp.Add(ctx, u.Stamper, der); err != nil {
			return nil, err
		}
	}
	if u.Level != LevelT {
		if der, err = v.addEvidence(ctx, der); err != nil {
			return nil, err
		}
	}
	if u.Level == LevelLTA {
		if der, err = addArchives(ctx, der, u); err != nil {
			return nil, err
		}
		// The stamps just added have authorities, too, and their chain serves
		// whoever adds the next.
		if der, err = v.addEvidence(ctx, der); err != nil {
			return nil, err
		}
	}
	return der, v.sound(ctx, der, u, u.Level)
}

// sound judges a signature offline, as a verifier in later years does.
func (v *Verifier) sound(ctx context.Context, der []byte, u Upgrade, level Level) error {
	offline := New(Trust{Roots: v.t.Roots, Known: v.t.Known, Now: v.t.Now})
	r, err := offline.CMS(ctx, der, Options{Content: u.Content})
	if err != nil {
		return err
	}
	for i := range r.Signers {
		s := &r.Signers[i]
		switch {
		case s.Err != nil:
			return fmt.Errorf("signer %d: %w: %w", i+1, ErrNotGood, s.Err)
		case s.Stamp != nil && s.Stamp.Err != nil:
			return fmt.Errorf("signer %d: %w: %w", i+1, ErrNotGood, s.Stamp.Err)
		case !s.Trusted():
			return fmt.Errorf("signer %d: %w: %w", i+1, ErrNotGood, errors.Join(s.StateErr, s.ThenErr))
		case rank(s.Level) < rank(level):
			return fmt.Errorf("signer %d: %w: level %s instead of %s", i+1, ErrUnproved, s.Level, level)
		}
	}
	return nil
}

func rank(l Level) int { return slices.Index([]Level{LevelB, LevelT, LevelLT, LevelLTA}, l) }

// addEvidence puts the chains of all signers and of all authorities that stamped
// into the signature, with evidence for each certificate.
func (v *Verifier) addEvidence(ctx context.Context, der []byte) ([]byte, error) {
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	verified, err := sd.VerifyDigest(nil)
	if len(verified) == 0 {
		return nil, err
	}
	archive := revocation.NewArchive(sd.OCSPResponses(), sd.CRLs)
	var add cms.Validation
	take := func(leaf *pki.Certificate, at time.Time, extra []*pki.Certificate) error {
		found := v.chain(leaf, at, extra)
		if found.chain == nil {
			return fmt.Errorf("%w: %q: %w", ErrNotGood, leaf.Subject.CommonName(), found.err)
		}
		links, err := v.evidence(ctx, found.chain, archive, at)
		if err != nil {
			return err
		}
		for _, c := range v.complete(ctx, found.chain) {
			add.Certificates = append(add.Certificates, c.Raw)
		}
		for _, s := range links {
			if s.Responder != nil {
				add.Certificates = append(add.Certificates, s.Responder.Raw)
			}
			for _, list := range [][]byte{s.Evidence.CRL, s.Evidence.Delta} {
				if list != nil {
					add.CRLs = append(add.CRLs, list)
				}
			}
			if s.Evidence.OCSP != nil {
				add.Responses = append(add.Responses, s.Evidence.OCSP)
			}
		}
		return nil
	}
	for i, one := range verified {
		if one.Certificate == nil || one.TimestampToken == nil {
			return nil, fmt.Errorf("signer %d: %w: no time stamp", i+1, ErrUnproved)
		}
		control := time.Time{}
		for n, raw := range append([][]byte{one.TimestampToken}, one.Signer.ArchiveTokens()...) {
			token, err := timestamp.ParseToken(raw)
			if err != nil {
				return nil, fmt.Errorf("signer %d: %w", i+1, err)
			}
			if n == 0 {
				control = token.Time
			}
			verdict, err := token.Verify(timestamp.Trust{})
			if err != nil {
				return nil, fmt.Errorf("signer %d: %w", i+1, err)
			}
			if err := take(verdict.Authority, token.Time, slices.Concat(token.Certificates(), sd.Certificates)); err != nil {
				return nil, fmt.Errorf("signer %d: time stamp: %w", i+1, err)
			}
		}
		if err := take(one.Certificate, control, sd.Certificates); err != nil {
			return nil, fmt.Errorf("signer %d: %w", i+1, err)
		}
	}
	return cms.AddValidation(der, add)
}

// evidence returns an answer for each certificate of a chain that somebody could
// revoke: what is in the signature already, if that tells of the time, else from
// the authority's services.
func (v *Verifier) evidence(ctx context.Context, chain *pki.Chain, archive *revocation.Archive, at time.Time) ([]*revocation.Status, error) {
	links := revocation.Links(chain, v.anchors)
	out := make([]*revocation.Status, len(links))
	var missing []revocation.Link
	var index []int
	for i, l := range links {
		if s, err := archive.Judge(l.Certificate, l.Issuer, at); err == nil {
			out[i] = s
			continue
		}
		missing, index = append(missing, l), append(index, i)
	}
	if v.t.Revocation != nil {
		v.t.Revocation.CheckAll(ctx, missing)
	}
	for n, l := range missing {
		if l.Status == nil {
			if l.Err == nil {
				l.Err = errors.New("nobody may be asked")
			}
			return nil, fmt.Errorf("%w: %q: %w", ErrUnproved, l.Certificate.Subject.CommonName(), l.Err)
		}
		out[index[n]] = l.Status
	}
	for i, s := range out {
		name := links[i].Certificate.Subject.CommonName()
		switch {
		case s.State == revocation.Unknown:
			return nil, fmt.Errorf("%w: %q: the authority does not know it", ErrUnproved, name)
		case s.RevokedBy(at):
			return nil, fmt.Errorf("%w: %q was revoked on %s", ErrNotGood, name, s.RevokedAt.UTC().Format(time.RFC3339))
		}
	}
	return out, nil
}

// complete is the chain with the certificate of its anchor, where that is known
// by its key alone and the authority publishes it. Without it the chain is as
// good: verifiers have the anchor.
func (v *Verifier) complete(ctx context.Context, chain *pki.Chain) []*pki.Certificate {
	list := chain.Certificates
	last := list[len(list)-1]
	if last.SelfIssued() || last.IsCA || v.t.Revocation == nil {
		return list
	}
	if issuer, err := v.t.Revocation.Issued(ctx, last); err == nil {
		return append(slices.Clip(list), issuer)
	}
	return list
}

// addArchives adds an archive time stamp for each signer.
func addArchives(ctx context.Context, der []byte, u Upgrade) ([]byte, error) {
	if u.Stamper == nil {
		return nil, fmt.Errorf("%w: no time-stamping authority for the archive", ErrUnproved)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	content := u.Content
	if !sd.Detached {
		content = sd.Content
	}
	for n, original := range sd.Signers {
		// A signer that has grown may stand elsewhere among the others.
		now, err := cms.Parse(der)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(now.Signers, func(si *cms.SignerInfo) bool { return bytes.Equal(si.Signature, original.Signature) })
		if i < 0 {
			return nil, cms.ErrNoSigner
		}
		family, ok := pki.FamilyOfSignature(original.SignatureAlgorithm)
		if !ok {
			return nil, fmt.Errorf("signer %d: %w", n+1, cms.ErrAlgorithm)
		}
		digest, err := digestOf(original, family, content)
		if err != nil {
			return nil, fmt.Errorf("signer %d: %w", n+1, err)
		}
		archive, err := now.NewArchive(i, family, digest)
		if err != nil {
			return nil, fmt.Errorf("signer %d: %w", n+1, err)
		}
		token, err := u.Stamper.Stamp(ctx, family, archive.Imprint)
		if err != nil {
			return nil, &timestamp.StampError{Signer: n + 1, Err: err}
		}
		if der, err = archive.AddArchive(der, i, token); err != nil {
			return nil, fmt.Errorf("signer %d: %w", n+1, err)
		}
	}
	return der, nil
}

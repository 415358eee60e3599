package verification

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/timestamp"
)

// broken tells a stamp that is not over what it stands beside, or not what it
// says, from one whose maker is not trusted.
func broken(err error) bool {
	return err != nil && !errors.Is(err, timestamp.ErrChain) && !errors.Is(err, errAuthorityRevoked) && !errors.Is(err, cms.ErrContentMissing)
}

var errAuthorityRevoked = errors.New("verification: the time-stamping authority's certificate was revoked")

// stamp judges the time stamp over a signature value.
func (j *judgement) stamp(ctx context.Context, s *Signer, der, signature []byte) *Stamp {
	token, err := timestamp.ParseToken(der)
	if err != nil {
		return &Stamp{Err: err}
	}
	st := &Stamp{Time: token.Time}
	if st.Err = token.Covers(signature); st.Err == nil {
		j.authority(ctx, st, token, j.production(s.Certificate))
	}
	return st
}

// authority judges who made a token. For a signer of the production system the
// authorities of the test systems count for nothing.
func (j *judgement) authority(ctx context.Context, st *Stamp, token *timestamp.Token, production bool) {
	trust := timestamp.Trust{Pool: j.v.production, RequireChain: true, Extra: j.extra}
	verdict, err := token.Verify(trust)
	if errors.Is(err, timestamp.ErrChain) && !production {
		trust.Pool = j.v.test
		verdict, err = token.Verify(trust)
		st.Test = err == nil
	}
	if err != nil {
		st.Err = err
		return
	}
	st.Authority = verdict.Authority
	st.Anchor = verdict.Chain.Anchor
	links := revocation.Links(verdict.Chain, j.v.anchors)
	if j.v.t.Revocation != nil {
		j.v.t.Revocation.CheckAll(ctx, links)
	}
	for _, l := range links {
		status := l.Status
		if inside, err := j.archive.Judge(l.Certificate, l.Issuer, token.Time); err == nil && (status == nil || inside.State == revocation.Revoked) {
			status = inside
		}
		// A key that was stolen later may have made stamps of any date.
		if status.RevokedBy(token.Time) || status.RevokedBy(j.at) && !status.Reason.Benign() {
			st.Err = fmt.Errorf("%w: %q, on %s", errAuthorityRevoked, l.Certificate.Subject.CommonName(), status.RevokedAt.UTC().Format(time.RFC3339))
		}
	}
}

// archives judges the archive time stamps of the signer of that index.
func (j *judgement) archives(ctx context.Context, s *Signer, sd *cms.SignedData, signer int, content []byte) {
	si := sd.Signers[signer]
	for _, der := range si.ArchiveTokens() {
		st := Stamp{}
		token, err := timestamp.ParseToken(der)
		if err == nil {
			st.Time = token.Time
			err = covered(sd, signer, token, der, content)
		}
		if st.Err = err; err == nil {
			j.authority(ctx, &st, token, j.production(s.Certificate))
		}
		s.Archives = append(s.Archives, st)
	}
}

// production reports whether a certificate is of the production system, in its
// time or not.
func (j *judgement) production(c *pki.Certificate) bool {
	chain := j.v.chain(c, c.NotAfter, j.extra).chain
	return chain != nil && chain.Production
}

// covered checks that a token is over what it is to keep.
func covered(sd *cms.SignedData, signer int, token *timestamp.Token, der, content []byte) error {
	family, ok := pki.FamilyOfDigest(token.Hash)
	if !ok {
		return fmt.Errorf("%w: hash %v", cms.ErrArchive, token.Hash)
	}
	digest, err := digestOf(sd.Signers[signer], family, content)
	if err != nil {
		return err
	}
	imprint, err := sd.ArchiveImprint(signer, der, digest)
	if err != nil {
		return err
	}
	return token.Covers(imprint)
}

// digestOf is the digest of the content with the hash of a family. A signature
// found good vouches for the digest of its own.
func digestOf(si *cms.SignerInfo, family pki.Family, content []byte) ([]byte, error) {
	if own, ok := pki.FamilyOfDigest(si.DigestAlgorithm); ok && own == family && si.MessageDigest != nil {
		return si.MessageDigest, nil
	}
	if content == nil {
		return nil, fmt.Errorf("%w: it is too large to be hashed once more", cms.ErrContentMissing)
	}
	h := family.NewHash()
	h.Write(content)
	return h.Sum(nil), nil
}

package cms

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"tanba/internal/pki"
)

// AddTo returns an existing SignedData with one more, parallel signature. The
// present SignerInfos, certificates and revocation data stay octet for octet.
//
// The content is the one inside. If there is none, content is it; if that is
// nil too, the signature is over the messageDigest of a present signer with the
// same hash, whose own signature must be good (ErrContentMissing if there is
// none, ErrDigestMismatch if two disagree). o.Detached and o.ContentType follow
// what is there.
func (s *Signer) AddTo(existing, content []byte, o Options) ([]byte, error) {
	sd, err := Parse(existing)
	if err != nil {
		return nil, err
	}
	digest, err := s.digestFor(sd, content)
	if err != nil {
		return nil, err
	}
	return s.addDigest(sd, digest, o)
}

// AddDigest is AddTo for a detached signature when only the digest of the
// content is known. Its octets go in as they are.
func (s *Signer) AddDigest(existing, digest []byte, o Options) ([]byte, error) {
	sd, err := Parse(existing)
	if err != nil {
		return nil, err
	}
	if len(digest) == 0 {
		return nil, ErrContentMissing
	}
	if !sd.Detached {
		return nil, fmt.Errorf("%w: a digest was given, but the content is inside", ErrDigestMismatch)
	}
	return s.addDigest(sd, digest, o)
}

func (s *Signer) addDigest(sd *SignedData, digest []byte, o Options) ([]byte, error) {
	o.ContentType = sd.ContentType
	l, when, err := s.layoutFor(o, len(digest))
	if err != nil {
		return nil, err
	}
	sc := s.scratch.Get().(*scratch)
	defer s.scratch.Put(sc)
	info, err := s.appendInfo(nil, l, when, digest, o, sc)
	if err != nil {
		return nil, err
	}
	return sd.parts.with(s.family.DigestAlgorithm(), s.chain, info), nil
}

// digestFor returns what messageDigest of a further signature has to be.
func (s *Signer) digestFor(sd *SignedData, content []byte) ([]byte, error) {
	digest, err := sd.subject(content).digest(s.family)
	if !errors.Is(err, ErrContentMissing) {
		return digest, err
	}
	// Only a digest that its own signer stands for is worth a second signature.
	verdicts, _ := sd.Verify(nil)
	for _, v := range verdicts {
		if !errors.Is(v.Err, ErrContentMissing) || v.Signer.MessageDigest == nil {
			continue
		}
		if f, ok := pki.FamilyOfDigest(v.Signer.DigestAlgorithm); !ok || f != s.family {
			continue
		}
		if digest != nil && !bytes.Equal(digest, v.Signer.MessageDigest) {
			return nil, fmt.Errorf("%w: the signers are over different contents", ErrDigestMismatch)
		}
		digest = v.Signer.MessageDigest
	}
	if digest == nil {
		return nil, fmt.Errorf("%w: the content is not inside, and nobody signed its %s digest", ErrContentMissing, s.family)
	}
	return digest, nil
}

// with puts the parts together again with one more signer. The SETs come out in
// DER order, as Kalkan writes them. Certificates already there are not repeated.
func (p *parts) with(digestAlgorithm []byte, certificates [][]byte, signer []byte) []byte {
	q := parts{version: p.version, encap: p.encap, crls: p.crls}
	q.digestAlgorithms = append(slices.Clone(p.digestAlgorithms), digestAlgorithm)
	q.certificates = slices.Clone(p.certificates)
	for _, c := range certificates {
		if !slices.ContainsFunc(q.certificates, func(have []byte) bool { return bytes.Equal(have, c) }) {
			q.certificates = append(q.certificates, c)
		}
	}
	q.signers = append(slices.Clone(p.signers), signer)
	return q.encode()
}

func (p *parts) encode() []byte {
	digestAlgorithms := element(tagSet, sortedSet(p.digestAlgorithms)...)
	var certificates []byte
	if len(p.certificates) > 0 {
		certificates = element(tagContext0, sortedSet(p.certificates)...)
	}
	signers := element(tagSet, sortedSet(p.signers)...)

	// The content may be large: write the lengths first, then everything once.
	all := [][]byte{p.version, digestAlgorithms, p.encap, certificates, p.crls, signers}
	n := 0
	for _, part := range all {
		n += len(part)
	}
	outer := len(signedDataType) + fullLen(fullLen(n))
	out := make([]byte, 0, fullLen(outer))
	out = appendHeader(out, tagSequence, outer)
	out = append(out, signedDataType...)
	out = appendHeader(out, tagContext0, fullLen(n))
	out = appendHeader(out, tagSequence, n)
	for _, part := range all {
		out = append(out, part...)
	}
	return out
}

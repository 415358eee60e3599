package cms

import (
	"bytes"
	"fmt"
	"hash"
	"io"
	"time"

	"tanba/internal/pki"
)

// Verified is the verdict on one signer.
type Verified struct {
	Signer *SignerInfo
	// Certificate is the certificate whose key the signature was checked with;
	// nil if none was found. It is not judged here.
	Certificate *pki.Certificate
	// Time is the time the signer says, zero if it says none. Nobody vouches for
	// it but the signer.
	Time time.Time
	// TimestampToken is the token over the signature as it is written, unchecked.
	TimestampToken []byte
	// Err is nil if the signature is good and covers the content. Otherwise it
	// wraps one of the errors of this package; ErrContentMissing says that all
	// but the content was found good.
	Err error
}

// Verify judges every signer. content is what a detached signature is over; for
// an attached one it is nil, or must equal what is inside. The verdicts come in
// the order of Signers, also with an error. The error is nil only if there is a
// signer and every signature is good; otherwise it is that of the first bad one.
func (sd *SignedData) Verify(content []byte) ([]Verified, error) {
	return sd.verdicts(sd.subject(content))
}

// VerifyReader judges a detached signature over all that r gives, reading once
// whatever the signers' hashes are. An error of r is returned without verdicts.
// A signature without signed attributes gets ErrContentMissing: it can only be
// judged with the whole content at hand.
func (sd *SignedData) VerifyReader(r io.Reader) ([]Verified, error) {
	hashes := map[pki.Family]hash.Hash{}
	var all []io.Writer
	for _, si := range sd.Signers {
		if f, ok := pki.FamilyOfDigest(si.DigestAlgorithm); ok && hashes[f] == nil {
			hashes[f] = f.NewHash()
			all = append(all, hashes[f])
		}
	}
	if _, err := io.CopyBuffer(io.MultiWriter(all...), onlyReader{r}, make([]byte, 64<<10)); err != nil {
		return nil, fmt.Errorf("cms: reading the content: %w", err)
	}
	digests := map[pki.Family][]byte{}
	for f, h := range hashes {
		digests[f] = h.Sum(nil)
	}
	return sd.VerifyDigest(digests)
}

// VerifyDigest judges a detached signature of which only digests of the content
// are known, by the family whose hash made them. A signer of another family, or
// one without signed attributes, gets ErrContentMissing. The octets are compared
// as they are.
func (sd *SignedData) VerifyDigest(digests map[pki.Family][]byte) ([]Verified, error) {
	s := &subject{digests: digests}
	if !sd.Detached {
		inside := sd.subject(nil)
		for f, d := range digests {
			if have, err := inside.digest(f); err != nil || !bytes.Equal(have, d) {
				s.err = errOtherContent
			}
		}
	}
	return sd.verdicts(s)
}

// subject is what signatures are held against: a content, or digests of it.
type subject struct {
	content []byte // nil if unknown
	digests map[pki.Family][]byte
	err     error // instead of a digest
}

var errOtherContent = fmt.Errorf("%w: the content inside is another one", ErrDigestMismatch)

func (sd *SignedData) subject(content []byte) *subject {
	s := &subject{content: content, digests: map[pki.Family][]byte{}}
	if !sd.Detached {
		if content != nil && !bytes.Equal(content, sd.Content) {
			s.err = errOtherContent
		}
		s.content = sd.Content
	}
	return s
}

func (s *subject) digest(f pki.Family) ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	if len(s.digests[f]) == 0 {
		if s.content == nil || !f.Known() {
			return nil, ErrContentMissing
		}
		h := f.NewHash()
		h.Write(s.content)
		s.digests[f] = h.Sum(nil)
	}
	return s.digests[f], nil
}

func (sd *SignedData) verdicts(over *subject) ([]Verified, error) {
	if len(sd.Signers) == 0 {
		return nil, ErrNoSigner
	}
	list := make([]Verified, len(sd.Signers))
	var first error
	for i, si := range sd.Signers {
		v := &list[i]
		v.Signer, v.Time, v.TimestampToken = si, si.SigningTime, si.TimestampToken()
		if v.Certificate, v.Err = sd.verify(si, over); v.Err != nil && first == nil {
			first = fmt.Errorf("signer %d: %w", i+1, v.Err)
		}
	}
	return list, first
}

// verify judges one signer. The content comes last, so that ErrContentMissing
// means that the rest is good.
func (sd *SignedData) verify(si *SignerInfo, over *subject) (*pki.Certificate, error) {
	family, err := sd.family(si)
	if err != nil {
		return nil, err
	}
	if si.problem != nil {
		return nil, si.problem
	}
	c, err := sd.signingCertificate(si)
	if err != nil {
		return c, err
	}
	if c.PublicKey == nil || c.PublicKey.Family != family {
		return c, fmt.Errorf("%w: the key of the certificate does not make %v signatures", ErrAlgorithm, si.SignatureAlgorithm)
	}
	if si.SignedAttributes == nil {
		return c, sd.verifyDirect(si, c, family, over)
	}
	if !si.contentType.Equal(sd.ContentType) {
		return c, fmt.Errorf("%w: contentType is %v, content is %v", ErrAttributes, si.contentType, sd.ContentType)
	}
	if err := si.checkProtection(); err != nil {
		return c, err
	}
	h := family.NewHash()
	for _, part := range si.signedOctets() {
		h.Write(part)
	}
	if err := c.PublicKey.VerifyDigest(h.Sum(nil), si.Signature); err != nil {
		return c, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	d, err := over.digest(family)
	if err != nil {
		return c, err
	}
	if !bytes.Equal(d, si.MessageDigest) {
		return c, ErrDigestMismatch
	}
	return c, nil
}

// verifyDirect judges a signature without signed attributes, which nobody here
// writes. Signed attributes passed off as a content are refused: without them
// in their place the same signature would seem to be over that content.
func (sd *SignedData) verifyDirect(si *SignerInfo, c *pki.Certificate, family pki.Family, over *subject) error {
	if !sd.ContentType.Equal(oidData) {
		return fmt.Errorf("%w: there must be some for content type %v", ErrAttributes, sd.ContentType)
	}
	d, err := over.digest(family)
	if err != nil {
		return err
	}
	if over.content == nil {
		return ErrContentMissing
	}
	if looksLikeAttributes(over.content) {
		return fmt.Errorf("%w: they are in the place of the content", ErrAttributes)
	}
	if err := c.PublicKey.VerifyDigest(d, si.Signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// family checks that the algorithms of a signer are known and fit each other,
// and that its digest algorithm was announced.
func (sd *SignedData) family(si *SignerInfo) (pki.Family, error) {
	digest, ok := pki.FamilyOfDigest(si.DigestAlgorithm)
	if !ok {
		return 0, fmt.Errorf("%w: unknown hash %v", ErrAlgorithm, si.DigestAlgorithm)
	}
	signature, ok := pki.FamilyOfSignature(si.SignatureAlgorithm)
	if !ok {
		return 0, fmt.Errorf("%w: unknown signature %v", ErrAlgorithm, si.SignatureAlgorithm)
	}
	if digest != signature {
		return 0, fmt.Errorf("%w: hash %v with signature %v", ErrAlgorithm, si.DigestAlgorithm, si.SignatureAlgorithm)
	}
	if !si.plainAlgorithms {
		return 0, fmt.Errorf("%w: parameters", ErrAlgorithm)
	}
	for _, a := range sd.digestAlgorithms {
		if a.plain && a.oid.Equal(si.DigestAlgorithm) {
			return digest, nil
		}
	}
	return 0, fmt.Errorf("%w: hash %v is not among digestAlgorithms", ErrAlgorithm, si.DigestAlgorithm)
}

package timestamp

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/cms"
	"tanba/internal/pki"
)

// Trust says which authorities are believed.
type Trust struct {
	// Pool holds the anchors. Without one the chain is not judged at all.
	Pool *pki.Pool
	// RequireChain also wants a chain where none can be built yet: under an
	// anchor of the pool that is known by its pin alone (see pki.Anchor), as
	// "NCA RSA 2022" is until its certificate has been added. Without
	// RequireChain a certificate that names such an anchor and its key is let
	// pass for RSA imprints; Verdict.Chain is nil then. GOST needs no such
	// exception.
	RequireChain bool
	// Extra are certificates at hand beside those in the token, such as those of a
	// signature with long-term validation data. They are no trust.
	Extra []*pki.Certificate
}

// Verdict is what a good token proves.
type Verdict struct {
	// Time is that of the token.
	Time time.Time
	// Authority is the certificate that signed it.
	Authority *pki.Certificate
	// Chain leads to an anchor at Time; nil if it was not judged.
	Chain *pki.Chain
}

// Certificates are those in the token.
func (t *Token) Certificates() []*pki.Certificate { return t.signed.Certificates }

// Answers checks that the token answers the request: imprint, nonce and policy.
// The error wraps ErrImprint, ErrNonce or ErrPolicy.
func (t *Token) Answers(r *Request) error {
	if f, ok := pki.FamilyOfDigest(t.Hash); !ok || f != r.Family || !bytes.Equal(t.Imprint, r.Imprint) {
		return ErrImprint
	}
	if !bytes.Equal(t.Nonce, r.Nonce) {
		return ErrNonce
	}
	if r.Policy != nil && !t.Policy.Equal(r.Policy) {
		return fmt.Errorf("%w: %v instead of %v", ErrPolicy, t.Policy, r.Policy)
	}
	return nil
}

// Covers checks that the token is over these octets, whatever the hash. The
// error wraps ErrImprint.
func (t *Token) Covers(octets []byte) error {
	h, ok := imprintHash(t.Hash)
	if !ok {
		return fmt.Errorf("%w: unknown hash %v", ErrImprint, t.Hash)
	}
	h.Write(octets)
	if !bytes.Equal(h.Sum(nil), t.Imprint) {
		return ErrImprint
	}
	return nil
}

// Verify checks who made the token: signature, signing certificate, its purpose,
// and its chain at the time of the token. The error wraps ErrSignature, ErrSigner
// or ErrChain. What the token is over is for Answers or Covers.
func (t *Token) Verify(trust Trust) (*Verdict, error) {
	verdicts, err := t.signed.Verify(nil)
	switch {
	case errors.Is(err, cms.ErrNoCertificate), errors.Is(err, cms.ErrSigningCertificate):
		return nil, fmt.Errorf("%w: %w", ErrSigner, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	c := verdicts[0].Certificate
	if !t.namesCertificate() {
		return nil, fmt.Errorf("%w: no signing-certificate attribute", ErrSigner)
	}
	if err := mayStamp(c); err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrSigner, c.Subject.CommonName(), err)
	}
	v := &Verdict{Time: t.Time, Authority: c}
	if trust.Pool == nil {
		return v, nil
	}
	v.Chain, err = trust.Pool.Build(c, t.Time, slices.Concat(t.signed.Certificates, trust.Extra)...)
	if err == nil {
		return v, nil
	}
	if !trust.RequireChain && c.SignatureFamily == pki.RSA && errors.Is(err, pki.ErrUnknownIssuer) && t.pinned(c, trust.Pool) {
		return v, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrChain, err)
}

// pinned reports whether the certificate names an anchor of which only the pin is
// at hand. That proves nothing; see Trust.RequireChain.
func (t *Token) pinned(c *pki.Certificate, pool *pki.Pool) bool {
	if f, ok := pki.FamilyOfDigest(t.Hash); !ok || f != pki.RSA || c.ValidAt(t.Time) != nil {
		return false
	}
	for _, a := range pool.Wanted() {
		if bytes.Equal(a.Subject.Raw(), c.RawIssuer) && bytes.Equal(a.KeyID, c.AuthorityKeyID) {
			return true
		}
	}
	return false
}

// namesCertificate reports whether the signed attributes bind the certificate.
// Package cms has checked the attribute where there is one.
func (t *Token) namesCertificate() bool {
	for _, a := range t.signed.Signers[0].SignedAttributes {
		if a.Type.Equal(oidSigningCertificate) || a.Type.Equal(oidSigningCertificateV2) {
			return true
		}
	}
	return false
}

// mayStamp checks the purpose of a certificate: extended key usage timeStamping
// alone and critical (RFC 3161 section 2.3), and a key usage that allows
// signatures.
func mayStamp(c *pki.Certificate) error {
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != pki.UsageTimeStamping {
		return errors.New("not for time stamps alone")
	}
	if !criticalUsage(c) {
		return errors.New("its purpose is not critical")
	}
	if c.HasKeyUsage && c.KeyUsage&(pki.DigitalSignature|pki.NonRepudiation) == 0 {
		return errors.New("key not for signatures")
	}
	return nil
}

// criticalUsage looks up whether extKeyUsage is critical, which package pki,
// like the law of ordinary certificates, does not care about. The certificate
// was parsed, so its form is known to be right.
func criticalUsage(c *pki.Certificate) bool {
	in := cryptobyte.String(c.RawTBS)
	var tbs, element, list cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		return false
	}
	for !tbs.Empty() {
		if !tbs.ReadAnyASN1(&element, &tag) {
			return false
		}
		if tag == cbasn1.Tag(3).ContextSpecific().Constructed() && !element.ReadASN1(&list, cbasn1.SEQUENCE) {
			return false
		}
	}
	for !list.Empty() {
		var extension cryptobyte.String
		var oid pki.OID
		var critical bool
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) {
			return false
		}
		if oid.Equal(pki.OIDExtKeyUsage) {
			return extension.PeekASN1Tag(cbasn1.BOOLEAN) && extension.ReadASN1Boolean(&critical) && critical
		}
	}
	return false
}

package csr

import (
	"crypto"
	cryptorand "crypto/rand"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// Placeholder makes the self-signed certificate that stands beside a new key
// until the authority's comes. It says so itself: it is valid for no time at
// all and good for nothing.
func Placeholder(rand io.Reader, key crypto.Signer, subject pki.Name, now time.Time) (*pki.Certificate, error) {
	if rand == nil {
		rand = cryptorand.Reader
	}
	public, err := pki.PublicKeyOf(key)
	if err != nil {
		return nil, fmt.Errorf("csr: %w", err)
	}
	now = now.UTC().Truncate(time.Second)
	id := public.KeyID()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) {
			b.AddUint8(1) // positive, whatever the identifier begins with
			b.AddBytes(id)
		})
		b.AddBytes(public.Family.SignatureAlgorithm())
		b.AddBytes(subject.Raw())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for range 2 {
				b.AddASN1UTCTime(now)
			}
		})
		b.AddBytes(subject.Raw())
		b.AddBytes(public.SPKI())
		b.AddASN1(cbasn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			addExtensions(b, []Extension{
				{ID: pki.OIDBasicConstraints, Critical: true, Value: []byte{0x30, 0}},
				{ID: pki.OIDSubjectKeyID, Value: append([]byte{0x04, byte(len(id))}, id...)},
			})
		})
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("csr: %w", err)
	}
	der, err := seal(rand, key, public, tbs)
	if err != nil {
		return nil, err
	}
	return pki.ParseCertificate(der)
}

// IsPlaceholder reports whether a certificate is one of Placeholder.
func IsPlaceholder(c *pki.Certificate) bool {
	return c != nil && c.SelfIssued() && c.NotBefore.Equal(c.NotAfter)
}

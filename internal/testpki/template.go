package testpki

import (
	"crypto"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// template is a certificate before it is signed.
type template struct {
	serial              []byte // content of the INTEGER
	issuer, subject     pki.Name
	notBefore, notAfter time.Time
	public              *pki.PublicKey
	extensions          []extension
}

type extension struct {
	oid      pki.OID
	critical bool
	value    func(*cryptobyte.Builder)
}

// sign makes the certificate; the issuer's key decides the algorithm.
func (t *template) sign(issuer crypto.Signer, rand io.Reader) (*pki.Certificate, error) {
	public, err := pki.PublicKeyOf(issuer)
	if err != nil {
		return nil, fmt.Errorf("testpki: %w", err)
	}
	algorithm := public.Family.SignatureAlgorithm()
	var tbs cryptobyte.Builder
	tbs.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(t.serial) })
		b.AddBytes(algorithm)
		b.AddBytes(t.issuer.Raw())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addTime(b, t.notBefore)
			addTime(b, t.notAfter)
		})
		b.AddBytes(t.subject.Raw())
		b.AddBytes(t.public.SPKI())
		b.AddASN1(cbasn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, e := range t.extensions {
					e.add(b)
				}
			})
		})
	})
	signed, err := tbs.Bytes()
	if err != nil {
		return nil, fmt.Errorf("testpki: certificate: %w", err)
	}
	h := public.Family.NewHash()
	h.Write(signed)
	signature, err := pki.SignDigest(issuer, rand, h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("testpki: certificate: %w", err)
	}
	var out cryptobyte.Builder
	out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(signed)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
	})
	der, err := out.Bytes()
	if err != nil {
		return nil, fmt.Errorf("testpki: certificate: %w", err)
	}
	return pki.ParseCertificate(der)
}

func (e extension) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(e.oid)
		if e.critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(cbasn1.OCTET_STRING, e.value)
	})
}

// addTime writes UTCTime until 2049, as RFC 5280 section 4.1.2.5 wants.
func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC().Truncate(time.Second)
	if t.Year() < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}

// caSerial is the key identifier with the top bit cleared, as the authorities
// of 2022 number themselves.
func caSerial(keyID []byte) []byte {
	serial := slices.Clone(keyID)
	serial[0] &= 0x7f
	if serial[0] == 0 && serial[1]&0x80 == 0 {
		serial[0] = 1 // or the INTEGER would not be in its shortest form
	}
	return serial
}

// leafSerial is the rule since late 2022: the same, and at least 0x10 in the
// first octet.
func leafSerial(keyID []byte) []byte {
	serial := slices.Clone(keyID)
	serial[0] &= 0x7f
	if serial[0] < 0x10 {
		serial[0] |= 0x10
	}
	return serial
}

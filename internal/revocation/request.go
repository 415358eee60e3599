package revocation

import (
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

var (
	oidNonce = pki.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidBasic = pki.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
)

// nonceLen is what Kalkan sends.
const nonceLen = 8

// newNonce returns the value of the nonce extension: an OCTET STRING.
func newNonce(random io.Reader) ([]byte, error) {
	value := make([]byte, 2+nonceLen)
	value[0], value[1] = 0x04, nonceLen
	if _, err := io.ReadFull(random, value[2:]); err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	return value, nil
}

// newRequest encodes an OCSPRequest for one certificate with the hash given for
// its CertID.
func newRequest(c *pki.Certificate, issuer Issuer, hash pki.OID, nonce []byte) ([]byte, error) {
	name, key, ok := hashesOf(hash, issuer)
	if !ok {
		return nil, fmt.Errorf("revocation: hash %v: %w", hash, pki.ErrAlgorithm)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // tbsRequest
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // requestList
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // CertID
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(hash)
							b.AddASN1NULL()
						})
						b.AddASN1OctetString(name)
						b.AddASN1OctetString(key)
						b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(c.RawSerial()) })
					})
				})
			})
			if nonce == nil {
				return
			}
			b.AddASN1(cbasn1.Tag(2).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oidNonce)
						b.AddASN1OctetString(nonce)
					})
				})
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("revocation: request: %w", err)
	}
	return der, nil
}

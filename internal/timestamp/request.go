package timestamp

import (
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// Media types of RFC 3161 section 3.4.
const (
	queryType = "application/timestamp-query"
	replyType = "application/timestamp-reply"
)

// Request is what is asked of an authority.
type Request struct {
	Family  pki.Family
	Imprint []byte  // with the family's hash
	Policy  pki.OID // nil: whichever the authority takes
	Nonce   []byte  // content octets of the INTEGER, shortest form
}

// NewRequest asks for a token over octets, with the hash and the policy of the
// family and a nonce from rand.
func NewRequest(rand io.Reader, f pki.Family, octets []byte) (*Request, error) {
	if !f.Known() {
		return nil, fmt.Errorf("timestamp: family %d: %w", f, pki.ErrAlgorithm)
	}
	var random [8]byte
	if _, err := io.ReadFull(rand, random[:]); err != nil {
		return nil, fmt.Errorf("timestamp: nonce: %w", err)
	}
	h := f.NewHash()
	h.Write(octets)
	return &Request{Family: f, Imprint: h.Sum(nil), Policy: Policy(f), Nonce: shortest(random[:])}, nil
}

// shortest drops the octets of a two's complement number that say nothing.
func shortest(number []byte) []byte {
	for len(number) > 1 && (number[0] == 0 && number[1] < 0x80 || number[0] == 0xff && number[1] >= 0x80) {
		number = number[1:]
	}
	return number
}

// Marshal encodes the TimeStampReq as Kalkan does: version 1, hash with NULL,
// policy, nonce, certReq TRUE.
func (r *Request) Marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(r.Family.DigestAlgorithm())
			b.AddASN1OctetString(r.Imprint)
		})
		if r.Policy != nil {
			b.AddASN1ObjectIdentifier(r.Policy)
		}
		if r.Nonce != nil {
			b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(r.Nonce) })
		}
		b.AddASN1Boolean(true)
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("timestamp: request: %w", err)
	}
	return der, nil
}

package pki

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/gost3410"
)

// maxPrivateKey bounds a PKCS #8 structure: an RSA key of 8192 bits takes 4.7
// KiB.
const maxPrivateKey = 8 << 10

// ParsePrivateKey reads an unencrypted PKCS #8 PrivateKeyInfo of any family
// and returns a *gost3410.PrivateKey or *rsa.PrivateKey. Scalars stand as
// Kalkan writes them: an OCTET STRING, little-endian, for GOST 34.10-2015, an
// INTEGER for GOST 34.310-2004. The input is not changed; it is the caller's to
// clear.
func ParsePrivateKey(pkcs8 []byte) (crypto.Signer, error) {
	if len(pkcs8) > maxPrivateKey {
		return nil, fmt.Errorf("private key of %d octets: %w", len(pkcs8), ErrMalformed)
	}
	in := cryptobyte.String(pkcs8)
	var info, algorithm, content cryptobyte.String
	var version int
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty() ||
		!info.ReadASN1Integer(&version) || version < 0 || version > 1 ||
		!info.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!info.ReadASN1(&content, cbasn1.OCTET_STRING) ||
		!info.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific().Constructed()) || // attributes
		!info.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific()) || // publicKey, RFC 5958
		!info.Empty() {
		return nil, fmt.Errorf("private key: %w", ErrMalformed)
	}
	family, err := parseKeyAlgorithm(algorithm)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	if family == RSA {
		key, err := x509.ParsePKCS1PrivateKey(content)
		if err != nil {
			// The library's text may quote parts of the key; it stays here.
			return nil, fmt.Errorf("private key: RSA: %w", ErrMalformed)
		}
		return key, nil
	}
	scalar, err := readScalar(family, content)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	defer clear(scalar)
	key, err := gost3410.NewPrivateKey(schemes[family].curve(), scalar)
	if err != nil {
		return nil, fmt.Errorf("private key: %w: %w", ErrMalformed, err)
	}
	return key, nil
}

// readScalar returns the scalar in little-endian octets of full length.
func readScalar(family Family, content cryptobyte.String) ([]byte, error) {
	size := schemes[family].curve().Size()
	scalar := make([]byte, size)
	if family != GOST2004 {
		var octets cryptobyte.String
		if !content.ReadASN1(&octets, cbasn1.OCTET_STRING) || !content.Empty() || len(octets) != size {
			return nil, fmt.Errorf("scalar: %w", ErrMalformed)
		}
		copy(scalar, octets)
		return scalar, nil
	}
	var number cryptobyte.String
	if !content.ReadASN1(&number, cbasn1.INTEGER) || !content.Empty() || !minimalInteger(number) {
		return nil, fmt.Errorf("scalar: %w", ErrMalformed)
	}
	if number[0]&0x80 != 0 {
		return nil, fmt.Errorf("negative scalar: %w", ErrMalformed)
	}
	if number[0] == 0 {
		number = number[1:]
	}
	if len(number) > size {
		return nil, fmt.Errorf("scalar: %w", ErrMalformed)
	}
	copy(scalar[size-len(number):], number)
	slices.Reverse(scalar)
	return scalar, nil
}

// minimalInteger reports whether the content of an INTEGER is in the shortest
// form.
func minimalInteger(content []byte) bool {
	if len(content) == 0 {
		return false
	}
	if len(content) == 1 {
		return true
	}
	return !(content[0] == 0 && content[1]&0x80 == 0 || content[0] == 0xff && content[1]&0x80 != 0)
}

// MarshalPrivateKey encodes a key as Kalkan does: version 0, no attributes.
// The caller clears the result.
func MarshalPrivateKey(signer crypto.Signer) ([]byte, error) {
	var family Family
	var content []byte
	switch key := signer.(type) {
	case *rsa.PrivateKey:
		family, content = RSA, x509.MarshalPKCS1PrivateKey(key)
	case *gost3410.PrivateKey:
		public, err := PublicKeyOf(key)
		if err != nil {
			return nil, err
		}
		family, content = public.Family, marshalScalar(public.Family, key)
	default:
		return nil, fmt.Errorf("private key of type %T: %w", signer, ErrAlgorithm)
	}
	defer clear(content)
	b := cryptobyte.NewBuilder(make([]byte, 0, len(content)+64))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddBytes(family.KeyAlgorithm())
		b.AddASN1OctetString(content)
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	return out, nil
}

func marshalScalar(family Family, key *gost3410.PrivateKey) []byte {
	scalar := key.Bytes()
	defer clear(scalar)
	if family != GOST2004 {
		return append([]byte{0x04, byte(len(scalar))}, scalar...)
	}
	slices.Reverse(scalar)
	number := scalar
	for len(number) > 1 && number[0] == 0 {
		number = number[1:]
	}
	out := make([]byte, 0, len(number)+3)
	if number[0]&0x80 != 0 {
		out = append(out, 0x02, byte(len(number)+1), 0)
	} else {
		out = append(out, 0x02, byte(len(number)))
	}
	return append(out, number...)
}

// Owns reports whether a private key belongs to a certificate: nil, or an
// error wrapping ErrKeyMismatch.
func Owns(signer crypto.Signer, certificate *Certificate) error {
	public, err := PublicKeyOf(signer)
	if err != nil {
		return err
	}
	if !public.Equal(certificate.PublicKey) {
		return ErrKeyMismatch
	}
	return nil
}

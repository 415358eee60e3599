package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/gost3410"
)

// Sizes of RSA moduli in bits: below the first a signature proves nothing,
// above the second one check costs more than a stranger may ask for.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// PublicKey is a key of one of the families: GOST is set for the three GOST
// families, RSA for RSA.
type PublicKey struct {
	Family Family
	GOST   *gost3410.PublicKey
	RSA    *rsa.PublicKey

	spki  []byte
	keyID [sha1.Size]byte
}

// ParsePublicKey reads a DER SubjectPublicKeyInfo. The error wraps
// ErrMalformed or ErrAlgorithm. RSA keys below 2048 bits are read, for their
// certificates to be shown, but verify nothing.
func ParsePublicKey(spki []byte) (*PublicKey, error) {
	in := cryptobyte.String(spki)
	var info, algorithm cryptobyte.String
	var bits []byte
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty() ||
		!info.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!info.ReadASN1BitStringAsBytes(&bits) || !info.Empty() {
		return nil, fmt.Errorf("public key: %w", ErrMalformed)
	}
	family, err := parseKeyAlgorithm(algorithm)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	key := &PublicKey{Family: family, spki: bytes.Clone(spki), keyID: sha1.Sum(bits)}
	if family == RSA {
		key.RSA, err = parseRSAPublicKey(bits)
	} else {
		key.GOST, err = parseGOSTPublicKey(family, bits)
	}
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return key, nil
}

// parseKeyAlgorithm reads the content of a key's AlgorithmIdentifier, as it
// stands in SubjectPublicKeyInfo and PKCS #8, and insists on the parameters.
func parseKeyAlgorithm(algorithm cryptobyte.String) (Family, error) {
	var oid OID
	if !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return 0, ErrMalformed
	}
	family, ok := FamilyOfKey(oid)
	if !ok {
		return 0, fmt.Errorf("key type %v: %w", oid, ErrAlgorithm)
	}
	if family == RSA {
		var null cryptobyte.String
		if !algorithm.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !algorithm.Empty() {
			return 0, fmt.Errorf("RSA parameters: %w", ErrMalformed)
		}
		return RSA, nil
	}
	var params cryptobyte.String
	if !algorithm.ReadASN1(&params, cbasn1.SEQUENCE) || !algorithm.Empty() {
		return 0, fmt.Errorf("key parameters: %w", ErrMalformed)
	}
	for _, want := range schemes[family].params {
		var got OID
		if !params.ReadASN1ObjectIdentifier(&got) {
			return 0, fmt.Errorf("key parameters: %w", ErrMalformed)
		}
		if !got.Equal(want) {
			return 0, fmt.Errorf("key parameter %v: %w", got, ErrAlgorithm)
		}
	}
	if !params.Empty() {
		return 0, fmt.Errorf("key parameters: %w", ErrMalformed)
	}
	return family, nil
}

// parseGOSTPublicKey reads OCTET STRING { x ‖ y }, each little-endian.
func parseGOSTPublicKey(family Family, bits []byte) (*gost3410.PublicKey, error) {
	in := cryptobyte.String(bits)
	var point cryptobyte.String
	if !in.ReadASN1(&point, cbasn1.OCTET_STRING) || !in.Empty() {
		return nil, ErrMalformed
	}
	curve := schemes[family].curve()
	if len(point) != 2*curve.Size() {
		return nil, fmt.Errorf("point of %d octets: %w", len(point), ErrMalformed)
	}
	key, err := gost3410.NewPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return key, nil
}

func parseRSAPublicKey(bits []byte) (*rsa.PublicKey, error) {
	in := cryptobyte.String(bits)
	var content cryptobyte.String
	n := new(big.Int)
	var e int
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) || !in.Empty() || len(content) > maxRSABits/8+64 ||
		!content.ReadASN1Integer(n) || !content.ReadASN1Integer(&e) || !content.Empty() {
		return nil, ErrMalformed
	}
	if n.Sign() <= 0 || n.Bit(0) == 0 || n.BitLen() > maxRSABits {
		return nil, fmt.Errorf("RSA modulus: %w", ErrMalformed)
	}
	if e < 3 || e&1 == 0 || e > 1<<31-1 {
		return nil, fmt.Errorf("RSA exponent: %w", ErrMalformed)
	}
	return &rsa.PublicKey{N: n, E: e}, nil
}

// newPublicKey makes the SubjectPublicKeyInfo of a key.
func newPublicKey(family Family, gost *gost3410.PublicKey, rsaKey *rsa.PublicKey) (*PublicKey, error) {
	var bits cryptobyte.Builder
	if family == RSA {
		bits.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1BigInt(rsaKey.N)
			b.AddASN1Int64(int64(rsaKey.E))
		})
	} else {
		bits.AddASN1OctetString(gost.Bytes())
	}
	content, err := bits.Bytes()
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(family.KeyAlgorithm())
		b.AddASN1BitString(content)
	})
	spki, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return &PublicKey{Family: family, GOST: gost, RSA: rsaKey, spki: spki, keyID: sha1.Sum(content)}, nil
}

// PublicKeyOf returns the public half of a signing key.
func PublicKeyOf(signer crypto.Signer) (*PublicKey, error) {
	if signer == nil {
		return nil, fmt.Errorf("no key: %w", ErrAlgorithm)
	}
	switch key := signer.Public().(type) {
	case *gost3410.PublicKey:
		for family, s := range schemes {
			if s.curve != nil && s.curve() == key.Curve() {
				return newPublicKey(family, key, nil)
			}
		}
		return nil, fmt.Errorf("curve of the key: %w", ErrAlgorithm)
	case *rsa.PublicKey:
		return newPublicKey(RSA, nil, key)
	default:
		return nil, fmt.Errorf("key of type %T: %w", key, ErrAlgorithm)
	}
}

// SPKI returns the DER SubjectPublicKeyInfo. The caller must not change it.
func (k *PublicKey) SPKI() []byte { return k.spki }

// KeyID is the key identifier of RFC 5280 section 4.2.1.2 method 1: SHA-1 over
// the BIT STRING content, the header of the inner OCTET STRING included.
func (k *PublicKey) KeyID() []byte { return bytes.Clone(k.keyID[:]) }

// Hashes reports whether id is made from this key: KeyID, or SHA-1 over the
// whole SubjectPublicKeyInfo, as in many certificates until 2022. Other
// identifiers (four octets, or of unknown origin) prove nothing about a key.
func (k *PublicKey) Hashes(id []byte) bool {
	if bytes.Equal(id, k.keyID[:]) {
		return true
	}
	whole := sha1.Sum(k.spki)
	return bytes.Equal(id, whole[:])
}

// Equal reports whether two keys are the same, however they were encoded.
func (k *PublicKey) Equal(o *PublicKey) bool {
	if k == nil || o == nil || k.Family != o.Family {
		return false
	}
	if k.Family == RSA {
		return k.RSA.Equal(o.RSA)
	}
	return k.GOST.Equal(o.GOST)
}

// Strong returns an error wrapping ErrWeakAlgorithm for an RSA key below 2048
// bits.
func (k *PublicKey) Strong() error {
	if k.Family == RSA && k.RSA.N.BitLen() < minRSABits {
		return fmt.Errorf("RSA key of %d bits: %w", k.RSA.N.BitLen(), ErrWeakAlgorithm)
	}
	return nil
}

// VerifyDigest checks a signature over the digest of the family's own hash:
// r ‖ s, little-endian, for GOST, PKCS #1 v1.5 with SHA-256 for RSA. The error
// wraps ErrBadSignature or ErrWeakAlgorithm.
func (k *PublicKey) VerifyDigest(digest, sig []byte) error {
	return k.verify(crypto.SHA256, digest, sig)
}

func (k *PublicKey) verify(rsaHash crypto.Hash, digest, sig []byte) error {
	if err := k.Strong(); err != nil {
		return err
	}
	if k.Family == RSA {
		if len(digest) != rsaHash.Size() {
			return fmt.Errorf("digest of %d octets: %w", len(digest), ErrBadSignature)
		}
		if err := rsa.VerifyPKCS1v15(k.RSA, rsaHash, digest, sig); err != nil {
			return ErrBadSignature
		}
		return nil
	}
	if len(digest) != k.Family.HashSize() || !k.GOST.Verify(digest, sig) {
		return ErrBadSignature
	}
	return nil
}

// SignDigest signs a digest of the family's own hash. A nil rand means
// crypto/rand.
func SignDigest(signer crypto.Signer, rand io.Reader, digest []byte) ([]byte, error) {
	switch key := signer.Public().(type) {
	case *gost3410.PublicKey:
		if len(digest) != key.Curve().Size() {
			return nil, fmt.Errorf("sign: digest of %d octets: %w", len(digest), ErrAlgorithm)
		}
		return signer.Sign(rand, digest, nil)
	case *rsa.PublicKey:
		return signer.Sign(rand, digest, crypto.SHA256)
	default:
		return nil, fmt.Errorf("sign: key of type %T: %w", key, ErrAlgorithm)
	}
}

package pki

import (
	"crypto"
	"crypto/sha256"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/gost3410"
	"tanba/internal/gost341194"
	"tanba/internal/streebog"
)

// Family is a signature scheme together with its hash and key type.
type Family int

const (
	// GOST512 is GOST R 34.10-2015 with 512-bit keys and Streebog-512: what the
	// national authority issues since 2022.
	GOST512 Family = iota + 1
	// GOST256 is the 256-bit size of the same standard.
	GOST256
	// GOST2004 is GOST 34.310-2004 with 34.311-95: certificates until 2024.
	GOST2004
	// RSA is RSA PKCS #1 v1.5 with SHA-256.
	RSA
)

// scheme is one row of the table of algorithms.
type scheme struct {
	name, kalkan         string
	key, signature, hash OID
	params               []OID // SPKI parameters, a SEQUENCE; empty means NULL
	curve                func() *gost3410.Curve
	newHash              func() hash.Hash
	size                 int // of the hash, octets

	// The three DER AlgorithmIdentifiers, computed once.
	keyDER, hashDER, signatureDER []byte
}

var schemes = map[Family]*scheme{
	GOST512: {
		name: "ГОСТ 34.10-2015 (512)", kalkan: "ECGOST3410-2015-512",
		key: OIDKey512, signature: OIDSignature512, hash: OIDHash512,
		params: []OID{OIDCurve512A, OIDHash512}, curve: gost3410.TC26A512,
		newHash: func() hash.Hash { return streebog.New512() }, size: 64,
	},
	GOST256: {
		name: "ГОСТ 34.10-2015 (256)", kalkan: "ECGOST3410-2015-256",
		key: OIDKey256, signature: OIDSignature256, hash: OIDHash256,
		params: []OID{OIDCurve256A, OIDHash256}, curve: gost3410.TC26A256,
		newHash: func() hash.Hash { return streebog.New256() }, size: 32,
	},
	GOST2004: {
		name: "ГОСТ 34.310-2004", kalkan: "ECGOST34310",
		key: OIDKey2004, signature: OIDSignature2004, hash: OIDHash95,
		params: []OID{OIDCurve2004A, OIDHash95Params}, curve: gost3410.CryptoProA,
		newHash: func() hash.Hash { return gost341194.New() }, size: 32,
	},
	RSA: {
		name: "RSA", kalkan: "RSA",
		key: OIDRSA, signature: OIDSHA256WithRSA, hash: OIDSHA256,
		newHash: sha256.New, size: 32,
	},
}

// The names under which each family is met. The C library (KalkanCryptCOM)
// writes the key's identifier where the signature's belongs.
var (
	keyFamilies       = map[string]Family{OIDGammaKey.String(): GOST2004}
	hashFamilies      = map[string]Family{OIDGammaHash.String(): GOST2004}
	signatureFamilies = map[string]Family{OIDGammaSignature.String(): GOST2004, OIDGammaKey.String(): GOST2004}
)

func init() {
	for family, s := range schemes {
		keyFamilies[s.key.String()] = family
		hashFamilies[s.hash.String()] = family
		signatureFamilies[s.signature.String()] = family
		signatureFamilies[s.key.String()] = family
		s.keyDER = algorithmIdentifier(s.key, s.params...)
		s.hashDER = algorithmIdentifier(s.hash)
		s.signatureDER = algorithmIdentifier(s.signature)
	}
}

// algorithmIdentifier encodes an AlgorithmIdentifier. Without parameters it
// writes NULL, as every national implementation in Java does.
func algorithmIdentifier(algorithm OID, params ...OID) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(algorithm)
		if len(params) == 0 {
			b.AddASN1NULL()
			return
		}
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, p := range params {
				b.AddASN1ObjectIdentifier(p)
			}
		})
	})
	return b.BytesOrPanic()
}

// Known reports whether f is one of the four families.
func (f Family) Known() bool { return schemes[f] != nil }

// String names the family for people.
func (f Family) String() string {
	if s := schemes[f]; s != nil {
		return s.name
	}
	return "?"
}

// KalkanName is the name in KeyInfo, that of the original's key objects.
func (f Family) KalkanName() string {
	if s := schemes[f]; s != nil {
		return s.kalkan
	}
	return ""
}

// NewHash returns the family's hash. It panics when f is not Known.
func (f Family) NewHash() hash.Hash { return schemes[f].newHash() }

// HashSize is the length of the family's hash in octets, 0 when f is unknown.
func (f Family) HashSize() int {
	if s := schemes[f]; s != nil {
		return s.size
	}
	return 0
}

// KeyAlgorithm is the DER AlgorithmIdentifier in SubjectPublicKeyInfo and
// PKCS #8. The caller must not change it; so for the next two.
func (f Family) KeyAlgorithm() []byte {
	if s := schemes[f]; s != nil {
		return s.keyDER
	}
	return nil
}

// DigestAlgorithm is the DER AlgorithmIdentifier of the hash, NULL present.
func (f Family) DigestAlgorithm() []byte {
	if s := schemes[f]; s != nil {
		return s.hashDER
	}
	return nil
}

// SignatureAlgorithm is the DER AlgorithmIdentifier of the signature, NULL
// present.
func (f Family) SignatureAlgorithm() []byte {
	if s := schemes[f]; s != nil {
		return s.signatureDER
	}
	return nil
}

// FamilyOfKey tells the family of a public key algorithm.
func FamilyOfKey(oid OID) (Family, bool) {
	f, ok := keyFamilies[oid.String()]
	return f, ok
}

// FamilyOfDigest tells the family that signs with a hash. SHA-1 has none.
func FamilyOfDigest(oid OID) (Family, bool) {
	f, ok := hashFamilies[oid.String()]
	return f, ok
}

// FamilyOfSignature tells the family of a signature algorithm, also when it is
// written as the key's algorithm. Signatures with SHA-1 have none.
func FamilyOfSignature(oid OID) (Family, bool) {
	f, ok := signatureFamilies[oid.String()]
	return f, ok
}

// certificateSignature says how a certificate of that signature algorithm is
// checked. Certificates name the algorithm properly, so the aliases of the C
// library are not taken here; RSA issuers may use the larger SHA-2 hashes.
func certificateSignature(oid OID) (family Family, rsaHash crypto.Hash, err error) {
	switch {
	case oid.Equal(OIDSHA256WithRSA):
		return RSA, crypto.SHA256, nil
	case oid.Equal(OIDSHA384WithRSA):
		return RSA, crypto.SHA384, nil
	case oid.Equal(OIDSHA512WithRSA):
		return RSA, crypto.SHA512, nil
	case oid.Equal(OIDSHA1WithRSA), oid.Equal(OIDMD5WithRSA):
		return RSA, 0, ErrWeakAlgorithm
	case oid.Equal(OIDGammaSignature):
		return GOST2004, 0, nil
	}
	for family, s := range schemes {
		if oid.Equal(s.signature) {
			return family, 0, nil
		}
	}
	return 0, 0, ErrAlgorithm
}

package revocation

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha512"
	"fmt"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// Issuer is who issued a certificate: a name and a key. The issuing authority of
// the production system is known by its key alone, so there may be no
// certificate of it.
type Issuer struct {
	Name        []byte // encoded
	Key         *pki.PublicKey
	Certificate *pki.Certificate // nil if not at hand
}

// IssuerOf is the issuer that a certificate stands for.
func IssuerOf(c *pki.Certificate) Issuer {
	return Issuer{Name: c.RawSubject, Key: c.PublicKey, Certificate: c}
}

// issued reports whether the issuer's key made the certificate.
func (i Issuer) issued(c *pki.Certificate) error {
	if !bytes.Equal(c.RawIssuer, i.Name) {
		return fmt.Errorf("%w: issued by %s", ErrOther, c.Issuer)
	}
	return c.CheckSignature(i.Key)
}

// keyBits is the content of the BIT STRING of a public key, which identifies an
// issuer in OCSP: with the header of the inner OCTET STRING for GOST keys
// (pki.md section 3).
func keyBits(k *pki.PublicKey) []byte {
	in := cryptobyte.String(k.SPKI())
	var info cryptobyte.String
	var bits []byte
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		return nil
	}
	return bits
}

var (
	oidSHA384 = pki.OID{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = pki.OID{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// idHash returns a hash that CertID may use. It only tells issuers apart, so
// SHA-1 is good enough.
func idHash(oid pki.OID) (hash.Hash, bool) {
	if f, ok := pki.FamilyOfDigest(oid); ok {
		return f.NewHash(), true
	}
	switch {
	case oid.Equal(pki.OIDSHA1):
		return sha1.New(), true
	case oid.Equal(oidSHA384):
		return sha512.New384(), true
	case oid.Equal(oidSHA512):
		return sha512.New(), true
	}
	return nil, false
}

// certID identifies a certificate (RFC 6960 section 4.1.1).
type certID struct {
	hash              pki.OID
	nameHash, keyHash []byte
	serial            []byte // content octets of the INTEGER

}

// is reports whether the identifier means the certificate of this issuer.
func (id *certID) is(c *pki.Certificate, issuer Issuer) bool {
	if !bytes.Equal(id.serial, c.RawSerial()) {
		return false
	}
	name, key, ok := hashesOf(id.hash, issuer)
	return ok && bytes.Equal(id.nameHash, name) && bytes.Equal(id.keyHash, key)
}

func hashesOf(oid pki.OID, issuer Issuer) (name, key []byte, ok bool) {
	h, ok := idHash(oid)
	if !ok {
		return nil, nil, false
	}
	h.Write(issuer.Name)
	name = h.Sum(nil)
	h.Reset()
	h.Write(keyBits(issuer.Key))
	return name, h.Sum(nil), true
}

func readCertID(in *cryptobyte.String) (certID, bool) {
	var id certID
	var sequence, algorithm, name, key, serial cryptobyte.String
	if !in.ReadASN1(&sequence, cbasn1.SEQUENCE) || !sequence.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&id.hash) || !nullOrNothing(algorithm) ||
		!sequence.ReadASN1(&name, cbasn1.OCTET_STRING) || !sequence.ReadASN1(&key, cbasn1.OCTET_STRING) ||
		!sequence.ReadASN1(&serial, cbasn1.INTEGER) || len(serial) == 0 || len(serial) > maxSerial || !sequence.Empty() {
		return id, false
	}
	id.nameHash, id.keyHash, id.serial = name, key, serial
	return id, true
}

// maxSerial is the length of a serial number; real ones have 20 octets.
const maxSerial = 64

// nullOrNothing are the parameters of every algorithm here.
func nullOrNothing(rest cryptobyte.String) bool {
	var null cryptobyte.String
	return rest.Empty() || rest.ReadASN1(&null, cbasn1.NULL) && null.Empty() && rest.Empty()
}

// readSignature reads what ends every signed structure: the algorithm and the
// signature.
func readSignature(in *cryptobyte.String) (algorithm pki.OID, signature []byte, ok bool) {
	var sequence cryptobyte.String
	ok = in.ReadASN1(&sequence, cbasn1.SEQUENCE) && sequence.ReadASN1ObjectIdentifier(&algorithm) && nullOrNothing(sequence) &&
		in.ReadASN1BitStringAsBytes(&signature)
	return algorithm, signature, ok
}

// checkSignature verifies what an authority or a responder signed. The error
// wraps ErrSignature.
func checkSignature(key *pki.PublicKey, algorithm pki.OID, signed, signature []byte) error {
	err := verify(key, algorithm, signed, signature)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

func verify(key *pki.PublicKey, algorithm pki.OID, signed, signature []byte) error {
	if err := key.Strong(); err != nil {
		return err
	}
	var larger crypto.Hash
	switch {
	case algorithm.Equal(pki.OIDSHA384WithRSA):
		larger = crypto.SHA384
	case algorithm.Equal(pki.OIDSHA512WithRSA):
		larger = crypto.SHA512
	case algorithm.Equal(pki.OIDSHA1WithRSA), algorithm.Equal(pki.OIDMD5WithRSA):
		return pki.ErrWeakAlgorithm
	}
	if larger != 0 {
		if key.RSA == nil {
			return pki.ErrBadSignature
		}
		h := larger.New()
		h.Write(signed)
		if rsa.VerifyPKCS1v15(key.RSA, larger, h.Sum(nil), signature) != nil {
			return pki.ErrBadSignature
		}
		return nil
	}
	family, ok := pki.FamilyOfSignature(algorithm)
	switch {
	case !ok:
		return fmt.Errorf("signature algorithm %v: %w", algorithm, pki.ErrAlgorithm)
	case family != key.Family:
		return fmt.Errorf("%v signature, %v key: %w", family, key.Family, pki.ErrBadSignature)
	}
	h := family.NewHash()
	h.Write(signed)
	return key.VerifyDigest(h.Sum(nil), signature)
}

package cms

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha512"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// signingCertificate returns the certificate that a signer names and means:
// found by issuer and serial number or by key identifier and, where several
// match, the one that the signed attributes identify by its hash. Only so many
// are tried: an issuer gives a serial number once.
func (sd *SignedData) signingCertificate(si *SignerInfo) (*pki.Certificate, error) {
	var wrong error
	var named *pki.Certificate
	tried := 0
	for _, c := range sd.Certificates {
		if !si.names(c) {
			continue
		}
		if tried++; tried > maxCandidates {
			break
		}
		if named == nil {
			named = c
		}
		err := si.means(c)
		if err == nil {
			return c, nil
		}
		if wrong == nil {
			wrong = err
		}
	}
	if named == nil {
		return nil, ErrNoCertificate
	}
	return named, wrong
}

// names reports whether the signer identifier is that of the certificate.
func (si *SignerInfo) names(c *pki.Certificate) bool {
	if si.SubjectKeyID != nil {
		return bytes.Equal(si.SubjectKeyID, c.SubjectKeyID)
	}
	return bytes.Equal(si.Issuer, c.RawIssuer) && bytes.Equal(si.Serial, c.RawSerial())
}

// means checks the hash of the certificate in the signed attributes. A signer
// without such an attribute (NCANode, plain Kalkan) means what it names.
func (si *SignerInfo) means(c *pki.Certificate) error {
	if si.signingCertificate != nil {
		if err := checkESSCertID(si.signingCertificate, c, false); err != nil {
			return err
		}
	}
	if si.signingCertificateV2 != nil {
		return checkESSCertID(si.signingCertificateV2, c, true)
	}
	return nil
}

// checkESSCertID compares the first ESSCertID (RFC 2634 section 5.4.1) or
// ESSCertIDv2 (RFC 5035 section 4) with the certificate.
func checkESSCertID(value []byte, c *pki.Certificate, v2 bool) error {
	malformed := fmt.Errorf("%w: malformed attribute", ErrSigningCertificate)
	in := cryptobyte.String(value)
	var signingCertificate, certs, id, certHash cryptobyte.String
	if !in.ReadASN1(&signingCertificate, tagSequence) || !in.Empty() ||
		!signingCertificate.ReadASN1(&certs, tagSequence) || !certs.ReadASN1(&id, tagSequence) {
		return malformed
	}
	hashOID := pki.OIDSHA1
	if v2 {
		hashOID = pki.OIDSHA256 // the default
		if id.PeekASN1Tag(tagSequence) {
			var raw cryptobyte.String
			if !id.ReadASN1Element(&raw, tagSequence) {
				return malformed
			}
			a, ok := readAlgorithm(raw)
			if !ok || !a.plain {
				return malformed
			}
			hashOID = a.oid
		}
	}
	if !id.ReadASN1(&certHash, tagOctets) {
		return malformed
	}
	want, ok := hashOf(hashOID, c.Raw)
	if !ok {
		return fmt.Errorf("%w: unknown hash %v", ErrSigningCertificate, hashOID)
	}
	if !bytes.Equal(certHash, want) {
		return ErrSigningCertificate
	}
	if id.Empty() {
		return nil
	}
	return checkIssuerSerial(id, c)
}

// checkIssuerSerial compares IssuerSerial: one GeneralName of the kind
// directoryName, then the serial number.
func checkIssuerSerial(id cryptobyte.String, c *pki.Certificate) error {
	var issuerSerial, names, directory, name, serial cryptobyte.String
	const directoryName = cbasn1.Tag(4) | 0xa0
	if !id.ReadASN1(&issuerSerial, tagSequence) || !id.Empty() ||
		!issuerSerial.ReadASN1(&names, tagSequence) ||
		!names.ReadASN1(&directory, directoryName) || !names.Empty() ||
		!directory.ReadASN1Element(&name, tagSequence) || !directory.Empty() ||
		!issuerSerial.ReadASN1(&serial, tagInteger) {
		return fmt.Errorf("%w: malformed issuerSerial", ErrSigningCertificate)
	}
	if !bytes.Equal(name, c.RawIssuer) || !bytes.Equal(serial, c.RawSerial()) {
		return fmt.Errorf("%w: issuerSerial", ErrSigningCertificate)
	}
	return nil
}

// hashOf hashes with any hash met in ESSCertID. SHA-1 is good enough here: the
// attribute tells certificates of one name and number apart, and its first
// version knows nothing else.
func hashOf(oid pki.OID, data []byte) ([]byte, bool) {
	if f, ok := pki.FamilyOfDigest(oid); ok {
		h := f.NewHash()
		h.Write(data)
		return h.Sum(nil), true
	}
	switch {
	case oid.Equal(pki.OIDSHA1):
		sum := sha1.Sum(data)
		return sum[:], true
	case oid.Equal(oidSHA384):
		sum := sha512.Sum384(data)
		return sum[:], true
	case oid.Equal(oidSHA512):
		sum := sha512.Sum512(data)
		return sum[:], true
	}
	return nil, false
}

// sortedSet returns the elements in the order of a DER SET OF.
func sortedSet(elements [][]byte) [][]byte {
	sorted := slices.Clone(elements)
	slices.SortStableFunc(sorted, bytes.Compare)
	return sorted
}

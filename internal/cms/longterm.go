package cms

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"tanba/internal/pki"
)

// oidOCSPResponse marks an OCSPResponse among the revocation information
// (RFC 5940 section 2.1).
var oidOCSPResponse = pki.OID{1, 3, 6, 1, 5, 5, 7, 16, 2}

// Validation is what a verifier needs in later years: certificates, and evidence
// that they were not revoked. Each is DER; a response is a whole OCSPResponse.
type Validation struct {
	Certificates [][]byte
	CRLs         [][]byte
	Responses    [][]byte
}

// AddValidation returns an existing SignedData with the validation data in its
// fields certificates and crls, which makes CAdES-LT of CAdES-T in the form of
// the original since 2026 (pki.md section 6). What is there already is not put
// in twice; all that is signed stays octet for octet.
func AddValidation(existing []byte, v Validation) ([]byte, error) {
	sd, err := Parse(existing)
	if err != nil {
		return nil, err
	}
	p := sd.parts
	p.certificates = slices.Clone(p.certificates)
	for _, c := range v.Certificates {
		if _, err := pki.ParseCertificate(c); err != nil {
			return nil, err
		}
		p.certificates = addOnce(p.certificates, c)
	}
	p.certificates = sortedSet(p.certificates)

	list := slices.Concat(sd.CRLs, sd.OtherRevocation)
	for _, crl := range v.CRLs {
		if len(crl) == 0 || crl[0] != tagSequence {
			return nil, fmt.Errorf("cms: CRL: %w", ErrNotSignedData)
		}
		list = addOnce(list, crl)
	}
	for _, response := range v.Responses {
		if len(response) == 0 || response[0] != tagSequence {
			return nil, fmt.Errorf("cms: OCSP response: %w", ErrNotSignedData)
		}
		list = addOnce(list, element(tagContext1, mustOID(oidOCSPResponse), response))
	}
	if len(p.certificates) > maxElements || len(list) > maxElements {
		return nil, fmt.Errorf("%w: validation data", ErrTooLarge)
	}
	if len(list) > 0 {
		p.crls = element(tagContext1, sortedSet(list)...)
	}
	if slices.ContainsFunc(list, func(e []byte) bool { return e[0] == tagContext1 }) {
		p.version = []byte{tagInteger, 1, 5} // RFC 5652 section 5.1
	}
	return p.encode(), nil
}

func addOnce(list [][]byte, e []byte) [][]byte {
	if slices.ContainsFunc(list, func(have []byte) bool { return bytes.Equal(have, e) }) {
		return list
	}
	return append(list, e)
}

// OCSPResponses are those among OtherRevocation, each a whole OCSPResponse.
func (sd *SignedData) OCSPResponses() [][]byte {
	var out [][]byte
	for _, raw := range sd.OtherRevocation {
		in := cryptobyte.String(raw)
		var other, response cryptobyte.String
		var kind pki.OID
		if in.ReadASN1(&other, tagContext1) && other.ReadASN1ObjectIdentifier(&kind) && kind.Equal(oidOCSPResponse) &&
			other.ReadASN1Element(&response, tagSequence) && other.Empty() {
			out = append(out, response)
		}
	}
	return out
}

// addUnsigned returns an existing SignedData in which the signer of that index
// carries one more unsigned attribute with one value. All that is signed stays
// octet for octet.
func addUnsigned(existing []byte, signer int, oid pki.OID, value []byte) ([]byte, error) {
	sd, err := Parse(existing)
	if err != nil {
		return nil, err
	}
	if signer < 0 || signer >= len(sd.Signers) {
		return nil, fmt.Errorf("%w: number %d of %d", ErrNoSigner, signer+1, len(sd.Signers))
	}
	attribute := element(tagSequence, mustOID(oid), element(tagSet, value))

	si := sd.Signers[signer]
	attributes := [][]byte{attribute}
	for _, a := range si.UnsignedAttributes {
		attributes = append(attributes, a.Raw)
	}
	fields, err := si.fields()
	if err != nil {
		return nil, err
	}
	if fields[len(fields)-1][0] == tagContext1 {
		fields = fields[:len(fields)-1]
	}
	fields = append(fields, element(tagContext1, sortedSet(attributes)...))

	p := sd.parts
	p.signers = slices.Clone(p.signers)
	p.signers[signer] = element(tagSequence, fields...)
	return p.encode(), nil
}

// fields are the elements of a SignerInfo.
func (si *SignerInfo) fields() ([][]byte, error) {
	in := cryptobyte.String(si.Raw)
	var content cryptobyte.String
	if !in.ReadASN1(&content, tagSequence) {
		return nil, fmt.Errorf("%w: SignerInfo", ErrNotSignedData)
	}
	return elements(content, 7)
}

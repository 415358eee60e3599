package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// interpretAttributes takes the signed attributes apart. What is wrong with
// them is an error of this signer, not of the container, so that the others can
// still be judged.
//
// Every type may occur once, with one value: RFC 5652 section 11 says so for
// the ones read here, and a second value anywhere would leave it to the reader
// which one counts.
func (si *SignerInfo) interpretAttributes() error {
	for i, a := range si.SignedAttributes {
		if len(a.Values) != 1 {
			return fmt.Errorf("%w: %v has %d values", ErrAttributes, a.Type, len(a.Values))
		}
		for _, b := range si.SignedAttributes[:i] {
			if a.Type.Equal(b.Type) {
				return fmt.Errorf("%w: %v is repeated", ErrAttributes, a.Type)
			}
		}
		value := cryptobyte.String(a.Values[0])
		ok := true
		switch {
		case a.Type.Equal(oidContentType):
			ok = value.ReadASN1ObjectIdentifier((*asn1.ObjectIdentifier)(&si.contentType)) && value.Empty()
		case a.Type.Equal(oidMessageDigest):
			var digest cryptobyte.String
			ok = value.ReadASN1(&digest, tagOctets) && value.Empty() && len(digest) > 0
			si.MessageDigest = digest
		case a.Type.Equal(oidSigningTime):
			si.SigningTime, ok = readTime(value)
		case a.Type.Equal(oidSigningCertificate):
			si.signingCertificate = a.Values[0]
		case a.Type.Equal(oidSigningCertificateV2):
			si.signingCertificateV2 = a.Values[0]
		case a.Type.Equal(oidAlgorithmProtection):
			si.protection = a.Values[0]
		}
		if !ok {
			return fmt.Errorf("%w: value of %v", ErrAttributes, a.Type)
		}
	}
	if si.contentType == nil {
		return fmt.Errorf("%w: no contentType", ErrAttributes)
	}
	if si.MessageDigest == nil {
		return fmt.Errorf("%w: no messageDigest", ErrAttributes)
	}
	return nil
}

// readTime reads the value of signingTime: UTCTime or GeneralizedTime in
// seconds with Z (RFC 5652 section 11.3).
func readTime(value cryptobyte.String) (time.Time, bool) {
	var text cryptobyte.String
	tag, format := cbasn1.Tag(tagUTCTime), utcTime
	if value.PeekASN1Tag(tagGenTime) {
		tag, format = tagGenTime, generalizedTime
	}
	if !value.ReadASN1(&text, tag) || !value.Empty() || len(text) != len(format) {
		return time.Time{}, false
	}
	t, err := time.Parse(format, string(text))
	if tag == tagUTCTime && t.Year() >= 2050 { // time.Parse pivots at 69, X.509 at 50
		t = t.AddDate(-100, 0, 0)
	}
	return t, err == nil
}

// signedOctets returns what the signature is over: the DER encoding of the SET
// of signed attributes (RFC 5652 section 5.4), whatever order they were sent
// in. All real data seen is in order already.
// There is no second try over the octets as sent: one signature, one reading.
func (si *SignerInfo) signedOctets() [][]byte {
	n := 0
	order := make([][]byte, 0, len(si.SignedAttributes)+1)
	for _, a := range si.SignedAttributes {
		order = append(order, a.Raw)
		n += len(a.Raw)
	}
	slices.SortFunc(order, bytes.Compare)
	return slices.Insert(order, 0, appendHeader(nil, tagSet, n))
}

// checkProtection compares CMSAlgorithmProtection (RFC 6211) with the
// algorithms of the SignerInfo, by identifier: NCALayer leaves the NULL of the
// signature algorithm out there.
func (si *SignerInfo) checkProtection() error {
	if si.protection == nil {
		return nil
	}
	bad := fmt.Errorf("%w: CMSAlgorithmProtection", ErrAttributes)
	in := cryptobyte.String(si.protection)
	var sequence, digestRaw, signatureContent cryptobyte.String
	if !in.ReadASN1(&sequence, tagSequence) || !in.Empty() ||
		!sequence.ReadASN1Element(&digestRaw, tagSequence) ||
		!sequence.ReadASN1(&signatureContent, tagContext1) || !sequence.Empty() {
		return bad
	}
	digest, ok := readAlgorithm(digestRaw)
	signature, ok2 := readAlgorithmContent(signatureContent)
	if !ok || !ok2 || !digest.oid.Equal(si.DigestAlgorithm) || !signature.oid.Equal(si.SignatureAlgorithm) {
		return bad
	}
	return nil
}

// looksLikeAttributes reports whether content could be the SET of signed
// attributes of somebody else's SignerInfo. Without the attributes the same
// signature would pass as one over that content.
func looksLikeAttributes(content []byte) bool {
	in := cryptobyte.String(content)
	var set cryptobyte.String
	if !in.ReadASN1(&set, tagSet) || !in.Empty() {
		return false
	}
	attributes, err := readAttributes(set)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(attributes, func(a Attribute) bool { return a.Type.Equal(oidMessageDigest) })
}

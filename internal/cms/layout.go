package cms

import (
	"bytes"
	"encoding/asn1"
	"slices"
	"time"
)

// A layout is everything of a SignedData that does not depend on the content:
// all octets but the outer lengths, with holes for the time, the digest and the
// signature. It is never changed after it has been made.
type layout struct {
	signed []byte // SignedData version and digestAlgorithms
	encap  []byte // eContentType
	certs  []byte // [0] certificates
	info   []byte // SignerInfo up to and with the header of the signature OCTET STRING

	attrs, attrsEnd int // signedAttrs within info
	time, timeLen   int
	digest          int // the hole for messageDigest
	digestLen       int
	signatureLen    int
}

// Wire forms of the signing time (RFC 5652 section 11.3)
const (
	utcTime         = "060102150405Z"
	generalizedTime = "20060102150405Z"
)

func timeForm(t time.Time) (tag byte, format string) {
	if y := t.Year(); y < 1950 || y >= 2050 {
		return tagGenTime, generalizedTime
	}
	return tagUTCTime, utcTime
}

// layout for a digest of so many octets, a content type and a form of time.
func (s *Signer) layout(contentType []byte, timeTag byte, timeLen, digestLen int) *layout {
	version := byte(1)
	if !bytes.Equal(contentType, s.dataType) {
		version = 3 // RFC 5652 section 5.1
	}
	l := &layout{
		signed:       append([]byte{tagInteger, 1, version}, element(tagSet, s.family.DigestAlgorithm())...),
		encap:        contentType,
		certs:        s.certificates,
		timeLen:      timeLen,
		digestLen:    digestLen,
		signatureLen: s.signatureLen,
	}
	attribute := func(oid asn1.ObjectIdentifier, value []byte) []byte {
		return element(tagSequence, mustOID(oid), element(tagSet, value))
	}
	signingTime := attribute(oidSigningTime, element(timeTag, make([]byte, timeLen)))
	messageDigest := attribute(oidMessageDigest, element(tagOctets, make([]byte, digestLen)))
	// ESSCertIDv2 with the default hashAlgorithm SHA-256 and no issuerSerial, as
	// the original writes it whatever the family of the key.
	hash := s.certificate.Fingerprint()
	essCertID := element(tagSequence, element(tagOctets, hash[:]))
	attributes := [][]byte{
		attribute(oidContentType, contentType),
		signingTime,
		attribute(oidSigningCertificateV2, element(tagSequence, element(tagSequence, essCertID))),
		messageDigest,
	}
	// The order does not depend on what comes into the holes: the attribute types
	// and lengths before them differ.
	slices.SortFunc(attributes, bytes.Compare)

	info := append([]byte{tagInteger, 1, 1}, s.sid...)
	info = append(info, s.family.DigestAlgorithm()...)
	l.attrs = len(info)
	set := 0
	for _, a := range attributes {
		set += len(a)
	}
	info = appendHeader(info, tagContext0, set)
	for _, a := range attributes {
		info = append(info, a...)
		switch &a[0] {
		case &signingTime[0]:
			l.time = len(info) - timeLen
		case &messageDigest[0]:
			l.digest = len(info) - digestLen
		}
	}
	l.attrsEnd = len(info)
	info = append(info, s.family.SignatureAlgorithm()...)
	info = appendHeader(info, tagOctets, s.signatureLen)

	l.info = append(appendHeader(nil, tagSequence, len(info)+s.signatureLen), info...)
	shift := len(l.info) - len(info)
	l.attrs, l.attrsEnd, l.time, l.digest = l.attrs+shift, l.attrsEnd+shift, l.time+shift, l.digest+shift
	return l
}

// sizes of the ContentInfo and of what it holds; content < 0 means detached.
func (l *layout) sizes(content int) (total, outer, signedData, encap, octets int) {
	encap = len(l.encap)
	if content >= 0 {
		octets = fullLen(content)
		encap += fullLen(octets)
	}
	signedData = len(l.signed) + fullLen(encap) + len(l.certs) + fullLen(len(l.info)+l.signatureLen)
	outer = len(signedDataType) + fullLen(fullLen(signedData))
	return fullLen(outer), outer, signedData, encap, octets
}

var signedDataType = mustOID(oidSignedData)

// appendFront appends everything before the SignerInfo.
func (l *layout) appendFront(dst, content []byte, detached bool) []byte {
	n := len(content)
	if detached {
		n = -1
	}
	total, _, _, _, _ := l.sizes(n)
	dst = l.appendHead(slices.Grow(dst, total), n)
	if !detached {
		dst = append(dst, content...)
	}
	dst = append(dst, l.certs...)
	return appendHeader(dst, tagSet, len(l.info)+l.signatureLen)
}

// serves reports whether l serves a content type, time form and digest length.
func (l *layout) serves(contentType asn1.ObjectIdentifier, timeLen, digestLen int) bool {
	return l.timeLen == timeLen && l.digestLen == digestLen && (contentType == nil || contentType.Equal(oidData))
}

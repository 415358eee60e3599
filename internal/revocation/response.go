package revocation

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// Limits of an OCSP response. A real one takes 1.3 KB.
const (
	maxResponse     = 1 << 20
	maxSingles      = 256
	maxCertificates = 16
)

// Response is a parsed OCSP response. Nothing of it is checked but its form,
// until Verify.
type Response struct {
	Raw        []byte // the OCSPResponse
	ProducedAt time.Time
	// Nonce is the value of the extension, nil if absent.
	Nonce        []byte
	Certificates []*pki.Certificate // of the responder

	signed       []byte // tbsResponseData
	algorithm    pki.OID
	signature    []byte
	responder    []byte // encoded Name, or nil
	responderKey []byte // SHA-1 of the key, or nil
	singles      []single
}

// single is the answer about one certificate.
type single struct {
	id                     certID
	state                  State
	revokedAt              time.Time
	reason                 Reason
	invalidSince           time.Time
	thisUpdate, nextUpdate time.Time
}

// ParseResponse reads a DER OCSPResponse and nothing after it. The error wraps
// ErrMalformed, ErrTooLarge or ErrRefused.
func ParseResponse(der []byte) (*Response, error) {
	if len(der) > maxResponse {
		return nil, fmt.Errorf("%w: %d octets", ErrTooLarge, len(der))
	}
	der = bytes.Clone(der)
	in := cryptobyte.String(der)
	var response, explicit, body, octets cryptobyte.String
	var status int
	var kind pki.OID
	if !in.ReadASN1(&response, cbasn1.SEQUENCE) || !in.Empty() || !response.ReadASN1Enum(&status) {
		return nil, malformed("OCSPResponse")
	}
	if status != 0 {
		return nil, &RefusedError{Status: status}
	}
	if !response.ReadASN1(&explicit, cbasn1.Tag(0).ContextSpecific().Constructed()) || !response.Empty() ||
		!explicit.ReadASN1(&body, cbasn1.SEQUENCE) || !explicit.Empty() ||
		!body.ReadASN1ObjectIdentifier(&kind) || !body.ReadASN1(&octets, cbasn1.OCTET_STRING) || !body.Empty() {
		return nil, malformed("ResponseBytes")
	}
	if !kind.Equal(oidBasic) {
		return nil, malformed("response of type " + kind.String())
	}
	r := &Response{Raw: der}
	return r, r.readBasic(octets)
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

func (r *Response) readBasic(in cryptobyte.String) error {
	var basic, data cryptobyte.String
	var ok bool
	if !in.ReadASN1(&basic, cbasn1.SEQUENCE) || !in.Empty() || !basic.ReadASN1Element(&data, cbasn1.SEQUENCE) {
		return malformed("BasicOCSPResponse")
	}
	r.signed = data
	if r.algorithm, r.signature, ok = readSignature(&basic); !ok {
		return malformed("signature")
	}
	var explicit, list cryptobyte.String
	var has bool
	if !basic.ReadOptionalASN1(&explicit, &has, cbasn1.Tag(0).ContextSpecific().Constructed()) || !basic.Empty() {
		return malformed("certs")
	}
	if has && (!explicit.ReadASN1(&list, cbasn1.SEQUENCE) || !explicit.Empty()) {
		return malformed("certs")
	}
	for n := 0; !list.Empty(); n++ {
		var raw cryptobyte.String
		if n == maxCertificates || !list.ReadASN1Element(&raw, cbasn1.SEQUENCE) {
			return malformed("certs")
		}
		// One that pki does not read signed nothing for us.
		if c, err := pki.ParseCertificate(raw); err == nil {
			r.Certificates = append(r.Certificates, c)
		}
	}
	return r.readData(data)
}

func (r *Response) readData(in cryptobyte.String) error {
	context := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }
	var data, version, responder, list, extensions cryptobyte.String
	var has bool
	if !in.ReadASN1(&data, cbasn1.SEQUENCE) || !data.ReadOptionalASN1(&version, &has, context(0)) {
		return malformed("ResponseData")
	}
	if v := 0; has && (!version.ReadASN1Integer(&v) || v != 0 || !version.Empty()) {
		return malformed("version")
	}
	switch {
	case data.PeekASN1Tag(context(1)):
		var name cryptobyte.String
		if !data.ReadASN1(&responder, context(1)) || !responder.ReadASN1Element(&name, cbasn1.SEQUENCE) || !responder.Empty() {
			return malformed("responderID")
		}
		r.responder = name
	case data.PeekASN1Tag(context(2)):
		var hash cryptobyte.String
		if !data.ReadASN1(&responder, context(2)) || !responder.ReadASN1(&hash, cbasn1.OCTET_STRING) || !responder.Empty() {
			return malformed("responderID")
		}
		r.responderKey = hash
	default:
		return malformed("responderID")
	}
	if !readTime(&data, &r.ProducedAt) || !data.ReadASN1(&list, cbasn1.SEQUENCE) {
		return malformed("ResponseData")
	}
	for !list.Empty() {
		if len(r.singles) == maxSingles {
			return fmt.Errorf("%w: more than %d answers", ErrTooLarge, maxSingles)
		}
		s, ok := readSingle(&list)
		if !ok {
			return malformed("SingleResponse")
		}
		r.singles = append(r.singles, s)
	}
	if !data.ReadOptionalASN1(&extensions, &has, context(1)) || !data.Empty() {
		return malformed("responseExtensions")
	}
	if !has {
		return nil
	}
	return readExtensions(extensions, func(oid pki.OID, value []byte) (known, ok bool) {
		if oid.Equal(oidNonce) {
			ok = r.Nonce == nil && len(value) > 0
			r.Nonce = value
			return true, ok
		}
		return false, true
	})
}

func readSingle(in *cryptobyte.String) (single, bool) {
	s := single{reason: None}
	var sequence, status, next, extensions cryptobyte.String
	var tag cbasn1.Tag
	var has bool
	var ok bool
	if !in.ReadASN1(&sequence, cbasn1.SEQUENCE) {
		return s, false
	}
	if s.id, ok = readCertID(&sequence); !ok || !sequence.ReadAnyASN1(&status, &tag) {
		return s, false
	}
	switch tag {
	case cbasn1.Tag(0).ContextSpecific():
		s.state = Good
		ok = status.Empty()
	case cbasn1.Tag(1).ContextSpecific().Constructed():
		s.state = Revoked
		ok = readRevokedInfo(status, &s)
	case cbasn1.Tag(2).ContextSpecific():
		s.state = Unknown
		ok = status.Empty()
	default:
		ok = false
	}
	if !ok || !readTime(&sequence, &s.thisUpdate) ||
		!sequence.ReadOptionalASN1(&next, &has, cbasn1.Tag(0).ContextSpecific().Constructed()) {
		return s, false
	}
	if has && (!readTime(&next, &s.nextUpdate) || !next.Empty()) {
		return s, false
	}
	if !sequence.ReadOptionalASN1(&extensions, &has, cbasn1.Tag(1).ContextSpecific().Constructed()) || !sequence.Empty() {
		return s, false
	}
	if !has {
		return s, true
	}
	err := readExtensions(extensions, func(oid pki.OID, value []byte) (known, ok bool) {
		if oid.Equal(oidInvalidityDate) {
			in := cryptobyte.String(value)
			return true, readTime(&in, &s.invalidSince) && in.Empty()
		}
		return false, true
	})
	return s, err == nil
}

func readRevokedInfo(in cryptobyte.String, s *single) bool {
	var reason cryptobyte.String
	var has bool
	if !readTime(&in, &s.revokedAt) || !in.ReadOptionalASN1(&reason, &has, cbasn1.Tag(0).ContextSpecific().Constructed()) || !in.Empty() {
		return false
	}
	if !has {
		return true
	}
	var n int
	if !reason.ReadASN1Enum(&n) || !reason.Empty() {
		return false
	}
	s.reason = Reason(n)
	return s.reason.Known()
}

// readExtensions calls known for each; a critical one that it does not know is
// an error.
func readExtensions(in cryptobyte.String, read func(oid pki.OID, value []byte) (known, ok bool)) error {
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) || !in.Empty() {
		return malformed("extensions")
	}
	for n := 0; !list.Empty(); n++ {
		var extension, value cryptobyte.String
		var oid pki.OID
		var critical bool
		if n == 32 || !list.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			extension.PeekASN1Tag(cbasn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
			!extension.ReadASN1(&value, cbasn1.OCTET_STRING) || !extension.Empty() {
			return malformed("extensions")
		}
		known, ok := read(oid, value)
		if !ok {
			return malformed("extension " + oid.String())
		}
		if critical && !known {
			return fmt.Errorf("%w: critical extension %v", ErrScope, oid)
		}
	}
	return nil
}

// readTime reads GeneralizedTime, or UTCTime where a CRL has it, in UTC with
// seconds.
func readTime(in *cryptobyte.String, out *time.Time) bool {
	var value cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadAnyASN1(&value, &tag) {
		return false
	}
	var err error
	switch {
	case tag == cbasn1.GeneralizedTime && len(value) == len("20060102150405Z"):
		*out, err = time.Parse("20060102150405Z", string(value))
	case tag == cbasn1.UTCTime && len(value) == len("060102150405Z"):
		*out, err = time.Parse("060102150405Z", string(value))
		if err == nil && out.Year() >= 2050 { // time.Parse pivots at 69, X.509 at 50
			*out = out.AddDate(-100, 0, 0)
		}
	default:
		return false
	}
	return err == nil
}

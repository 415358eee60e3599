package timestamp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// PKIStatus (RFC 3161 section 2.4.2).
const (
	granted         = 0
	grantedWithMods = 1
)

// statusNames are the texts of PKIStatus.
var statusNames = [...]string{
	"granted", "granted with modifications", "rejection", "waiting",
	"revocation warning", "revocation notification",
}

// failureNames are the bits of PKIFailureInfo that RFC 3161 knows.
var failureNames = map[int]string{
	0:  "badAlg: algorithm not supported",
	2:  "badRequest: request not supported",
	5:  "badDataFormat: request cannot be read",
	14: "timeNotAvailable: time source not available",
	15: "unacceptedPolicy: policy not supported",
	16: "unacceptedExtension: extension not supported",
	17: "addInfoNotAvailable: additional information not available",
	25: "systemFailure: system failure",
}

const (
	bitTimeNotAvailable = 14
	bitSystemFailure    = 25
)

// RefusedError is what the authority says instead of a token. It wraps
// ErrRefused.
type RefusedError struct {
	Status  int
	Text    string // in the authority's words, cleaned of control characters
	Failure []int  // bits of PKIFailureInfo
}

func (e *RefusedError) Error() string {
	var b strings.Builder
	b.WriteString(ErrRefused.Error())
	b.WriteString(": ")
	if e.Status >= 0 && e.Status < len(statusNames) {
		b.WriteString(statusNames[e.Status])
	} else {
		fmt.Fprintf(&b, "status %d", e.Status)
	}
	for _, bit := range e.Failure {
		name, ok := failureNames[bit]
		if !ok {
			name = fmt.Sprintf("failure %d", bit)
		}
		b.WriteString(", ")
		b.WriteString(name)
	}
	if e.Text != "" {
		fmt.Fprintf(&b, ": %q", e.Text)
	}
	return b.String()
}

func (e *RefusedError) Unwrap() error { return ErrRefused }

// temporary reports whether the same request may be granted in a moment.
func (e *RefusedError) temporary() bool {
	for _, bit := range e.Failure {
		if bit == bitTimeNotAvailable || bit == bitSystemFailure {
			return true
		}
	}
	return false
}

// ParseResponse reads a TimeStampResp and returns the token in it. The error
// wraps ErrMalformed, or is a *RefusedError.
func ParseResponse(der []byte) (token []byte, err error) {
	in := cryptobyte.String(der)
	var response, info, texts, failure cryptobyte.String
	refused := &RefusedError{}
	var hasTexts bool
	if !in.ReadASN1(&response, cbasn1.SEQUENCE) || !in.Empty() ||
		!response.ReadASN1(&info, cbasn1.SEQUENCE) ||
		!info.ReadASN1Integer(&refused.Status) ||
		!info.ReadOptionalASN1(&texts, &hasTexts, cbasn1.SEQUENCE) {
		return nil, fmt.Errorf("%w: response", ErrMalformed)
	}
	if refused.Text, err = readTexts(texts); err != nil {
		return nil, err
	}
	if !info.Empty() {
		if !info.ReadASN1(&failure, cbasn1.BIT_STRING) || !info.Empty() {
			return nil, fmt.Errorf("%w: PKIStatusInfo", ErrMalformed)
		}
		if refused.Failure, err = readBits(failure); err != nil {
			return nil, err
		}
	}
	if refused.Status != granted && refused.Status != grantedWithMods {
		return nil, refused
	}
	if !response.ReadASN1Element((*cryptobyte.String)(&token), cbasn1.SEQUENCE) || !response.Empty() {
		return nil, fmt.Errorf("%w: granted, but no token", ErrMalformed)
	}
	return token, nil
}

// readTexts joins PKIFreeText and makes it fit for a log.
func readTexts(in cryptobyte.String) (string, error) {
	const limit = 500
	var b strings.Builder
	for !in.Empty() {
		var text cryptobyte.String
		if !in.ReadASN1(&text, cbasn1.UTF8String) || !utf8.Valid(text) {
			return "", fmt.Errorf("%w: PKIFreeText", ErrMalformed)
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		for _, r := range string(text) {
			switch {
			case b.Len() >= limit:
			case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
				b.WriteByte(' ')
			default:
				b.WriteRune(r)
			}
		}
	}
	return b.String(), nil
}

// readBits lists the bits of a BIT STRING that are set.
func readBits(content cryptobyte.String) ([]int, error) {
	var unused uint8
	if !content.ReadUint8(&unused) || unused > 7 || len(content) > 8 || len(content) == 0 && unused != 0 {
		return nil, fmt.Errorf("%w: PKIFailureInfo", ErrMalformed)
	}
	var set []int
	for i, octet := range content {
		for bit := range 8 {
			if octet&(0x80>>bit) != 0 {
				set = append(set, 8*i+bit)
			}
		}
	}
	return set, nil
}

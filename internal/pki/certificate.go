package pki

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits on one certificate. The largest real one takes 2 KiB.
const (
	maxCertificate = 64 << 10
	maxSerial      = 64
	maxExtensions  = 64
)

// Certificate is a parsed X.509 certificate. The slices share memory with each
// other; nobody may change them.
type Certificate struct {
	Raw, RawTBS           []byte
	RawSubject, RawIssuer []byte

	Serial              []byte // big-endian, no leading zeros; see RawSerial
	Subject, Issuer     Name
	NotBefore, NotAfter time.Time
	PublicKey           *PublicKey

	IsCA        bool
	PathLen     int // -1: no limit
	KeyUsage    KeyUsage
	HasKeyUsage bool
	ExtKeyUsage []string // dotted

	SubjectKeyID   []byte
	AuthorityKeyID []byte
	Policies       []string // dotted

	OCSP, IssuerURLs []string // authority information access
	CRLs, DeltaCRLs  []string
	Emails           []string // subjectAltName rfc822Name
	StoreOID         string   // 1.2.398.3.3.5: the kind of store the key was issued into
	NoOCSPCheck      bool

	// SignatureFamily is that of the issuer's key; 0 when the algorithm is not
	// accepted, and then CheckSignatureFrom says why.
	SignatureFamily Family
	Signature       []byte

	signatureHash crypto.Hash // RSA only
	signatureErr  error
	rawSerial     []byte
	constraints   []string // what a path must not contain, see Pool
}

// ParseCertificate reads one DER certificate and nothing after it. The error
// wraps ErrMalformed, or ErrAlgorithm when the key is of a type this package
// does not know. Nothing is verified here.
func ParseCertificate(der []byte) (*Certificate, error) {
	if len(der) > maxCertificate {
		return nil, fmt.Errorf("certificate of %d octets: %w", len(der), ErrMalformed)
	}
	raw := bytes.Clone(der)
	in := cryptobyte.String(raw)
	var outer, tbs, algorithm cryptobyte.String
	c := &Certificate{Raw: raw, PathLen: -1}
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() ||
		!outer.ReadASN1Element(&tbs, cbasn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) ||
		!outer.ReadASN1BitStringAsBytes(&c.Signature) || !outer.Empty() {
		return nil, fmt.Errorf("certificate: %w", ErrMalformed)
	}
	c.RawTBS = tbs
	if err := c.parseTBS(tbs, algorithm); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return c, nil
}

// ParseCertificatePEM reads one certificate between BEGIN and END lines, or
// bare DER.
func ParseCertificatePEM(data []byte) (*Certificate, error) {
	if len(data) > 2*maxCertificate {
		return nil, fmt.Errorf("certificate of %d octets: %w", len(data), ErrMalformed)
	}
	if len(data) > 0 && data[0] == 0x30 {
		return ParseCertificate(data)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
		return nil, fmt.Errorf("certificate: no PEM block: %w", ErrMalformed)
	}
	return ParseCertificate(block.Bytes)
}

func (c *Certificate) parseTBS(element, outerAlgorithm cryptobyte.String) error {
	var tbs, algorithm, issuer, validity, subject, spki, extensions cryptobyte.String
	var hasExtensions bool
	version := 0
	versionTag := cbasn1.Tag(0).ContextSpecific().Constructed()
	if !element.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.ReadOptionalASN1Integer(&version, versionTag, 0) || version < 0 || version > 2 {
		return fmt.Errorf("version: %w", ErrMalformed)
	}
	if !tbs.ReadASN1((*cryptobyte.String)(&c.rawSerial), cbasn1.INTEGER) ||
		len(c.rawSerial) > maxSerial || !minimalInteger(c.rawSerial) {
		return fmt.Errorf("serial number: %w", ErrMalformed)
	}
	c.Serial = bytes.TrimLeft(c.rawSerial, "\x00")
	if !tbs.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) || !bytes.Equal(algorithm, outerAlgorithm) {
		return fmt.Errorf("signature algorithm: %w", ErrMalformed)
	}
	if err := c.parseSignatureAlgorithm(algorithm); err != nil {
		return err
	}
	if !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
		!tbs.ReadASN1(&validity, cbasn1.SEQUENCE) ||
		!tbs.ReadASN1Element(&subject, cbasn1.SEQUENCE) ||
		!tbs.ReadASN1Element(&spki, cbasn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific()) || // issuerUniqueID
		!tbs.SkipOptionalASN1(cbasn1.Tag(2).ContextSpecific()) || // subjectUniqueID
		!tbs.ReadOptionalASN1(&extensions, &hasExtensions, cbasn1.Tag(3).ContextSpecific().Constructed()) ||
		!tbs.Empty() {
		return ErrMalformed
	}
	c.RawIssuer, c.RawSubject = issuer, subject
	var err error
	if c.Issuer, err = ParseName(issuer); err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	if c.Subject, err = ParseName(subject); err != nil {
		return fmt.Errorf("subject: %w", err)
	}
	if !readTime(&validity, &c.NotBefore) || !readTime(&validity, &c.NotAfter) || !validity.Empty() {
		return fmt.Errorf("validity: %w", ErrMalformed)
	}
	if c.PublicKey, err = ParsePublicKey(spki); err != nil {
		return err
	}
	if !hasExtensions {
		return nil
	}
	if version != 2 {
		return fmt.Errorf("extensions in version %d: %w", version+1, ErrMalformed)
	}
	return c.parseExtensions(extensions)
}

func (c *Certificate) parseSignatureAlgorithm(element cryptobyte.String) error {
	var algorithm cryptobyte.String
	var oid OID
	if !element.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return fmt.Errorf("signature algorithm: %w", ErrMalformed)
	}
	c.SignatureFamily, c.signatureHash, c.signatureErr = certificateSignature(oid)
	if c.signatureErr != nil {
		c.signatureErr = fmt.Errorf("signature algorithm %v: %w", oid, c.signatureErr)
		c.SignatureFamily = 0
		return nil
	}
	if !algorithm.Empty() {
		var null cryptobyte.String
		if !algorithm.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !algorithm.Empty() {
			return fmt.Errorf("signature parameters: %w", ErrMalformed)
		}
	}
	return nil
}

// readTime reads UTCTime or GeneralizedTime in the only forms RFC 5280 allows:
// with seconds, in UTC.
func readTime(in *cryptobyte.String, out *time.Time) bool {
	var value cryptobyte.String
	var tag cbasn1.Tag
	peek := *in
	if !peek.ReadAnyASN1(&value, &tag) || len(value) == 0 || value[len(value)-1] != 'Z' {
		return false
	}
	switch tag {
	case cbasn1.UTCTime:
		return len(value) == len("060102150405Z") && in.ReadASN1UTCTime(out)
	case cbasn1.GeneralizedTime:
		return len(value) == len("20060102150405Z") && in.ReadASN1GeneralizedTime(out)
	}
	return false
}

// CheckSignatureFrom verifies the certificate's signature with the issuer's
// key. It looks at nothing else: names, times and rights are the Pool's.
func (c *Certificate) CheckSignatureFrom(issuer *Certificate) error {
	return c.CheckSignature(issuer.PublicKey)
}

// CheckSignature is CheckSignatureFrom with a bare key. The error wraps
// ErrBadSignature, ErrAlgorithm or ErrWeakAlgorithm.
func (c *Certificate) CheckSignature(issuer *PublicKey) error {
	if c.signatureErr != nil {
		return c.signatureErr
	}
	if issuer.Family != c.SignatureFamily {
		return fmt.Errorf("%v signature, %v key: %w", c.SignatureFamily, issuer.Family, ErrBadSignature)
	}
	newHash := c.SignatureFamily.NewHash
	if c.SignatureFamily == RSA {
		newHash = c.signatureHash.New
	}
	h := newHash()
	h.Write(c.RawTBS)
	return issuer.verify(c.signatureHash, h.Sum(nil), c.Signature)
}

// ValidAt checks the period of validity: nil, or an error wrapping
// ErrNotYetValid or ErrExpired. Both ends are part of the period.
func (c *Certificate) ValidAt(t time.Time) error {
	return validAt(t, c.NotBefore, c.NotAfter)
}

// validAt takes a zero time for "not known".
func validAt(t, from, to time.Time) error {
	if !from.IsZero() && t.Before(from) {
		return fmt.Errorf("valid from %s: %w", from.Format(time.RFC3339), ErrNotYetValid)
	}
	if !to.IsZero() && t.Truncate(time.Second).After(to) {
		return fmt.Errorf("valid until %s: %w", to.Format(time.RFC3339), ErrExpired)
	}
	return nil
}

// RawSerial is the content of the DER INTEGER, sign octet included.
func (c *Certificate) RawSerial() []byte { return c.rawSerial }

// SerialHex is the serial number as KeyInfo shows it: lower case, no leading
// zeros.
func (c *Certificate) SerialHex() string {
	text := strings.TrimLeft(hex.EncodeToString(c.Serial), "0")
	if text == "" {
		return "0"
	}
	return text
}

// Fingerprint is the SHA-256 of the certificate.
func (c *Certificate) Fingerprint() [32]byte { return sha256.Sum256(c.Raw) }

// Equal reports whether both are the same certificate, octet for octet.
func (c *Certificate) Equal(o *Certificate) bool {
	return c != nil && o != nil && bytes.Equal(c.Raw, o.Raw)
}

// PEM writes the certificate in lines of 64 columns, with a final line feed.
func (c *Certificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// SelfIssued reports whether subject and issuer are the same name.
func (c *Certificate) SelfIssued() bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// HasUsage reports whether an extended key usage, dotted, is named.
func (c *Certificate) HasUsage(oid string) bool { return slices.Contains(c.ExtKeyUsage, oid) }

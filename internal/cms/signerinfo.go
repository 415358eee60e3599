package cms

import (
	"encoding/asn1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"tanba/internal/pki"
)

// SignerInfo is one signature as it is written; nothing of it is checked but
// its form.
type SignerInfo struct {
	Raw     []byte
	Version int // 1 with Issuer and Serial, 3 with SubjectKeyID
	// Issuer is the encoded Name, Serial the content octets of the INTEGER.
	Issuer, Serial []byte
	SubjectKeyID   []byte

	DigestAlgorithm    pki.OID
	SignatureAlgorithm pki.OID
	Signature          []byte

	// SignedAttributes is nil if the signature is directly over the content.
	SignedAttributes   []Attribute
	UnsignedAttributes []Attribute

	// MessageDigest and SigningTime repeat the attributes of that name. The time
	// is what the signer says; zero if it says none.
	MessageDigest []byte
	SigningTime   time.Time

	contentType     pki.OID
	plainAlgorithms bool  // no parameters but NULL
	problem         error // what is wrong with the signed attributes
	// Values of the attributes of that name, nil if absent.
	signingCertificate, signingCertificateV2, protection []byte
}

// Attribute is one attribute; Values are whole elements.
type Attribute struct {
	Raw    []byte
	Type   pki.OID
	Values [][]byte
}

// TimestampToken returns the first RFC 3161 token over the signature value
// (CAdES-T) as it is written, nil if there is none. Nothing of it is checked.
func (si *SignerInfo) TimestampToken() []byte {
	for _, a := range si.UnsignedAttributes {
		if a.Type.Equal(oidTimestampToken) && len(a.Values) > 0 {
			return a.Values[0]
		}
	}
	return nil
}

// algorithm is an AlgorithmIdentifier of which the parameters are absent or
// NULL, as all algorithms here have it. The Java library of the national CA
// writes NULL, its C library sometimes nothing.
type algorithm struct {
	oid   pki.OID
	plain bool // parameters absent or NULL
}

func readAlgorithm(raw []byte) (algorithm, bool) {
	in := cryptobyte.String(raw)
	var sequence cryptobyte.String
	if !in.ReadASN1(&sequence, tagSequence) || !in.Empty() {
		return algorithm{}, false
	}
	return readAlgorithmContent(sequence)
}

func readAlgorithmContent(sequence cryptobyte.String) (algorithm, bool) {
	var a algorithm
	if !sequence.ReadASN1ObjectIdentifier((*asn1.ObjectIdentifier)(&a.oid)) {
		return a, false
	}
	if sequence.Empty() {
		a.plain = true
		return a, true
	}
	var parameters cryptobyte.String
	if sequence.PeekASN1Tag(tagNull) {
		a.plain = sequence.ReadASN1(&parameters, tagNull) && parameters.Empty()
	} else if !sequence.ReadAnyASN1Element(&parameters, nil) {
		return a, false
	}
	return a, sequence.Empty()
}

func parseSignerInfo(raw []byte) (*SignerInfo, error) {
	malformed := func(what string) error { return fmt.Errorf("%w: SignerInfo: %s", ErrNotSignedData, what) }
	si := &SignerInfo{Raw: raw}
	in := cryptobyte.String(raw)
	var sequence cryptobyte.String
	if !in.ReadASN1(&sequence, tagSequence) || !in.Empty() || !sequence.ReadASN1Integer(&si.Version) {
		return nil, malformed("version")
	}
	if err := si.readSID(&sequence); err != nil {
		return nil, err
	}
	var digestAlgorithm, signatureAlgorithm cryptobyte.String
	if !sequence.ReadASN1Element(&digestAlgorithm, tagSequence) {
		return nil, malformed("digestAlgorithm")
	}
	digest, ok := readAlgorithm(digestAlgorithm)
	if !ok {
		return nil, malformed("digestAlgorithm")
	}
	si.DigestAlgorithm = digest.oid

	if sequence.PeekASN1Tag(tagContext0) {
		var set cryptobyte.String
		if !sequence.ReadASN1(&set, tagContext0) {
			return nil, malformed("signedAttrs")
		}
		var err error
		if si.SignedAttributes, err = readAttributes(set); err != nil {
			return nil, fmt.Errorf("%w: signedAttrs", err)
		}
	}
	var signature cryptobyte.String
	if !sequence.ReadASN1Element(&signatureAlgorithm, tagSequence) {
		return nil, malformed("signatureAlgorithm")
	}
	alg, ok := readAlgorithm(signatureAlgorithm)
	if !ok {
		return nil, malformed("signatureAlgorithm")
	}
	si.SignatureAlgorithm = alg.oid
	si.plainAlgorithms = alg.plain && digest.plain
	if !sequence.ReadASN1(&signature, tagOctets) {
		return nil, malformed("signature")
	}
	si.Signature = signature

	if sequence.PeekASN1Tag(tagContext1) {
		var set cryptobyte.String
		if !sequence.ReadASN1(&set, tagContext1) {
			return nil, malformed("unsignedAttrs")
		}
		var err error
		if si.UnsignedAttributes, err = readAttributes(set); err != nil {
			return nil, fmt.Errorf("%w: unsignedAttrs", err)
		}
	}
	if !sequence.Empty() {
		return nil, malformed("trailing data")
	}
	if si.SignedAttributes != nil {
		si.problem = si.interpretAttributes()
	}
	return si, nil
}

// readSID reads the signer identifier and holds the version against it
// (RFC 5652 section 5.3).
func (si *SignerInfo) readSID(sequence *cryptobyte.String) error {
	var id cryptobyte.String
	switch {
	case si.Version == 1 && sequence.PeekASN1Tag(tagSequence):
		var issuer, serial cryptobyte.String
		if !sequence.ReadASN1(&id, tagSequence) || !id.ReadASN1Element(&issuer, tagSequence) ||
			!id.ReadASN1(&serial, tagInteger) || len(serial) == 0 || !id.Empty() {
			return fmt.Errorf("%w: SignerInfo: issuerAndSerialNumber", ErrNotSignedData)
		}
		si.Issuer, si.Serial = issuer, serial
	case si.Version == 3 && sequence.PeekASN1Tag(tagPrimitive):
		if !sequence.ReadASN1(&id, tagPrimitive) || len(id) == 0 {
			return fmt.Errorf("%w: SignerInfo: subjectKeyIdentifier", ErrNotSignedData)
		}
		si.SubjectKeyID = id
	default:
		return fmt.Errorf("%w: SignerInfo: version %d does not fit the signer identifier", ErrNotSignedData, si.Version)
	}
	return nil
}

func readAttributes(set cryptobyte.String) ([]Attribute, error) {
	raws, err := elements(set, maxAttributes)
	if err != nil {
		return nil, err
	}
	attributes := make([]Attribute, 0, len(raws))
	for _, raw := range raws {
		a := Attribute{Raw: raw}
		in := cryptobyte.String(raw)
		var sequence, values cryptobyte.String
		if !in.ReadASN1(&sequence, tagSequence) || !sequence.ReadASN1ObjectIdentifier((*asn1.ObjectIdentifier)(&a.Type)) ||
			!sequence.ReadASN1(&values, tagSet) || !sequence.Empty() {
			return nil, fmt.Errorf("%w: Attribute", ErrNotSignedData)
		}
		if a.Values, err = elements(values, maxAttributes); err != nil {
			return nil, err
		}
		attributes = append(attributes, a)
	}
	return attributes, nil
}

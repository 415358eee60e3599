package cms

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"

	"tanba/internal/ber"
	"tanba/internal/pki"
)

// SignedData is one parsed ContentInfo. Its byte slices are views of the input
// (of a normalised copy, if the input was BER): the caller leaves the input
// alone as long as it uses them.
type SignedData struct {
	Raw         []byte // the whole ContentInfo in DER
	Version     int
	ContentType pki.OID
	Content     []byte // what is signed; nil if Detached
	Detached    bool
	// Certificates are those that could be read, in the order of the input. A
	// caller that has the certificate of a signer from elsewhere may append it.
	Certificates []*pki.Certificate
	CRLs         [][]byte // each a CertificateList
	// OtherRevocation is what [RFC 5940] puts beside the CRLs: each an
	// OtherRevocationInfoFormat with its tag [1], such as an OCSP response.
	OtherRevocation [][]byte
	Signers         []*SignerInfo

	parts            parts
	digestAlgorithms []algorithm
}

// parts are the encodings a SignedData is put together from.
type parts struct {
	version          []byte
	digestAlgorithms [][]byte
	encap            []byte
	certificates     [][]byte
	crls             []byte // with the tag [1]; nil if absent
	signers          [][]byte
}

// BER made by others is accepted within these bounds; the number of elements
// leaves room for a CRL of the national CA (about 422 000 entries).
var limits = ber.Limits{Size: maxSize, Depth: 32, Elements: 8 << 20}

// IsSignedData reports whether the octets are a whole SignedData with at least
// one signer: something that a further signature is added to, not put around.
// A bare collection of certificates (.p7b) is not.
func IsSignedData(der []byte) bool {
	if !startsAsSignedData(der) {
		return false
	}
	sd, err := Parse(der)
	return err == nil && len(sd.Signers) > 0
}

// Parse reads one ContentInfo with SignedData in DER or BER and nothing after
// it. The error wraps ErrNotSignedData, ErrTooLarge or ErrAttributes. It judges
// the form only; see Verify.
func Parse(der []byte) (*SignedData, error) {
	der, err := canonical(der)
	if err != nil {
		return nil, err
	}
	sd := &SignedData{Raw: der}
	if err := sd.read(der); err != nil {
		return nil, err
	}
	return sd, nil
}

// canonical returns the input if it is framed as DER, else its normal form.
func canonical(in []byte) ([]byte, error) {
	if len(in) > maxSize {
		return nil, fmt.Errorf("%w: %d octets", ErrTooLarge, len(in))
	}
	if ber.CheckDER(in, limits) == nil {
		return in, nil
	}
	if !startsAsSignedData(in) {
		return nil, ErrNotSignedData // without copying what may be any large file
	}
	// Normalize stops after the first element; a frame around the input shows
	// what follows it, and read refuses that.
	within := limits
	within.Size += 8
	within.Depth++
	framed, err := ber.Normalize(element(tagSequence, in), within)
	switch {
	case errors.Is(err, ber.ErrLimits):
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNotSignedData, err)
	}
	frame, der := cryptobyte.String(framed), cryptobyte.String(nil)
	if !frame.ReadASN1(&der, tagSequence) {
		return nil, ErrNotSignedData
	}
	return der, nil
}

// startsAsSignedData looks for the content type behind the first tag and length.
func startsAsSignedData(in []byte) bool {
	if len(in) < 2 || in[0] != tagSequence {
		return false
	}
	at := 2
	if in[1] > 0x80 {
		at += int(in[1] & 0x7f)
	}
	return at < len(in) && bytes.HasPrefix(in[at:], signedDataType)
}

func (sd *SignedData) read(der []byte) error {
	malformed := func(what string) error { return fmt.Errorf("%w: %s", ErrNotSignedData, what) }

	input := cryptobyte.String(der)
	var contentInfo, explicit, signedData cryptobyte.String
	var contentType asn1.ObjectIdentifier
	if !input.ReadASN1(&contentInfo, tagSequence) || !input.Empty() ||
		!contentInfo.ReadASN1ObjectIdentifier(&contentType) {
		return malformed("ContentInfo")
	}
	if !contentType.Equal(oidSignedData) {
		return malformed("content type " + contentType.String())
	}
	if !contentInfo.ReadASN1(&explicit, tagContext0) || !contentInfo.Empty() ||
		!explicit.ReadASN1(&signedData, tagSequence) || !explicit.Empty() {
		return malformed("ContentInfo")
	}

	var version, digestAlgorithms cryptobyte.String
	if !signedData.ReadASN1Element(&version, tagInteger) {
		return malformed("version")
	}
	sd.parts.version = version
	// 1 and 3 are for these contents; 4 and 5 say that other certificates or
	// revocation data are in. Nobody writes them consistently.
	if v := cryptobyte.String(version); !v.ReadASN1Integer(&sd.Version) || sd.Version != 1 && (sd.Version < 3 || sd.Version > 5) {
		return malformed("version")
	}
	if !signedData.ReadASN1(&digestAlgorithms, tagSet) {
		return malformed("digestAlgorithms")
	}
	var err error
	if sd.parts.digestAlgorithms, err = elements(digestAlgorithms, maxElements); err != nil {
		return fmt.Errorf("%w: digestAlgorithms", err)
	}
	for _, raw := range sd.parts.digestAlgorithms {
		a, ok := readAlgorithm(raw)
		if !ok {
			return malformed("digestAlgorithms")
		}
		sd.digestAlgorithms = append(sd.digestAlgorithms, a)
	}

	var encap cryptobyte.String
	if !signedData.ReadASN1Element(&encap, tagSequence) {
		return malformed("encapContentInfo")
	}
	sd.parts.encap = encap
	if !sd.readContent(encap) {
		return malformed("encapContentInfo")
	}

	if signedData.PeekASN1Tag(tagContext0) {
		var set cryptobyte.String
		if !signedData.ReadASN1(&set, tagContext0) {
			return malformed("certificates")
		}
		if sd.parts.certificates, err = elements(set, maxElements); err != nil {
			return fmt.Errorf("%w: certificates", err)
		}
		for _, raw := range sd.parts.certificates {
			// A certificate of a kind that pki does not read is kept, but nobody
			// can be found to have signed with it.
			if c, err := pki.ParseCertificate(raw); err == nil {
				sd.Certificates = append(sd.Certificates, c)
			}
		}
	}
	if signedData.PeekASN1Tag(tagContext1) {
		var whole, set cryptobyte.String
		if !signedData.ReadASN1Element(&whole, tagContext1) {
			return malformed("crls")
		}
		sd.parts.crls = whole
		if !whole.ReadASN1(&set, tagContext1) {
			return malformed("crls")
		}
		crls, err := elements(set, maxElements)
		if err != nil {
			return fmt.Errorf("%w: crls", err)
		}
		for _, raw := range crls {
			switch raw[0] {
			case tagSequence:
				sd.CRLs = append(sd.CRLs, raw)
			case tagContext1:
				sd.OtherRevocation = append(sd.OtherRevocation, raw)
			default:
				return malformed("crls")
			}
		}
	}

	var signers cryptobyte.String
	if !signedData.ReadASN1(&signers, tagSet) || !signedData.Empty() {
		return malformed("signerInfos")
	}
	if sd.parts.signers, err = elements(signers, maxSigners); err != nil {
		return fmt.Errorf("%w: signerInfos", err)
	}
	for i, raw := range sd.parts.signers {
		si, err := parseSignerInfo(raw)
		if err != nil {
			return fmt.Errorf("signer %d: %w", i+1, err)
		}
		sd.Signers = append(sd.Signers, si)
	}
	return nil
}

func (sd *SignedData) readContent(encap cryptobyte.String) bool {
	var sequence, explicit, content cryptobyte.String
	if !encap.ReadASN1(&sequence, tagSequence) || !sequence.ReadASN1ObjectIdentifier(&sd.ContentType) {
		return false
	}
	if sequence.Empty() {
		sd.Detached = true
		return true
	}
	if !sequence.ReadASN1(&explicit, tagContext0) || !sequence.Empty() ||
		!explicit.ReadASN1(&content, tagOctets) || !explicit.Empty() {
		return false
	}
	sd.Content = content
	if sd.Content == nil {
		sd.Content = []byte{}
	}
	return true
}

// elements splits a SET OF into its elements.
func elements(set cryptobyte.String, limit int) ([][]byte, error) {
	var list [][]byte
	for !set.Empty() {
		if len(list) == limit {
			return nil, fmt.Errorf("%w: more than %d elements", ErrTooLarge, limit)
		}
		var e cryptobyte.String
		if !set.ReadAnyASN1Element(&e, nil) {
			return nil, ErrNotSignedData
		}
		list = append(list, e)
	}
	return list, nil
}

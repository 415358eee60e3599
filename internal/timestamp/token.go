package timestamp

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/cms"
	"tanba/internal/pki"
)

var (
	oidTSTInfo              = pki.OID{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSigningCertificate   = pki.OID{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertificateV2 = pki.OID{1, 2, 840, 113549, 1, 9, 16, 2, 47}

	oidSHA384 = pki.OID{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = pki.OID{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// maxToken bounds a token by itself; a real one takes 2 KiB.
const maxToken = 1 << 20

// Token is a parsed time-stamp token. Nothing of it is checked but its form,
// until Verify.
type Token struct {
	Raw     []byte
	Policy  pki.OID
	Hash    pki.OID // of the imprint
	Imprint []byte
	Serial  []byte // content octets of the INTEGER; the national authority's may be negative
	// Time is when the imprint existed, Accuracy how far that may be off; zero
	// when the authority does not say.
	Time     time.Time
	Accuracy time.Duration
	Nonce    []byte // content octets of the INTEGER, nil if absent

	signed *cms.SignedData
}

// ParseToken reads a TimeStampToken in DER: SignedData with one signer over a
// TSTInfo (RFC 3161 section 2.4.2). The error wraps ErrMalformed or ErrTooLarge.
func ParseToken(der []byte) (*Token, error) {
	if len(der) > maxToken {
		return nil, fmt.Errorf("%w: token of %d octets", ErrTooLarge, len(der))
	}
	sd, err := cms.Parse(der)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: token: %w", ErrMalformed, err)
	case !bytes.Equal(sd.Raw, der):
		return nil, fmt.Errorf("%w: token not in DER", ErrMalformed)
	case !sd.ContentType.Equal(oidTSTInfo) || sd.Detached:
		return nil, fmt.Errorf("%w: signature over something else", ErrMalformed)
	case len(sd.Signers) != 1:
		return nil, fmt.Errorf("%w: token with %d signers", ErrMalformed, len(sd.Signers))
	}
	t := &Token{Raw: der, signed: sd}
	if err := t.readInfo(sd.Content); err != nil {
		return nil, fmt.Errorf("%w: TSTInfo: %w", ErrMalformed, err)
	}
	return t, nil
}

func (t *Token) readInfo(der []byte) error {
	in := cryptobyte.String(der)
	var info, imprint, algorithm, serial, rest cryptobyte.String
	var version int
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty() ||
		!info.ReadASN1Integer(&version) || version != 1 ||
		!info.ReadASN1ObjectIdentifier(&t.Policy) {
		return errors.New("version or policy")
	}
	if !info.ReadASN1(&imprint, cbasn1.SEQUENCE) || !imprint.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!imprint.ReadASN1((*cryptobyte.String)(&t.Imprint), cbasn1.OCTET_STRING) || !imprint.Empty() ||
		!algorithm.ReadASN1ObjectIdentifier(&t.Hash) {
		return errors.New("messageImprint")
	}
	if !algorithm.Empty() && (!algorithm.ReadASN1(&rest, cbasn1.NULL) || !rest.Empty() || !algorithm.Empty()) {
		return errors.New("parameters of the hash")
	}
	if !info.ReadASN1(&serial, cbasn1.INTEGER) || !isInteger(serial) {
		return errors.New("serialNumber")
	}
	t.Serial = serial
	var err error
	if t.Time, err = readTime(&info); err != nil {
		return err
	}
	if info.PeekASN1Tag(cbasn1.SEQUENCE) {
		if t.Accuracy, err = readAccuracy(&info); err != nil {
			return err
		}
	}
	var ordering bool
	if info.PeekASN1Tag(cbasn1.BOOLEAN) && !info.ReadASN1Boolean(&ordering) {
		return errors.New("ordering")
	}
	if info.PeekASN1Tag(cbasn1.INTEGER) {
		var nonce cryptobyte.String
		if !info.ReadASN1(&nonce, cbasn1.INTEGER) || !isInteger(nonce) {
			return errors.New("nonce")
		}
		t.Nonce = nonce
	}
	// tsa only repeats a name of the certificate.
	var extensions cryptobyte.String
	if !info.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific().Constructed()) ||
		!info.ReadOptionalASN1(&extensions, nil, cbasn1.Tag(1).ContextSpecific().Constructed()) || !info.Empty() {
		return errors.New("tsa")
	}
	return checkExtensions(extensions)
}

// checkExtensions refuses critical ones: none is known here.
func checkExtensions(list cryptobyte.String) error {
	for !list.Empty() {
		var extension cryptobyte.String
		var oid pki.OID
		var critical bool
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			extension.PeekASN1Tag(cbasn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) {
			return errors.New("extensions")
		}
		if critical {
			return fmt.Errorf("critical extension %v", oid)
		}
	}
	return nil
}

// isInteger checks the content octets of an INTEGER for the shortest form.
func isInteger(content []byte) bool {
	return len(content) > 0 && len(shortest(content)) == len(content)
}

// readTime reads GeneralizedTime in UTC with seconds and, perhaps, a fraction.
func readTime(in *cryptobyte.String) (time.Time, error) {
	var text cryptobyte.String
	if !in.ReadASN1(&text, cbasn1.GeneralizedTime) {
		return time.Time{}, errors.New("genTime")
	}
	const form = "20060102150405Z"
	// time.Parse takes a fraction after the seconds, also one the form does not
	// have; RFC 3161 forbids one that ends in 0.
	s := string(text)
	if len(s) < len(form) || len(s) > 32 || len(s) > len(form) && (s[14] != '.' || len(s) < 17 || s[len(s)-2] == '0') {
		return time.Time{}, errors.New("genTime")
	}
	t, err := time.Parse(form, s)
	if err != nil {
		return time.Time{}, errors.New("genTime")
	}
	return t.UTC(), nil
}

func readAccuracy(in *cryptobyte.String) (time.Duration, error) {
	bad := errors.New("accuracy")
	var accuracy cryptobyte.String
	if !in.ReadASN1(&accuracy, cbasn1.SEQUENCE) {
		return 0, bad
	}
	var total time.Duration
	for _, part := range []struct {
		tag  cbasn1.Tag
		unit time.Duration
		max  int64
	}{
		{cbasn1.INTEGER, time.Second, 1 << 31},
		{cbasn1.Tag(0).ContextSpecific(), time.Millisecond, 999},
		{cbasn1.Tag(1).ContextSpecific(), time.Microsecond, 999},
	} {
		if !accuracy.PeekASN1Tag(part.tag) {
			continue
		}
		var n int64
		if !accuracy.ReadASN1Int64WithTag(&n, part.tag) || n < 0 || n > part.max {
			return 0, bad
		}
		total += time.Duration(n) * part.unit
	}
	if !accuracy.Empty() {
		return 0, bad
	}
	return total, nil
}

// imprintHash returns the hash an imprint was made with. SHA-1 is taken only for
// tokens that are there already.
func imprintHash(oid pki.OID) (hash.Hash, bool) {
	if f, ok := pki.FamilyOfDigest(oid); ok {
		return f.NewHash(), true
	}
	switch {
	case oid.Equal(oidSHA384):
		return sha512.New384(), true
	case oid.Equal(oidSHA512):
		return sha512.New(), true
	case oid.Equal(pki.OIDSHA1):
		return sha1.New(), true
	}
	return nil, false
}

package pki

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits on names: the largest real ones have eleven attributes and values of
// some hundred octets.
const (
	maxAttributes = 64
	maxValue      = 4 << 10
)

// String types of X.680 that names use.
const (
	tagNumericString   = cbasn1.Tag(18)
	tagVisibleString   = cbasn1.Tag(26)
	tagUniversalString = cbasn1.Tag(28)
	tagBMPString       = cbasn1.Tag(30)
)

// Attribute is one part of a name. Value is the text; for a value that is not
// a string it is "#" and the hex of its DER, and Binary is set.
type Attribute struct {
	Type   OID
	Value  string
	Binary bool
}

// Name is a distinguished name: relative names in the order in which they are
// encoded, each mostly of one attribute.
type Name struct {
	RDNs [][]Attribute
	raw  []byte
}

// ParseName reads a DER Name.
func ParseName(der []byte) (Name, error) {
	in := cryptobyte.String(der)
	var sequence cryptobyte.String
	if !in.ReadASN1(&sequence, cbasn1.SEQUENCE) || !in.Empty() {
		return Name{}, fmt.Errorf("name: %w", ErrMalformed)
	}
	name := Name{raw: bytes.Clone(der)}
	for n := 0; !sequence.Empty(); {
		var set cryptobyte.String
		if !sequence.ReadASN1(&set, cbasn1.SET) || set.Empty() {
			return Name{}, fmt.Errorf("name: %w", ErrMalformed)
		}
		var rdn []Attribute
		for ; !set.Empty(); n++ {
			attribute, err := readAttribute(&set)
			if err != nil {
				return Name{}, fmt.Errorf("name: %w", err)
			}
			if n == maxAttributes {
				return Name{}, fmt.Errorf("name of more than %d parts: %w", maxAttributes, ErrMalformed)
			}
			rdn = append(rdn, attribute)
		}
		name.RDNs = append(name.RDNs, rdn)
	}
	return name, nil
}

func readAttribute(in *cryptobyte.String) (Attribute, error) {
	var sequence, value cryptobyte.String
	var attribute Attribute
	var tag cbasn1.Tag
	if !in.ReadASN1(&sequence, cbasn1.SEQUENCE) ||
		!sequence.ReadASN1ObjectIdentifier(&attribute.Type) ||
		!sequence.ReadAnyASN1Element(&value, &tag) || !sequence.Empty() || len(value) > maxValue {
		return attribute, ErrMalformed
	}
	element := value
	if !value.ReadAnyASN1(&value, &tag) {
		return attribute, ErrMalformed
	}
	text, known, ok := decodeString(tag, value)
	if !ok {
		return attribute, fmt.Errorf("value of %v: %w", attribute.Type, ErrMalformed)
	}
	if !known {
		attribute.Value, attribute.Binary = "#"+hex.EncodeToString(element), true
		return attribute, nil
	}
	attribute.Value = text
	return attribute, nil
}

// decodeString reads a directory string of any type. T61String is taken for
// Latin-1, as everybody does who still writes it.
func decodeString(tag cbasn1.Tag, value []byte) (text string, known, ok bool) {
	switch tag {
	case cbasn1.UTF8String:
		return string(value), true, utf8.Valid(value)
	case cbasn1.PrintableString, cbasn1.IA5String, tagNumericString, tagVisibleString:
		for _, c := range value {
			if c >= 0x80 {
				return "", true, false
			}
		}
		return string(value), true, true
	case cbasn1.T61String:
		runes := make([]rune, len(value))
		for i, c := range value {
			runes[i] = rune(c)
		}
		return string(runes), true, true
	case tagBMPString:
		if len(value)%2 != 0 {
			return "", true, false
		}
		units := make([]uint16, len(value)/2)
		for i := range units {
			units[i] = uint16(value[2*i])<<8 | uint16(value[2*i+1])
		}
		return string(utf16.Decode(units)), true, true
	case tagUniversalString:
		if len(value)%4 != 0 {
			return "", true, false
		}
		runes := make([]rune, len(value)/4)
		for i := range runes {
			v := value[4*i:]
			runes[i] = rune(uint32(v[0])<<24 | uint32(v[1])<<16 | uint32(v[2])<<8 | uint32(v[3]))
			if !utf8.ValidRune(runes[i]) {
				return "", true, false
			}
		}
		return string(runes), true, true
	}
	return "", false, true
}

// NewName encodes a name of one attribute per part, in the given order and
// with the string types of national certificates: C and SERIALNUMBER
// PrintableString, E and DC IA5String, all others UTF8String.
func NewName(attributes ...Attribute) (Name, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, a := range attributes {
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(a.Type)
					b.AddASN1(stringType(a.Type), func(b *cryptobyte.Builder) { b.AddBytes([]byte(a.Value)) })
				})
			})
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return Name{}, fmt.Errorf("name: %w", err)
	}
	return ParseName(der)
}

func stringType(attribute OID) cbasn1.Tag {
	switch {
	case attribute.Equal(OIDCountry), attribute.Equal(OIDSerialNumber):
		return cbasn1.PrintableString
	case attribute.Equal(OIDEmail), attribute.Equal(OIDDomainComponent):
		return cbasn1.IA5String
	}
	return cbasn1.UTF8String
}

// Raw returns the DER encoding. The caller must not change it.
func (n Name) Raw() []byte { return n.raw }

// Get returns the first value of an attribute, or "".
func (n Name) Get(oid OID) string {
	for _, rdn := range n.RDNs {
		for _, a := range rdn {
			if a.Type.Equal(oid) && !a.Binary {
				return a.Value
			}
		}
	}
	return ""
}

// CommonName returns the CN, or "".
func (n Name) CommonName() string { return n.Get(OIDCommonName) }

// keywords are those of Bouncy Castle, on which the original is built. Old
// versions of the original wrote S for ST and G for GIVENNAME; sites read these.
var keywords = map[string]string{
	OIDCommonName.String():       "CN",
	OIDSurname.String():          "SURNAME",
	OIDSerialNumber.String():     "SERIALNUMBER",
	OIDCountry.String():          "C",
	OIDLocality.String():         "L",
	OIDState.String():            "ST",
	OIDStreet.String():           "STREET",
	OIDOrganization.String():     "O",
	OIDOrganizationUnit.String(): "OU",
	OIDTitle.String():            "T",
	OIDBusinessCategory.String(): "BusinessCategory",
	OIDGivenName.String():        "GIVENNAME",
	OIDEmail.String():            "E",
	OIDUserID.String():           "UID",
	OIDDomainComponent.String():  "DC",

	"2.5.4.16":             "PostalAddress",
	"2.5.4.17":             "PostalCode",
	"2.5.4.20":             "TelephoneNumber",
	"2.5.4.41":             "Name",
	"2.5.4.43":             "INITIALS",
	"2.5.4.44":             "GENERATION",
	"2.5.4.45":             "UniqueIdentifier",
	"2.5.4.46":             "DN",
	"2.5.4.65":             "Pseudonym",
	"1.2.840.113549.1.9.2": "unstructuredName",
	"1.2.840.113549.1.9.8": "unstructuredAddress",
}

// String writes the name as KeyInfo does: encoded order, a comma without a
// space between the parts, special characters behind a backslash.
func (n Name) String() string {
	var out strings.Builder
	for i, rdn := range n.RDNs {
		for j, a := range rdn {
			switch {
			case j > 0:
				out.WriteByte('+')
			case i > 0:
				out.WriteByte(',')
			}
			if keyword := keywords[a.Type.String()]; keyword != "" {
				out.WriteString(keyword)
			} else {
				out.WriteString(a.Type.String())
			}
			out.WriteByte('=')
			if a.Binary {
				out.WriteString(a.Value)
			} else {
				writeEscaped(&out, a.Value)
			}
		}
	}
	return out.String()
}

// writeEscaped escapes as Bouncy Castle's X509Name does: the separators
// anywhere, spaces at either end, "#" at the start.
func writeEscaped(out *strings.Builder, value string) {
	head := len(value) - len(strings.TrimLeft(value, " "))
	tail := len(strings.TrimRight(value, " "))
	for i, r := range value {
		switch {
		case strings.ContainsRune(`,"\+=<>;`, r), r == '#' && i == 0, r == ' ' && (i < head || i >= tail):
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
}

package pkcs12

import (
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/ber"
)

// Kinds of SafeBag (RFC 7292, 4.2) and the attributes that matter.
const (
	oidKeyBag          = "1.2.840.113549.1.12.10.1.1"
	oidShroudedKeyBag  = "1.2.840.113549.1.12.10.1.2"
	oidCertBag         = "1.2.840.113549.1.12.10.1.3"
	oidSafeContentsBag = "1.2.840.113549.1.12.10.1.6"
	oidX509Certificate = "1.2.840.113549.1.9.22.1"
	oidFriendlyName    = "1.2.840.113549.1.9.20"
	oidLocalKeyID      = "1.2.840.113549.1.9.21"
)

// bag is one SafeBag that holds a key or a certificate.
type bag struct {
	key         []byte      // PKCS#8, encrypted when protection is not nil
	protection  *protection // of key
	certificate []byte
	name        string
	localKeyID  []byte
}

// readBags reads SafeContents. Bags of kinds that hold neither keys nor
// certificates (CRLs, secrets) are passed over.
func readBags(in []byte, b *budget) ([]bag, error) { return readNestedBags(in, b, 0) }

func readNestedBags(in []byte, b *budget, depth int) ([]bag, error) {
	if ber.CheckDER(in, b.ber) != nil {
		der, err := b.normalizeInner(in)
		if err != nil {
			return nil, err
		}
		in = der
	}
	s := cryptobyte.String(in)
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) || !s.Empty() {
		return nil, fmt.Errorf("%w: safe contents", ErrCorrupt)
	}
	var bags []bag
	for !list.Empty() {
		if err := b.bag(); err != nil {
			return nil, err
		}
		var seq, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !list.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) ||
			!seq.ReadASN1(&value, tagExplicit0) {
			return nil, fmt.Errorf("%w: entry", ErrCorrupt)
		}
		if oid.String() == oidSafeContentsBag {
			if depth == b.ber.Depth {
				return nil, fmt.Errorf("%w: stores in stores", ErrLimits)
			}
			inner, err := readNestedBags(value, b, depth+1)
			if err != nil {
				return nil, err
			}
			bags = append(bags, inner...)
			continue
		}
		item, err := readBag(oid.String(), value, b)
		if err != nil {
			return nil, err
		}
		if !seq.Empty() {
			if err := item.readAttributes(&seq); err != nil {
				return nil, err
			}
		}
		if item.key != nil || item.certificate != nil {
			bags = append(bags, item)
		}
	}
	return bags, nil
}

func readBag(kind string, value cryptobyte.String, b *budget) (bag, error) {
	switch kind {
	case oidKeyBag:
		return bag{key: value}, b.privateKey()
	case oidShroudedKeyBag:
		if err := b.privateKey(); err != nil {
			return bag{}, err
		}
		var seq, encrypted cryptobyte.String
		if !value.ReadASN1(&seq, cbasn1.SEQUENCE) || !value.Empty() {
			return bag{}, fmt.Errorf("%w: encrypted key", ErrCorrupt)
		}
		p, err := readProtection(&seq, b)
		if err != nil {
			return bag{}, err
		}
		if !seq.ReadASN1(&encrypted, cbasn1.OCTET_STRING) || !seq.Empty() {
			return bag{}, fmt.Errorf("%w: encrypted key", ErrCorrupt)
		}
		return bag{key: encrypted, protection: p}, nil
	case oidCertBag:
		var seq, wrapped, certificate cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !value.ReadASN1(&seq, cbasn1.SEQUENCE) || !value.Empty() ||
			!seq.ReadASN1ObjectIdentifier(&oid) || !seq.ReadASN1(&wrapped, tagExplicit0) || !seq.Empty() {
			return bag{}, fmt.Errorf("%w: certificate entry", ErrCorrupt)
		}
		if oid.String() != oidX509Certificate {
			return bag{}, nil
		}
		if !wrapped.ReadASN1(&certificate, cbasn1.OCTET_STRING) || !wrapped.Empty() {
			return bag{}, fmt.Errorf("%w: certificate entry", ErrCorrupt)
		}
		return bag{certificate: certificate}, nil
	}
	return bag{}, nil
}

// readAttributes reads SET OF PKCS12Attribute.
func (item *bag) readAttributes(in *cryptobyte.String) error {
	var set cryptobyte.String
	if !in.ReadASN1(&set, cbasn1.SET) || !in.Empty() {
		return fmt.Errorf("%w: attributes", ErrCorrupt)
	}
	for !set.Empty() {
		var seq, values, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !set.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) ||
			!seq.ReadASN1(&values, cbasn1.SET) || !seq.Empty() {
			return fmt.Errorf("%w: attribute", ErrCorrupt)
		}
		switch oid.String() {
		case oidFriendlyName:
			if !values.ReadASN1(&value, cbasn1.Tag(30)) || len(value)%2 != 0 { // BMPString
				return fmt.Errorf("%w: name of an entry", ErrCorrupt)
			}
			item.name = fromWide(value)
		case oidLocalKeyID:
			if !values.ReadASN1(&value, cbasn1.OCTET_STRING) {
				return fmt.Errorf("%w: key identifier of an entry", ErrCorrupt)
			}
			item.localKeyID = value
		}
	}
	return nil
}

// fromWide reads UTF-16BE.
func fromWide(in []byte) string {
	units := make([]uint16, len(in)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(in[2*i:])
	}
	return string(utf16.Decode(units))
}

// toWide writes UTF-16BE.
func toWide(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.BigEndian.AppendUint16(out, u)
	}
	return out
}

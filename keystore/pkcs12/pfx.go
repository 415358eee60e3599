package pkcs12

import (
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	oidData          = "1.2.840.113549.1.7.1"
	oidEncryptedData = "1.2.840.113549.1.7.6"
)

var (
	tagExplicit0 = cbasn1.Tag(0).ContextSpecific().Constructed()
	tagImplicit0 = cbasn1.Tag(0).ContextSpecific()
	tagImplicit1 = cbasn1.Tag(1).ContextSpecific().Constructed()
)

// pfx is what can be read of a store without its password.
type pfx struct {
	content []byte // the octets the MAC covers, as they were in the file
	mac     *mac   // nil when the store has none
	safes   []safe
}

// safe is one SafeContents: encrypted as a whole, or bags to be read now.
type safe struct {
	protection *protection // nil when not encrypted
	encrypted  []byte
	bags       []bag
}

// parse reads everything that needs no password and takes the work that the
// password will cost out of the budget.
func parse(data []byte, b *budget) (*pfx, error) {
	if err := sniff(data); err != nil {
		return nil, err
	}
	der, err := b.normalize(data)
	if err != nil {
		return nil, err
	}
	in := cryptobyte.String(der)
	var seq cryptobyte.String
	var version int
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1Integer(&version) || version != 3 {
		return nil, ErrNotPKCS12
	}
	kind, body, err := readContentInfo(&seq)
	if err != nil {
		return nil, ErrNotPKCS12
	}
	if kind != oidData {
		return nil, fmt.Errorf("%w: integrity by %s", ErrUnsupported, kind)
	}
	p := new(pfx)
	var content cryptobyte.String
	if !body.ReadASN1(&content, cbasn1.OCTET_STRING) || !body.Empty() {
		return nil, fmt.Errorf("%w: contents", ErrCorrupt)
	}
	p.content = content
	if !seq.Empty() {
		if p.mac, err = readMAC(&seq, b); err != nil {
			return nil, err
		}
	}
	if !seq.Empty() {
		return nil, fmt.Errorf("%w: something after the MAC", ErrCorrupt)
	}
	return p, p.readSafes(b)
}

// sniff refuses what cannot become a store however it goes on, so that other
// files are called other files and not damaged stores.
func sniff(data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("%w: no data", ErrTruncated)
	}
	if data[0] != 0x30 {
		return ErrNotPKCS12
	}
	if len(data) == 1 {
		return ErrTruncated
	}
	rest := data[2:]
	if n := int(data[1]); n > 0x80 {
		if n > 0x84 {
			return ErrNotPKCS12
		}
		if len(rest) < n-0x80 {
			return ErrTruncated
		}
		rest = rest[n-0x80:]
	}
	for i, b := range []byte{0x02, 0x01, 0x03, 0x30} { // version 3, authSafe
		if i == len(rest) {
			return ErrTruncated
		}
		if rest[i] != b {
			return ErrNotPKCS12
		}
	}
	return nil
}

// readContentInfo reads a ContentInfo: its type and what is inside its [0].
func readContentInfo(in *cryptobyte.String) (string, cryptobyte.String, error) {
	var seq, body cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) ||
		!seq.ReadASN1(&body, tagExplicit0) || !seq.Empty() {
		return "", nil, fmt.Errorf("%w: content info", ErrCorrupt)
	}
	return oid.String(), body, nil
}

func (p *pfx) readSafes(b *budget) error {
	der, err := b.normalizeInner(p.content)
	if err != nil {
		return err
	}
	in := cryptobyte.String(der)
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) {
		return fmt.Errorf("%w: contents", ErrCorrupt)
	}
	for !list.Empty() {
		if err := b.bag(); err != nil {
			return err
		}
		kind, body, err := readContentInfo(&list)
		if err != nil {
			return err
		}
		var s safe
		switch kind {
		case oidData:
			var plain cryptobyte.String
			if !body.ReadASN1(&plain, cbasn1.OCTET_STRING) || !body.Empty() {
				return fmt.Errorf("%w: safe contents", ErrCorrupt)
			}
			s.bags, err = readBags(plain, b)
		case oidEncryptedData:
			s.protection, s.encrypted, err = readEncryptedData(&body, b)
		default:
			return fmt.Errorf("%w: contents %s", ErrUnsupported, kind)
		}
		if err != nil {
			return err
		}
		p.safes = append(p.safes, s)
	}
	return nil
}

// readEncryptedData reads EncryptedData (RFC 5652, 8) around SafeContents.
func readEncryptedData(in *cryptobyte.String, b *budget) (*protection, []byte, error) {
	var seq, info cryptobyte.String
	var version int
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !in.Empty() ||
		!seq.ReadASN1Integer(&version) ||
		!seq.ReadASN1(&info, cbasn1.SEQUENCE) || !seq.SkipOptionalASN1(tagImplicit1) || !seq.Empty() ||
		!info.ReadASN1ObjectIdentifier(&oid) || oid.String() != oidData {
		return nil, nil, fmt.Errorf("%w: encrypted data", ErrCorrupt)
	}
	p, err := readProtection(&info, b)
	if err != nil {
		return nil, nil, err
	}
	encrypted, ok := readEncryptedContent(&info)
	if !ok || !info.Empty() {
		return nil, nil, fmt.Errorf("%w: encrypted data", ErrCorrupt)
	}
	return p, encrypted, nil
}

// readEncryptedContent reads [0] IMPLICIT OCTET STRING, in one piece or, as
// Kalkan writes it, in several. A generic normaliser cannot know that the tag
// stands for a string, so the pieces are joined here.
func readEncryptedContent(in *cryptobyte.String) ([]byte, bool) {
	var whole, pieces cryptobyte.String
	if in.PeekASN1Tag(tagImplicit0) {
		ok := in.ReadASN1(&whole, tagImplicit0)
		return whole, ok
	}
	if !in.ReadASN1(&pieces, tagExplicit0) {
		return nil, false
	}
	var joined []byte
	for !pieces.Empty() {
		var piece cryptobyte.String
		if !pieces.ReadASN1(&piece, cbasn1.OCTET_STRING) {
			return nil, false
		}
		joined = append(joined, piece...)
	}
	return joined, true
}

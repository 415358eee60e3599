package revocation

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// Limits of a CRL. The largest national one has 21 MB and 422 000 entries.
const (
	MaxCRL     = 64 << 20
	maxEntries = 2 << 20
)

var (
	oidCRLNumber      = pki.OID{2, 5, 29, 20}
	oidReason         = pki.OID{2, 5, 29, 21}
	oidInvalidityDate = pki.OID{2, 5, 29, 24}
	oidDelta          = pki.OID{2, 5, 29, 27}
	oidExpiredCerts   = pki.OID{2, 5, 29, 60}
)

// List is a parsed CRL. Nothing of it is checked but its form, until Verify. It
// holds the octets and four more for each entry.
type List struct {
	Raw                    []byte
	Issuer                 []byte // encoded Name
	ThisUpdate, NextUpdate time.Time
	// Number is the CRLNumber; Base is that of the complete CRL a delta is to be
	// applied to, nil for a complete one.
	Number, Base *big.Int
	// AuthorityKeyID is of the issuer; nil if absent.
	AuthorityKeyID []byte

	signed    []byte
	algorithm pki.OID
	signature []byte
	entries   []byte
	at        []uint32 // where each entry begins in entries
	sorted    sync.Once
}

// ParseCRL reads a DER CertificateList and nothing after it. The error wraps
// ErrMalformed, ErrTooLarge or ErrScope. The octets are kept, not copied.
func ParseCRL(der []byte) (*List, error) {
	if len(der) > MaxCRL {
		return nil, fmt.Errorf("%w: CRL of %d octets", ErrTooLarge, len(der))
	}
	in := cryptobyte.String(der)
	var outer, tbs cryptobyte.String
	var ok bool
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() || !outer.ReadASN1Element(&tbs, cbasn1.SEQUENCE) {
		return nil, malformed("CertificateList")
	}
	l := &List{Raw: der, signed: tbs}
	if l.algorithm, l.signature, ok = readSignature(&outer); !ok || !outer.Empty() {
		return nil, malformed("signature of a CRL")
	}
	if err := l.readTBS(tbs); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *List) readTBS(in cryptobyte.String) error {
	var tbs, algorithm, issuer, extensions cryptobyte.String
	var version int
	var inner pki.OID
	if !in.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		return malformed("TBSCertList")
	}
	if tbs.PeekASN1Tag(cbasn1.INTEGER) && (!tbs.ReadASN1Integer(&version) || version != 1) {
		return malformed("version of a CRL")
	}
	if !tbs.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&inner) ||
		!nullOrNothing(algorithm) || !inner.Equal(l.algorithm) || !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
		!readTime(&tbs, &l.ThisUpdate) {
		return malformed("TBSCertList")
	}
	l.Issuer = issuer
	if (tbs.PeekASN1Tag(cbasn1.UTCTime) || tbs.PeekASN1Tag(cbasn1.GeneralizedTime)) && !readTime(&tbs, &l.NextUpdate) {
		return malformed("nextUpdate")
	}
	if tbs.PeekASN1Tag(cbasn1.SEQUENCE) {
		var entries cryptobyte.String
		if !tbs.ReadASN1(&entries, cbasn1.SEQUENCE) {
			return malformed("revokedCertificates")
		}
		l.entries = entries
		if err := l.index(); err != nil {
			return err
		}
	}
	var has bool
	if !tbs.ReadOptionalASN1(&extensions, &has, cbasn1.Tag(0).ContextSpecific().Constructed()) || !tbs.Empty() {
		return malformed("crlExtensions")
	}
	if !has {
		return nil
	}
	return readExtensions(extensions, l.extension)
}

func (l *List) extension(oid pki.OID, value []byte) (known, ok bool) {
	in := cryptobyte.String(value)
	switch {
	case oid.Equal(oidCRLNumber):
		return true, readNumber(&in, &l.Number) && in.Empty()
	case oid.Equal(oidDelta):
		return true, readNumber(&in, &l.Base) && in.Empty()
	case oid.Equal(pki.OIDAuthorityKeyID):
		var sequence, id cryptobyte.String
		var has bool
		ok = in.ReadASN1(&sequence, cbasn1.SEQUENCE) && sequence.ReadOptionalASN1(&id, &has, cbasn1.Tag(0).ContextSpecific())
		if has {
			l.AuthorityKeyID = id
		}
		return true, ok
	case oid.Equal(oidExpiredCerts):
		return true, true
	}
	// issuingDistributionPoint, always critical, limits what the list is about.
	// The national lists have none, so such a list is not taken.
	return false, true
}

func readNumber(in *cryptobyte.String, out **big.Int) bool {
	n := new(big.Int)
	if !in.ReadASN1Integer(n) || n.Sign() < 0 || n.BitLen() > 8*20 {
		return false
	}
	*out = n
	return true
}

// index notes where the entries begin. Their extensions are read when an entry
// is asked for, except that none may be critical and unknown.
func (l *List) index() error {
	whole := len(l.entries)
	in := cryptobyte.String(l.entries)
	for !in.Empty() {
		if len(l.at) == maxEntries {
			return fmt.Errorf("%w: CRL with more than %d entries", ErrTooLarge, maxEntries)
		}
		l.at = append(l.at, uint32(whole-len(in)))
		var entry cryptobyte.String
		if !in.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.PeekASN1Tag(cbasn1.INTEGER) || !entry.SkipASN1(cbasn1.INTEGER) {
			return malformed("entry of a CRL")
		}
	}
	return nil
}

// Len is how many certificates are listed.
func (l *List) Len() int { return len(l.at) }

// serial returns the content of the serial number of entry i.
func (l *List) serial(i int) []byte {
	in := cryptobyte.String(l.entries[l.at[i]:])
	var entry, serial cryptobyte.String
	if !in.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.ReadASN1(&serial, cbasn1.INTEGER) {
		return nil // index has read it
	}
	return serial
}

// entry is what a CRL says about a certificate.
type entry struct {
	revokedAt    time.Time
	reason       Reason
	invalidSince time.Time
}

// lookup finds a serial number. The error wraps ErrMalformed or ErrScope.
func (l *List) lookup(serial []byte) (e entry, found bool, err error) {
	// The authority does not sort its list.
	l.sorted.Do(func() {
		slices.SortFunc(l.at, func(a, b uint32) int {
			in, other := cryptobyte.String(l.entries[a:]), cryptobyte.String(l.entries[b:])
			return compareSerials(serialOf(&in), serialOf(&other))
		})
	})
	i, found := slices.BinarySearchFunc(l.at, serial, func(at uint32, serial []byte) int {
		in := cryptobyte.String(l.entries[at:])
		return compareSerials(serialOf(&in), serial)
	})
	if !found {
		return e, false, nil
	}
	// An authority that lists a certificate twice means the last by date.
	for ; i < len(l.at) && bytes.Equal(l.serial(i), serial); i++ {
		next, err := l.read(i)
		if err != nil {
			return e, true, err
		}
		if e.revokedAt.IsZero() || next.revokedAt.After(e.revokedAt) {
			e = next
		}
	}
	return e, true, nil
}

func serialOf(in *cryptobyte.String) []byte {
	var entry, serial cryptobyte.String
	if !in.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.ReadASN1(&serial, cbasn1.INTEGER) {
		return nil
	}
	return serial
}

func compareSerials(a, b []byte) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return bytes.Compare(a, b)
}

func (l *List) read(i int) (entry, error) {
	e := entry{reason: None}
	in := cryptobyte.String(l.entries[l.at[i]:])
	var sequence, extensions cryptobyte.String
	if !in.ReadASN1(&sequence, cbasn1.SEQUENCE) || !sequence.SkipASN1(cbasn1.INTEGER) || !readTime(&sequence, &e.revokedAt) {
		return e, malformed("entry of a CRL")
	}
	if sequence.Empty() {
		return e, nil
	}
	if !sequence.ReadASN1Element(&extensions, cbasn1.SEQUENCE) || !sequence.Empty() {
		return e, malformed("entry of a CRL")
	}
	return e, readExtensions(extensions, func(oid pki.OID, value []byte) (known, ok bool) {
		in := cryptobyte.String(value)
		switch {
		case oid.Equal(oidReason):
			var n int
			ok = in.ReadASN1Enum(&n) && in.Empty()
			e.reason = Reason(n)
			return true, ok && e.reason.Known()
		case oid.Equal(oidInvalidityDate):
			return true, readTime(&in, &e.invalidSince) && in.Empty()
		}
		return false, true
	})
}

package testpki

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// crlNumber is that of the complete list; the delta counts from it.
const crlNumber = 20

// CRL makes the list of an authority by the name in its address: "nca_GOST",
// "root_RSA", with "_d" behind for the delta. The complete list is an hour old
// and good for a day, the delta a few minutes old and good for eight hours.
func (s *Status) CRL(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	file, delta := strings.CutSuffix(name, "_d")
	s.authority.mu.Lock()
	var issuer authority
	for _, a := range s.authority.all() {
		if a.file == file {
			issuer = a
		}
	}
	s.authority.mu.Unlock()
	if issuer.key == nil {
		return nil, fmt.Errorf("testpki: no authority %q", name)
	}
	o := CRLOptions{Revoked: s.revoked, ThisUpdate: s.now().Add(-time.Hour), Number: crlNumber, Fault: s.crlFault}
	o.NextUpdate = o.ThisUpdate.Add(24 * time.Hour)
	if delta {
		o.Revoked, o.Base, o.Number = s.delta, crlNumber, crlNumber+1
		o.ThisUpdate = s.now().Add(-5 * time.Minute)
		o.NextUpdate = o.ThisUpdate.Add(8 * time.Hour)
	}
	switch s.crlFault {
	case OldTime, Stale:
		o.ThisUpdate, o.NextUpdate = o.ThisUpdate.AddDate(0, 0, -3), o.NextUpdate.AddDate(0, 0, -3)
	case FutureTime:
		o.ThisUpdate, o.NextUpdate = o.ThisUpdate.AddDate(0, 0, 3), o.NextUpdate.AddDate(0, 0, 3)
	case Stranger:
		if s.stranger == nil {
			other, err := New(nil, s.now())
			if err != nil {
				return nil, err
			}
			s.stranger = other
		}
		issuer.key = s.stranger.gost.issuing.key
	}
	return issuer.crl(o)
}

// CRLOptions say what is in a list.
type CRLOptions struct {
	Revoked                map[string]Revocation // by serial number
	ThisUpdate, NextUpdate time.Time             // zero NextUpdate: none
	Number, Base           int64                 // Base != 0: a delta to that list
	// Fault: WrongSignature, Truncated, Trailing, OtherIssuer (the name),
	// OtherCertificate (an issuing distribution point: a list of part of the
	// certificates), NoNonce (no number).
	Fault Fault
}

func (a authority) crl(o CRLOptions) ([]byte, error) {
	family := a.certificate.PublicKey.Family
	subject := a.certificate.RawSubject
	if o.Fault == OtherIssuer {
		subject = bytes.ToLower(subject) // ASCII letters of the name only
		if bytes.Equal(subject, a.certificate.RawSubject) {
			return nil, fmt.Errorf("testpki: a name without capitals")
		}
	}
	var tbs cryptobyte.Builder
	tbs.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddBytes(family.SignatureAlgorithm())
		b.AddBytes(subject)
		addTime(b, o.ThisUpdate)
		if !o.NextUpdate.IsZero() {
			addTime(b, o.NextUpdate)
		}
		if len(o.Revoked) > 0 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, serial := range slices.Sorted(maps.Keys(o.Revoked)) {
					addRevoked(b, []byte(serial), o.Revoked[serial])
				}
			})
		}
		b.AddASN1(context0.Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				authorityKeyID(a.certificate.SubjectKeyID).add(b)
				if o.Fault != NoNonce {
					extension{dotted("2.5.29.20"), false, func(b *cryptobyte.Builder) { b.AddASN1Int64(o.Number) }}.add(b)
				}
				if o.Base != 0 {
					extension{dotted("2.5.29.27"), true, func(b *cryptobyte.Builder) { b.AddASN1Int64(o.Base) }}.add(b)
				}
				if o.Fault == OtherCertificate {
					extension{dotted("2.5.29.28"), true, func(b *cryptobyte.Builder) {
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1(context1, func(b *cryptobyte.Builder) { b.AddUint8(0xff) }) // onlyContainsUserCerts
						})
					}}.add(b)
				}
			})
		})
	})
	signed, err := tbs.Bytes()
	if err != nil {
		return nil, fmt.Errorf("testpki: CRL: %w", err)
	}
	h := family.NewHash()
	h.Write(signed)
	signature, err := pki.SignDigest(a.key, nil, h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("testpki: CRL: %w", err)
	}
	if o.Fault == WrongSignature {
		signature[len(signature)/2] ^= 1
	}
	var out cryptobyte.Builder
	out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(signed)
		b.AddBytes(family.SignatureAlgorithm())
		b.AddASN1BitString(signature)
	})
	der, err := out.Bytes()
	switch {
	case err != nil:
		return nil, fmt.Errorf("testpki: CRL: %w", err)
	case o.Fault == Truncated:
		der = der[:len(der)-50]
	case o.Fault == Trailing:
		der = append(der, 0)
	}
	return der, nil
}

func addRevoked(b *cryptobyte.Builder, serial []byte, r Revocation) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(serial) })
		addTime(b, r.At)
		if r.Reason < 0 && r.Invalid.IsZero() {
			return
		}
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if r.Reason >= 0 {
				extension{dotted("2.5.29.21"), false, func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(r.Reason)) }}.add(b)
			}
			if !r.Invalid.IsZero() {
				extension{dotted("2.5.29.24"), false, func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(r.Invalid.UTC()) }}.add(b)
			}
		})
	})
}

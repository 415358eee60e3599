package cms

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"slices"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// craft is a SignedData that the Signer would not write. The zero values are
// what it does write.
type craft struct {
	id         *testpki.Identity
	version    byte // of the SignerInfo
	sid        []byte
	digestAlg  []byte
	sigAlg     []byte
	announced  []byte // content of digestAlgorithms
	attributes [][]byte
	direct     bool // no signed attributes
	asSent     bool // sign the attributes in the order they are sent in
	eContent   pki.OID
	content    []byte
	certs      [][]byte
	signature  func([]byte) []byte
}

func attribute(oid pki.OID, values ...[]byte) []byte {
	return element(tagSequence, mustOID(oid), element(tagSet, values...))
}

func octets(b []byte) []byte { return element(tagOctets, b) }

func digestOf(f pki.Family, b []byte) []byte {
	h := f.NewHash()
	h.Write(b)
	return h.Sum(nil)
}

func (c craft) family() pki.Family { return c.id.Certificate.PublicKey.Family }

// usual attributes in no particular order.
func (c craft) usual() [][]byte {
	hash := c.id.Certificate.Fingerprint()
	return [][]byte{
		attribute(oidContentType, mustOID(oidData)),
		attribute(oidMessageDigest, octets(digestOf(c.family(), content))),
		attribute(oidSigningCertificateV2, element(tagSequence, element(tagSequence, element(tagSequence, octets(hash[:]))))),
	}
}

func (c craft) encode(t testing.TB) []byte {
	t.Helper()
	f := c.family()
	or := func(v, d []byte) []byte {
		if v == nil {
			return d
		}
		return v
	}
	if c.version == 0 {
		c.version = 1
	}
	if c.eContent == nil {
		c.eContent = oidData
	}
	if c.attributes == nil {
		c.attributes = sortedSet(c.usual())
	}
	if c.certs == nil {
		c.certs = [][]byte{c.id.Certificate.Raw}
	}
	inside := or(c.content, content)
	c.digestAlg = or(c.digestAlg, f.DigestAlgorithm())
	sid := or(c.sid, element(tagSequence, c.id.Certificate.RawIssuer, element(tagInteger, c.id.Certificate.RawSerial())))

	toSign, sent := inside, []byte(nil)
	if !c.direct {
		toSign, sent = element(tagSet, sortedSet(c.attributes)...), element(tagContext0, c.attributes...)
		if c.asSent {
			toSign = element(tagSet, c.attributes...)
		}
	}
	signature, err := pki.SignDigest(c.id.Key, nil, digestOf(f, toSign))
	if err != nil {
		t.Fatal(err)
	}
	if c.signature != nil {
		signature = c.signature(signature)
	}
	info := element(tagSequence, []byte{tagInteger, 1, c.version}, sid, c.digestAlg, sent, or(c.sigAlg, f.SignatureAlgorithm()), octets(signature))
	return element(tagSequence, signedDataType, element(tagContext0, element(tagSequence,
		[]byte{tagInteger, 1, 1},
		element(tagSet, or(c.announced, c.digestAlg)),
		element(tagSequence, mustOID(c.eContent), element(tagContext0, octets(inside))),
		element(tagContext0, c.certs...),
		element(tagSet, info))))
}

func bare(oid pki.OID, parameters ...[]byte) []byte {
	return element(tagSequence, append([][]byte{mustOID(oid)}, parameters...)...)
}

var null = []byte{tagNull, 0}

// What others write and what nobody should, one thing at a time.
func TestVerifyCrafted(t *testing.T) {
	gost, rsa, old := identity(t, pki.GOST512, 0), identity(t, pki.RSA, 0), identity(t, pki.GOST2004, 0)
	other := identity(t, pki.GOST512, 1)
	usual := func(id *testpki.Identity) [][]byte { return craft{id: id}.usual() }
	replaced := func(i int, with ...[]byte) [][]byte {
		return slices.Concat(usual(gost)[:i], with, usual(gost)[i+1:])
	}
	with := func(a ...[]byte) [][]byte { return append(usual(gost), a...) }
	reversed := sortedSet(usual(gost))
	slices.Reverse(reversed)
	names := element(tagSequence, element(0xa4, gost.Certificate.RawIssuer))
	certHash := gost.Certificate.Fingerprint()
	sha1Hash := sha1.Sum(gost.Certificate.Raw)
	essV2 := func(fields ...[]byte) []byte {
		return attribute(oidSigningCertificateV2, element(tagSequence, element(tagSequence, element(tagSequence, fields...))))
	}
	essV1 := func(fields ...[]byte) []byte {
		return attribute(oidSigningCertificate, element(tagSequence, element(tagSequence, element(tagSequence, fields...))))
	}
	serial := func(c *pki.Certificate) []byte { return element(tagInteger, c.RawSerial()) }
	protection := func(digest, signature pki.OID) []byte {
		return attribute(oidAlgorithmProtection, element(tagSequence, bare(digest, null), element(tagContext1, mustOID(signature))))
	}
	message := attribute(oidMessageDigest, octets(digestOf(pki.GOST512, content)))

	for _, tt := range []struct {
		name string
		c    craft
		want error // nil: good
	}{
		{"as we write it", craft{id: gost}, nil},

		// Forms of others
		{"attributes sent out of order, signed in order", craft{id: gost, attributes: reversed}, nil},
		{"key identifier as signature algorithm (C library)", craft{id: old, sigAlg: bare(pki.OIDKey2004, null)}, nil},
		{"rsaEncryption as signature algorithm (C library)", craft{id: rsa, sigAlg: bare(pki.OIDRSA, null)}, nil},
		{"hash without NULL (C library)", craft{id: rsa, digestAlg: bare(pki.OIDSHA256)}, nil},
		{"signature algorithm without NULL", craft{id: gost, sigAlg: bare(pki.OIDSignature512)}, nil},
		{"Gamma identifiers", craft{id: old, digestAlg: bare(pki.OIDGammaHash, null), sigAlg: bare(pki.OIDGammaSignature, null)}, nil},
		{"signer by key identifier", craft{id: gost, version: 3, sid: element(tagPrimitive, gost.Certificate.SubjectKeyID)}, nil},
		{"no signing certificate attribute", craft{id: gost, attributes: replaced(2)}, nil},
		{"signing certificate v1", craft{id: gost, attributes: replaced(2, essV1(octets(sha1Hash[:])))}, nil},
		{"signing certificate v1 with issuer and serial", craft{id: gost, attributes: replaced(2, essV1(octets(sha1Hash[:]), element(tagSequence, names, serial(gost.Certificate))))}, nil},
		{"signing certificate by Streebog", craft{id: gost, attributes: replaced(2, essV2(pki.GOST512.DigestAlgorithm(), octets(digestOf(pki.GOST512, gost.Certificate.Raw))))}, nil},
		{"both versions", craft{id: gost, attributes: with(essV1(octets(sha1Hash[:])))}, nil},
		{"CMSAlgorithmProtection", craft{id: gost, attributes: with(protection(pki.OIDHash512, pki.OIDSignature512))}, nil},
		{"unknown attribute", craft{id: gost, attributes: with(attribute(pki.OID{1, 2, 3}, null))}, nil},
		{"without attributes", craft{id: gost, direct: true}, nil},
		{"certificate of another first", craft{id: gost, certs: [][]byte{other.Certificate.Raw, gost.Certificate.Raw}}, nil},
		{"certificate of a kind not read", craft{id: gost, certs: [][]byte{element(tagContext1, null), gost.Certificate.Raw}}, nil},

		// Attributes
		{"signed in the order sent", craft{id: gost, attributes: reversed, asSent: true}, ErrSignature},
		{"no messageDigest", craft{id: gost, attributes: replaced(1)}, ErrAttributes},
		{"no contentType", craft{id: gost, attributes: replaced(0)}, ErrAttributes},
		{"empty set", craft{id: gost, attributes: [][]byte{}}, ErrAttributes},
		{"messageDigest twice", craft{id: gost, attributes: with(message)}, ErrAttributes},
		{"messageDigest with two values", craft{id: gost, attributes: replaced(1, attribute(oidMessageDigest, octets(digestOf(pki.GOST512, content)), octets([]byte{1})))}, ErrAttributes},
		{"messageDigest without value", craft{id: gost, attributes: replaced(1, attribute(oidMessageDigest))}, ErrAttributes},
		{"messageDigest of another type", craft{id: gost, attributes: replaced(1, attribute(oidMessageDigest, null))}, ErrAttributes},
		{"contentType of another content", craft{id: gost, attributes: replaced(0, attribute(oidContentType, mustOID(oidSignedData)))}, ErrAttributes},
		{"signingTime with an offset", craft{id: gost, attributes: with(attribute(oidSigningTime, element(tagUTCTime, []byte("261123102030+0500"))))}, ErrAttributes},
		{"signingTime with a fraction", craft{id: gost, attributes: with(attribute(oidSigningTime, element(tagGenTime, []byte("20261123102030.5Z"))))}, ErrAttributes},
		{"signingTime on 30 February", craft{id: gost, attributes: with(attribute(oidSigningTime, element(tagUTCTime, []byte("260230102030Z"))))}, ErrAttributes},
		{"CMSAlgorithmProtection names another hash", craft{id: gost, attributes: with(protection(pki.OIDSHA256, pki.OIDSignature512))}, ErrAttributes},
		{"CMSAlgorithmProtection names another signature", craft{id: gost, attributes: with(protection(pki.OIDHash512, pki.OIDSHA256WithRSA))}, ErrAttributes},
		{"content of another type than the attribute", craft{id: gost, eContent: oidSignedData}, ErrAttributes},
		{"without attributes, content not data", craft{id: gost, direct: true, eContent: oidSignedData}, ErrAttributes},

		// Signing certificate
		{"another certificate meant", craft{id: gost, attributes: usual(other)}, ErrSigningCertificate},
		{"right v2, wrong v1", craft{id: gost, attributes: with(essV1(octets(certHash[:20])))}, ErrSigningCertificate},
		{"unknown hash of the certificate", craft{id: gost, attributes: replaced(2, essV2(bare(pki.OID{1, 2, 3}), octets(certHash[:])))}, ErrSigningCertificate},
		{"another serial number", craft{id: gost, attributes: replaced(2, essV2(octets(certHash[:]), element(tagSequence, names, serial(other.Certificate))))}, ErrSigningCertificate},
		{"no certificate in it", craft{id: gost, attributes: replaced(2, attribute(oidSigningCertificateV2, element(tagSequence, element(tagSequence))))}, ErrSigningCertificate},

		// Certificates
		{"no certificate", craft{id: gost, certs: [][]byte{}}, ErrNoCertificate},
		{"only another's", craft{id: gost, certs: [][]byte{other.Certificate.Raw}}, ErrNoCertificate},
		{"another's named", craft{id: gost, certs: [][]byte{other.Certificate.Raw}, attributes: replaced(2), sid: element(tagSequence, other.Certificate.RawIssuer, serial(other.Certificate))}, ErrSignature},

		// Algorithms
		{"hash of another family", craft{id: gost, digestAlg: pki.RSA.DigestAlgorithm()}, ErrAlgorithm},
		{"signature of another family", craft{id: gost, sigAlg: pki.RSA.SignatureAlgorithm()}, ErrAlgorithm},
		{"both of another family than the key", craft{id: gost, digestAlg: pki.RSA.DigestAlgorithm(), sigAlg: pki.RSA.SignatureAlgorithm()}, ErrAlgorithm},
		{"256-bit algorithms, 2004 key", craft{id: old, digestAlg: pki.GOST256.DigestAlgorithm(), sigAlg: pki.GOST256.SignatureAlgorithm()}, ErrAlgorithm},
		{"unknown hash", craft{id: gost, digestAlg: bare(pki.OIDSHA1, null)}, ErrAlgorithm},
		{"SHA-1 with RSA", craft{id: rsa, digestAlg: bare(pki.OIDSHA1, null), sigAlg: bare(pki.OIDSHA1WithRSA, null)}, ErrAlgorithm},
		{"hash with parameters", craft{id: gost, digestAlg: bare(pki.OIDHash512, octets(nil))}, ErrAlgorithm},
		{"signature with parameters", craft{id: gost, sigAlg: bare(pki.OIDSignature512, element(tagSequence))}, ErrAlgorithm},
		{"hash not announced", craft{id: gost, announced: pki.RSA.DigestAlgorithm()}, ErrAlgorithm},
		{"no hash announced", craft{id: gost, announced: []byte{}}, ErrAlgorithm},

		// Signature and content
		{"signature cut", craft{id: gost, signature: func(s []byte) []byte { return s[:127] }}, ErrSignature},
		{"signature longer", craft{id: gost, signature: func(s []byte) []byte { return append(s, 0) }}, ErrSignature},
		{"signature zero", craft{id: gost, signature: func(s []byte) []byte { return make([]byte, len(s)) }}, ErrSignature},
		{"signature empty", craft{id: rsa, signature: func([]byte) []byte { return nil }}, ErrSignature},
		{"octets reversed (RFC 9215)", craft{id: gost, signature: func(s []byte) []byte { slices.Reverse(s); return s }}, ErrSignature},
		{"other content", craft{id: gost, content: []byte("other")}, ErrDigestMismatch},
		{"attributes as the content", craft{id: gost, direct: true, content: element(tagSet, sortedSet(usual(gost))...)}, ErrAttributes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verdicts, err := mustParse(t, tt.c.encode(t)).Verify(nil)
			if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if len(verdicts) != 1 || !errors.Is(verdicts[0].Err, tt.want) {
				t.Errorf("verdicts %+v", verdicts)
			}
		})
	}
}

// One bad signer does not spoil the verdict on the others, nor the other way
// round.
func TestEachSignerOnItsOwn(t *testing.T) {
	der := sign(t, signer(t, pki.GOST512, 0), Options{})
	good := mustParse(t, der).Signers[0].Raw
	der, err := signer(t, pki.RSA, 0).AddTo(der, nil, Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	sd := mustParse(t, der)
	var rsa *SignerInfo
	for _, si := range sd.Signers {
		if !bytes.Equal(si.Raw, good) {
			rsa = si
		}
	}
	at := bytes.Index(der, rsa.Signature)
	verdicts, err := mustParse(t, flip(der, at)).Verify(nil)
	if !errors.Is(err, ErrSignature) {
		t.Errorf("altogether: %v", err)
	}
	for i, v := range verdicts {
		if bytes.Equal(v.Signer.Raw, good) {
			if v.Err != nil {
				t.Errorf("the good one: %v", v.Err)
			}
		} else if !errors.Is(v.Err, ErrSignature) {
			t.Errorf("the bad one: %v", v.Err)
		} else if want := fmt.Sprintf("signer %d: cms: wrong signature: signature does not verify", i+1); err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

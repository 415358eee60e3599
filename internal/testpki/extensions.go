package testpki

import (
	"math/bits"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

var (
	context0 = cbasn1.Tag(0).ContextSpecific()
	context1 = cbasn1.Tag(1).ContextSpecific()
	context2 = cbasn1.Tag(2).ContextSpecific()
	context4 = cbasn1.Tag(4).ContextSpecific().Constructed()
	context6 = cbasn1.Tag(6).ContextSpecific()
)

const practice = DefaultURL + "/cps"

// caExtensions is the set of the national CA certificates. The addresses are
// empty for a root.
func caExtensions(keyID, issuerKeyID []byte, issuer pki.Name, issuerSerial []byte, policy, crl, certificate string) []extension {
	list := []extension{
		{pki.OIDBasicConstraints, true, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Boolean(true) })
		}},
		keyUsage(pki.KeyCertSign|pki.CRLSign, true),
	}
	if crl != "" {
		list = append(list, points(pki.OIDCRLPoints, crl))
	}
	list = append(list, subjectKeyID(keyID), extension{pki.OIDAuthorityKeyID, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddBytes(issuerKeyID) })
			b.AddASN1(context1.Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(context4, func(b *cryptobyte.Builder) { b.AddBytes(issuer.Raw()) })
			})
			b.AddASN1(context2, func(b *cryptobyte.Builder) { b.AddBytes(issuerSerial) })
		})
	}})
	if certificate != "" {
		list = append(list, authorityInfo("", certificate))
	}
	return append(list, policies(policy))
}

func keyUsage(usage pki.KeyUsage, critical bool) extension {
	return extension{pki.OIDKeyUsage, critical, func(b *cryptobyte.Builder) {
		// KeyUsage counts from bit 0 as the standard does; octets go the other way.
		octets := []byte{bits.Reverse8(uint8(usage)), bits.Reverse8(uint8(usage >> 8))}
		if octets[1] == 0 {
			octets = octets[:1]
		}
		unused := bits.TrailingZeros8(octets[len(octets)-1])
		b.AddASN1(cbasn1.BIT_STRING, func(b *cryptobyte.Builder) {
			b.AddUint8(uint8(unused))
			b.AddBytes(octets)
		})
	}}
}

func subjectKeyID(keyID []byte) extension {
	return extension{pki.OIDSubjectKeyID, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(keyID) }}
}

func authorityKeyID(keyID []byte) extension {
	return extension{pki.OIDAuthorityKeyID, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddBytes(keyID) })
		})
	}}
}

func extKeyUsage(critical bool, usages ...pki.OID) extension {
	return extension{pki.OIDExtKeyUsage, critical, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, oid := range usages {
				b.AddASN1ObjectIdentifier(oid)
			}
		})
	}}
}

func policies(policy string) extension {
	return extension{pki.OIDPolicies, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(dotted(policy))
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(pki.OIDQualifierCPS)
						addText(b, cbasn1.IA5String, practice)
					})
				})
			})
		})
	}}
}

func authorityInfo(ocsp, issuer string) extension {
	return extension{pki.OIDAuthorityInfo, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, access := range []struct {
				method pki.OID
				url    string
			}{{pki.OIDAccessOCSP, ocsp}, {pki.OIDAccessCAIssuers, issuer}} {
				if access.url == "" {
					continue
				}
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(access.method)
					addText(b, context6, access.url)
				})
			}
		})
	}}
}

func points(oid pki.OID, url string) extension {
	return extension{oid, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(context0.Constructed(), func(b *cryptobyte.Builder) {
					b.AddASN1(context0.Constructed(), func(b *cryptobyte.Builder) { addText(b, context6, url) })
				})
			})
		})
	}}
}

func subjectAltName(email string) extension {
	return extension{pki.OIDSubjectAltName, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addText(b, context1, email) })
	}}
}

func keyStoreInfo() extension {
	return extension{pki.OIDKeyStoreInfo, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(pki.OIDStorePKCS12) })
	}}
}

func ocspNoCheck() extension {
	return extension{pki.OIDOCSPNoCheck, false, func(b *cryptobyte.Builder) { b.AddASN1NULL() }}
}

func addText(b *cryptobyte.Builder, tag cbasn1.Tag, text string) {
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
}

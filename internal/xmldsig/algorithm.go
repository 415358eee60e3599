package xmldsig

import (
	"fmt"

	"tanba/internal/pki"
)

const (
	nsDSig  = "http://www.w3.org/2000/09/xmldsig#"
	nsXAdES = "http://uri.etsi.org/01903/v1.3.2#"
	nsWSSE  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

	algorithmEnveloped     = nsDSig + "enveloped-signature"
	algorithmC14N          = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	algorithmC14NComments  = algorithmC14N + "#WithComments"
	algorithmExcC14N       = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algorithmExcC14NRemark = algorithmExcC14N + "WithComments"

	typeSignedProperties = "http://uri.etsi.org/01903#SignedProperties"
)

// algorithms names the signature and the hash of each family, as the vendor's
// Santuario adapter registers them.
type algorithms struct {
	family            pki.Family
	signature, digest string
}

const (
	gov  = "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:"
	more = "http://www.w3.org/2001/04/xmldsig-more#"
)

var families = []algorithms{
	{pki.GOST512, gov + "gostr34102015-gostr34112015-512", gov + "gostr34112015-512"},
	{pki.GOST256, gov + "gostr34102015-gostr34112015-256", gov + "gostr34112015-256"},
	{pki.GOST2004, more + "gost34310-gost34311", more + "gost34311"},
	{pki.RSA, more + "rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"},
}

func algorithmsOf(f pki.Family) (algorithms, bool) {
	for _, a := range families {
		if a.family == f {
			return a, true
		}
	}
	return algorithms{}, false
}

func familyOfSignature(uri []byte) (pki.Family, error) {
	for _, a := range families {
		if a.signature == string(uri) {
			return a.family, nil
		}
	}
	return 0, fmt.Errorf("%w: signature %q", ErrAlgorithm, uri)
}

func familyOfDigest(uri []byte) (pki.Family, error) {
	for _, a := range families {
		if a.digest == string(uri) {
			return a.family, nil
		}
	}
	return 0, fmt.Errorf("%w: digest %q", ErrAlgorithm, uri)
}

// methodOf is the canonicalization an identifier means.
func methodOf(uri []byte) (m Method, ok bool) {
	switch string(uri) {
	case algorithmC14N:
		return Method{}, true
	case algorithmC14NComments:
		return Method{Comments: true}, true
	case algorithmExcC14N:
		return Method{Exclusive: true}, true
	case algorithmExcC14NRemark:
		return Method{Exclusive: true, Comments: true}, true
	}
	return Method{}, false
}

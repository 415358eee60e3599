package pki

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxListed bounds every list inside an extension.
const maxListed = 64

// readers of the extensions this package understands. Whether an extension is
// critical makes no difference to them: national certificates of 2024 and 2026
// have it the other way round.
var extensionReaders = map[string]func(*Certificate, cryptobyte.String) bool{
	OIDBasicConstraints.String(): (*Certificate).readBasicConstraints,
	OIDKeyUsage.String():         (*Certificate).readKeyUsage,
	OIDExtKeyUsage.String():      (*Certificate).readExtKeyUsage,
	OIDSubjectKeyID.String():     (*Certificate).readSubjectKeyID,
	OIDAuthorityKeyID.String():   (*Certificate).readAuthorityKeyID,
	OIDPolicies.String():         (*Certificate).readPolicies,
	OIDAuthorityInfo.String():    (*Certificate).readAuthorityInfo,
	OIDSubjectAltName.String():   (*Certificate).readSubjectAltName,
	OIDKeyStoreInfo.String():     (*Certificate).readKeyStoreInfo,
	OIDCRLPoints.String(): func(c *Certificate, in cryptobyte.String) bool {
		return readPoints(in, &c.CRLs)
	},
	OIDFreshestCRL.String(): func(c *Certificate, in cryptobyte.String) bool {
		return readPoints(in, &c.DeltaCRLs)
	},
	OIDOCSPNoCheck.String(): func(c *Certificate, in cryptobyte.String) bool {
		// RFC 6960 wants NULL; the responders of the old test system have nothing.
		var null cryptobyte.String
		c.NoOCSPCheck = in.Empty() || in.ReadASN1(&null, cbasn1.NULL) && null.Empty() && in.Empty()
		return c.NoOCSPCheck
	},
}

func (c *Certificate) parseExtensions(in cryptobyte.String) error {
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) || !in.Empty() || list.Empty() {
		return fmt.Errorf("extensions: %w", ErrMalformed)
	}
	seen := map[string]bool{}
	for !list.Empty() {
		var extension, value cryptobyte.String
		var oid OID
		var critical bool
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) ||
			!extension.ReadASN1ObjectIdentifier(&oid) ||
			!readDefaultFalse(&extension, &critical) ||
			!extension.ReadASN1(&value, cbasn1.OCTET_STRING) || !extension.Empty() {
			return fmt.Errorf("extensions: %w", ErrMalformed)
		}
		id := oid.String()
		if seen[id] || len(seen) == maxExtensions {
			return fmt.Errorf("extension %s again, or too many: %w", id, ErrMalformed)
		}
		seen[id] = true
		read := extensionReaders[id]
		switch {
		case read != nil && !read(c, value):
			return fmt.Errorf("extension %s: %w", id, ErrMalformed)
		case read == nil && critical:
			c.constraints = append(c.constraints, "critical extension "+id)
		case oid.Equal(OIDNameConstraints):
			// Not checked here, so a path must not rely on it being there.
			c.constraints = append(c.constraints, "name constraints")
		}
	}
	return nil
}

// readDefaultFalse reads BOOLEAN DEFAULT FALSE. FALSE written out is not DER,
// but met, and means the same.
func readDefaultFalse(in *cryptobyte.String, out *bool) bool {
	*out = false
	return !in.PeekASN1Tag(cbasn1.BOOLEAN) || in.ReadASN1Boolean(out)
}

func (c *Certificate) readBasicConstraints(in cryptobyte.String) bool {
	var content cryptobyte.String
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) || !in.Empty() ||
		!readDefaultFalse(&content, &c.IsCA) {
		return false
	}
	if !content.Empty() && (!content.ReadASN1Integer(&c.PathLen) || c.PathLen < 0 || !c.IsCA) {
		return false
	}
	return content.Empty()
}

func (c *Certificate) readKeyUsage(in cryptobyte.String) bool {
	var content cryptobyte.String
	if !in.ReadASN1(&content, cbasn1.BIT_STRING) || !in.Empty() ||
		len(content) < 1 || len(content) > 3 || content[0] > 7 {
		return false
	}
	c.HasKeyUsage = true
	for i, octet := range content[1:] {
		for bit := range 8 {
			if octet&(0x80>>bit) != 0 {
				c.KeyUsage |= 1 << (8*i + bit)
			}
		}
	}
	return true
}

func (c *Certificate) readExtKeyUsage(in cryptobyte.String) bool {
	var content cryptobyte.String
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) || !in.Empty() {
		return false
	}
	for !content.Empty() {
		var oid OID
		if !content.ReadASN1ObjectIdentifier(&oid) || len(c.ExtKeyUsage) == maxListed {
			return false
		}
		c.ExtKeyUsage = append(c.ExtKeyUsage, oid.String())
	}
	return true
}

func (c *Certificate) readSubjectKeyID(in cryptobyte.String) bool {
	return in.ReadASN1((*cryptobyte.String)(&c.SubjectKeyID), cbasn1.OCTET_STRING) && in.Empty() &&
		len(c.SubjectKeyID) > 0 && len(c.SubjectKeyID) <= maxSerial
}

// readAuthorityKeyID takes the key identifier. The issuer and serial number
// that CA certificates add name a certificate; a path is built on keys.
func (c *Certificate) readAuthorityKeyID(in cryptobyte.String) bool {
	var content, id cryptobyte.String
	var present bool
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) || !in.Empty() ||
		!content.ReadOptionalASN1(&id, &present, cbasn1.Tag(0).ContextSpecific()) ||
		present && (len(id) == 0 || len(id) > maxSerial) ||
		!content.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific().Constructed()) ||
		!content.SkipOptionalASN1(cbasn1.Tag(2).ContextSpecific()) || !content.Empty() {
		return false
	}
	c.AuthorityKeyID = id
	return true
}

func (c *Certificate) readPolicies(in cryptobyte.String) bool {
	var content cryptobyte.String
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) || !in.Empty() {
		return false
	}
	for !content.Empty() {
		var policy cryptobyte.String
		var oid OID
		if !content.ReadASN1(&policy, cbasn1.SEQUENCE) ||
			!policy.ReadASN1ObjectIdentifier(&oid) ||
			!policy.SkipOptionalASN1(cbasn1.SEQUENCE) || !policy.Empty() ||
			len(c.Policies) == maxListed {
			return false
		}
		c.Policies = append(c.Policies, oid.String())
	}
	return true
}

func (c *Certificate) readAuthorityInfo(in cryptobyte.String) bool {
	var content cryptobyte.String
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) || !in.Empty() {
		return false
	}
	for n := 0; !content.Empty(); n++ {
		var access, location cryptobyte.String
		var method OID
		var tag cbasn1.Tag
		if !content.ReadASN1(&access, cbasn1.SEQUENCE) ||
			!access.ReadASN1ObjectIdentifier(&method) ||
			!access.ReadAnyASN1(&location, &tag) || !access.Empty() || n == maxListed {
			return false
		}
		if tag != tagURI {
			continue
		}
		switch {
		case method.Equal(OIDAccessOCSP):
			addURLs(&c.OCSP, location)
		case method.Equal(OIDAccessCAIssuers):
			addURLs(&c.IssuerURLs, location)
		}
	}
	return true
}

func (c *Certificate) readSubjectAltName(in cryptobyte.String) bool {
	var content cryptobyte.String
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) || !in.Empty() {
		return false
	}
	for n := 0; !content.Empty(); n++ {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if !content.ReadAnyASN1(&name, &tag) || n == maxListed {
			return false
		}
		if tag != tagRFC822 {
			continue
		}
		text, _, ok := decodeString(cbasn1.IA5String, name)
		if !ok {
			return false
		}
		c.Emails = append(c.Emails, text)
	}
	return true
}

func (c *Certificate) readKeyStoreInfo(in cryptobyte.String) bool {
	var content cryptobyte.String
	var oid OID
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) || !in.Empty() || !content.ReadASN1ObjectIdentifier(&oid) {
		return false
	}
	// A request has the path of the store behind it; an issued one has not.
	c.StoreOID = oid.String()
	return true
}

// Tags of GeneralName.
var (
	tagRFC822 = cbasn1.Tag(1).ContextSpecific()
	tagURI    = cbasn1.Tag(6).ContextSpecific()
)

// readPoints collects the URLs of distribution points.
func readPoints(in cryptobyte.String, urls *[]string) bool {
	var points cryptobyte.String
	if !in.ReadASN1(&points, cbasn1.SEQUENCE) || !in.Empty() {
		return false
	}
	constructed0 := cbasn1.Tag(0).ContextSpecific().Constructed()
	for n := 0; !points.Empty(); n++ {
		var point, name, full cryptobyte.String
		var named, isFull bool
		if !points.ReadASN1(&point, cbasn1.SEQUENCE) || n == maxListed ||
			!point.ReadOptionalASN1(&name, &named, constructed0) ||
			!point.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific()) || // reasons
			!point.SkipOptionalASN1(cbasn1.Tag(2).ContextSpecific().Constructed()) || // cRLIssuer
			!point.Empty() {
			return false
		}
		if !named {
			continue
		}
		if !name.ReadOptionalASN1(&full, &isFull, constructed0) {
			return false
		}
		for m := 0; !full.Empty(); m++ {
			var value cryptobyte.String
			var tag cbasn1.Tag
			if !full.ReadAnyASN1(&value, &tag) || m == maxListed {
				return false
			}
			if tag == tagURI {
				addURLs(urls, value)
			}
		}
	}
	return true
}

// addURLs takes apart what stands in one URI. The issuing certificates of 2018
// have two there: a line break, spaces and "URL=" before the second. Others
// name the same address twice.
func addURLs(urls *[]string, value []byte) {
	text, _, ok := decodeString(cbasn1.IA5String, value)
	if !ok {
		return
	}
	for field := range strings.FieldsSeq(text) {
		url := strings.TrimPrefix(field, "URL=")
		if !slices.Contains(*urls, url) && len(*urls) < maxListed {
			*urls = append(*urls, url)
		}
	}
}

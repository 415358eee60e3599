package pki

import (
	"encoding/asn1"
	"strconv"
	"strings"
)

// OID is an object identifier.
type OID = asn1.ObjectIdentifier

// Object identifiers of the national arcs 1.2.398.3.10 (algorithms) and
// 1.2.398.3.3 (certificates), read from real certificates and signatures.
var (
	// GOST R 34.10-2015 with 512-bit keys.
	OIDKey512       = OID{1, 2, 398, 3, 10, 1, 1, 2, 2}
	OIDCurve512A    = OID{1, 2, 398, 3, 10, 1, 1, 2, 2, 1}
	OIDSignature512 = OID{1, 2, 398, 3, 10, 1, 1, 2, 3, 2}
	OIDHash512      = OID{1, 2, 398, 3, 10, 1, 3, 3}

	// GOST R 34.10-2015 with 256-bit keys. The provider knows it; nobody has
	// seen a certificate issued with it.
	OIDKey256       = OID{1, 2, 398, 3, 10, 1, 1, 2, 1}
	OIDCurve256A    = OID{1, 2, 398, 3, 10, 1, 1, 2, 1, 1}
	OIDSignature256 = OID{1, 2, 398, 3, 10, 1, 1, 2, 3, 1}
	OIDHash256      = OID{1, 2, 398, 3, 10, 1, 3, 2}

	// GOST 34.310-2004 with the hash 34.311-95.
	OIDKey2004       = OID{1, 2, 398, 3, 10, 1, 1, 1, 1}
	OIDCurve2004A    = OID{1, 2, 398, 3, 10, 1, 1, 1, 1, 1}
	OIDSignature2004 = OID{1, 2, 398, 3, 10, 1, 1, 1, 2}
	OIDHash95        = OID{1, 2, 398, 3, 10, 1, 3, 1}
	OIDHash95Params  = OID{1, 2, 398, 3, 10, 1, 3, 1, 1, 0} // the D-Test S-box

	// The same 2004 family under the numbers of the Gamma company (Tumar).
	OIDGammaKey       = OID{1, 3, 6, 1, 4, 1, 6801, 1, 5, 8}
	OIDGammaHash      = OID{1, 3, 6, 1, 4, 1, 6801, 1, 2, 1}
	OIDGammaSignature = OID{1, 3, 6, 1, 4, 1, 6801, 1, 2, 2}

	OIDRSA           = OID{1, 2, 840, 113549, 1, 1, 1}
	OIDSHA256WithRSA = OID{1, 2, 840, 113549, 1, 1, 11}
	OIDSHA384WithRSA = OID{1, 2, 840, 113549, 1, 1, 12}
	OIDSHA512WithRSA = OID{1, 2, 840, 113549, 1, 1, 13}
	OIDSHA1WithRSA   = OID{1, 2, 840, 113549, 1, 1, 5}
	OIDMD5WithRSA    = OID{1, 2, 840, 113549, 1, 1, 4}
	OIDSHA1          = OID{1, 3, 14, 3, 2, 26}
	OIDSHA256        = OID{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// Name attributes. GIVENNAME of a national certificate holds the patronymic.
var (
	OIDCommonName       = OID{2, 5, 4, 3}
	OIDSurname          = OID{2, 5, 4, 4}
	OIDSerialNumber     = OID{2, 5, 4, 5}
	OIDCountry          = OID{2, 5, 4, 6}
	OIDLocality         = OID{2, 5, 4, 7}
	OIDState            = OID{2, 5, 4, 8}
	OIDStreet           = OID{2, 5, 4, 9}
	OIDOrganization     = OID{2, 5, 4, 10}
	OIDOrganizationUnit = OID{2, 5, 4, 11}
	OIDTitle            = OID{2, 5, 4, 12}
	OIDBusinessCategory = OID{2, 5, 4, 15}
	OIDGivenName        = OID{2, 5, 4, 42}
	OIDEmail            = OID{1, 2, 840, 113549, 1, 9, 1}
	OIDUserID           = OID{0, 9, 2342, 19200300, 100, 1, 1}
	OIDDomainComponent  = OID{0, 9, 2342, 19200300, 100, 1, 25}
)

// Certificate extensions and what stands inside them.
var (
	OIDSubjectKeyID     = OID{2, 5, 29, 14}
	OIDKeyUsage         = OID{2, 5, 29, 15}
	OIDSubjectAltName   = OID{2, 5, 29, 17}
	OIDBasicConstraints = OID{2, 5, 29, 19}
	OIDNameConstraints  = OID{2, 5, 29, 30}
	OIDCRLPoints        = OID{2, 5, 29, 31}
	OIDPolicies         = OID{2, 5, 29, 32}
	OIDAuthorityKeyID   = OID{2, 5, 29, 35}
	OIDExtKeyUsage      = OID{2, 5, 29, 37}
	OIDFreshestCRL      = OID{2, 5, 29, 46}
	OIDAuthorityInfo    = OID{1, 3, 6, 1, 5, 5, 7, 1, 1}
	OIDAccessOCSP       = OID{1, 3, 6, 1, 5, 5, 7, 48, 1}
	OIDAccessCAIssuers  = OID{1, 3, 6, 1, 5, 5, 7, 48, 2}
	OIDOCSPNoCheck      = OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	OIDQualifierCPS     = OID{1, 3, 6, 1, 5, 5, 7, 2, 1}
	OIDKeyStoreInfo     = OID{1, 2, 398, 3, 3, 5}
	OIDStorePKCS12      = OID{1, 2, 398, 3, 3, 5, 1, 1}
)

// Extended key usages and policies, in the dotted form of
// Certificate.ExtKeyUsage and Certificate.Policies.
const (
	UsageClientAuth      = "1.3.6.1.5.5.7.3.2"
	UsageEmailProtection = "1.3.6.1.5.5.7.3.4"
	UsageTimeStamping    = "1.3.6.1.5.5.7.3.8"
	UsageOCSPSigning     = "1.3.6.1.5.5.7.3.9"

	UsageIndividual       = "1.2.398.3.3.4.1.1"
	UsageIndividualSystem = "1.2.398.3.3.4.1.1.1"
	UsageOrganisation     = "1.2.398.3.3.4.1.2"
	UsageHead             = "1.2.398.3.3.4.1.2.1"
	UsageSign             = "1.2.398.3.3.4.1.2.2"
	UsageFinance          = "1.2.398.3.3.4.1.2.3"
	UsageHR               = "1.2.398.3.3.4.1.2.4"
	UsageEmployee         = "1.2.398.3.3.4.1.2.5"
	UsageSystem           = "1.2.398.3.3.4.1.2.6"
	UsageTreasury         = "1.2.398.5.19.1.2.2.1"
	UsageNotary           = "1.2.398.6.1.1.1.1"
	UsageNCAAdmin         = "1.2.398.3.3.4.2.1"
	UsageNCAManager       = "1.2.398.3.3.4.2.2"
	UsageNCAOperator      = "1.2.398.3.3.4.2.3"

	// PolicyCombined is the policy of certificates since 2022, whose one key
	// serves for authentication and for signatures. The older pairs have an arc
	// below it: .1 and .3 signature, .2 and .4 authentication, of an
	// organisation and of a person.
	PolicyCombined     = "1.2.398.3.3.2"
	PolicySignOrg      = "1.2.398.3.3.2.1"
	PolicyAuthOrg      = "1.2.398.3.3.2.2"
	PolicySignPerson   = "1.2.398.3.3.2.3"
	PolicyAuthPerson   = "1.2.398.3.3.2.4"
	PolicyTimeStamping = "1.2.398.3.3.2.6"
	PolicyRoot         = "1.2.398.3.1.2"
)

// ParseOID reads the dotted form of an object identifier.
func ParseOID(text string) (OID, bool) {
	var oid OID
	for arc := range strings.SplitSeq(text, ".") {
		n, err := strconv.ParseUint(arc, 10, 31)
		if err != nil || len(oid) == 64 {
			return nil, false
		}
		oid = append(oid, int(n))
	}
	if len(oid) < 2 || oid[0] > 2 || oid[0] < 2 && oid[1] > 39 {
		return nil, false
	}
	return oid, true
}

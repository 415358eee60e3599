package pki_test

import (
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"testing"

	"tanba/internal/pki"
)

func TestNameString(t *testing.T) {
	a := func(oid pki.OID, value string) pki.Attribute { return pki.Attribute{Type: oid, Value: value} }
	for _, test := range []struct {
		name string
		in   []pki.Attribute
		want string
	}{
		{"person", []pki.Attribute{
			a(pki.OIDCommonName, "ТЕСТОВ ТЕСТ"), a(pki.OIDSurname, "ТЕСТОВ"), a(pki.OIDSerialNumber, "IIN123456789011"),
			a(pki.OIDCountry, "KZ"), a(pki.OIDLocality, "АЛМАТЫ"), a(pki.OIDState, "АЛМАТЫ"), a(pki.OIDGivenName, "ТЕСТОВИЧ"),
		}, "CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,SERIALNUMBER=IIN123456789011,C=KZ,L=АЛМАТЫ,ST=АЛМАТЫ,GIVENNAME=ТЕСТОВИЧ"},
		{"treasury", []pki.Attribute{
			a(pki.OIDDomainComponent, "ROLE01"), a(pki.OIDCommonName, "Т"), a(pki.OIDOrganization, `АО "ТЕСТ"`),
			a(pki.OIDOrganizationUnit, "BIN123456789021"), a(pki.OIDBusinessCategory, "KS00228"), a(pki.OIDEmail, "a@b.kz"), a(pki.OIDUserID, "1.2"),
		}, `DC=ROLE01,CN=Т,O=АО \"ТЕСТ\",OU=BIN123456789021,BusinessCategory=KS00228,E=a@b.kz,UID=1.2`},
		{"separators", []pki.Attribute{a(pki.OIDCommonName, `a,b+c=d<e>f;g\h"i`)}, `CN=a\,b\+c\=d\<e\>f\;g\\h\"i`},
		{"spaces at the ends", []pki.Attribute{a(pki.OIDCommonName, "  a b ")}, `CN=\ \ a b\ `},
		{"only spaces", []pki.Attribute{a(pki.OIDCommonName, "  ")}, `CN=\ \ `},
		{"number sign", []pki.Attribute{a(pki.OIDCommonName, "#1#")}, `CN=\#1#`},
		{"unknown attribute", []pki.Attribute{a(pki.OID{1, 2, 398, 9}, "x")}, "1.2.398.9=x"},
		{"empty", nil, ""},
	} {
		n, err := pki.NewName(test.in...)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if n.String() != test.want {
			t.Errorf("%s: %s, want %s", test.name, n, test.want)
		}
		again, err := pki.ParseName(n.Raw())
		if err != nil || again.String() != test.want {
			t.Errorf("%s: read back as %s, %v", test.name, again, err)
		}
	}
}

// TestNamePatterns: what sites do with subjectDn (quirks 20 and 21 of the
// protocol).
func TestNamePatterns(t *testing.T) {
	n, err := pki.NewName(
		pki.Attribute{Type: pki.OIDCommonName, Value: "ТЕСТОВ ТЕСТ"},
		pki.Attribute{Type: pki.OIDSurname, Value: "ТЕСТОВ"},
		pki.Attribute{Type: pki.OIDSerialNumber, Value: "IIN123456789011"},
		pki.Attribute{Type: pki.OIDCountry, Value: "KZ"},
		pki.Attribute{Type: pki.OIDGivenName, Value: "ТЕСТОВИЧ"})
	if err != nil {
		t.Fatal(err)
	}
	dn := n.String()
	if i := strings.Index(dn, "IIN"); dn[i+3:i+15] != "123456789011" {
		t.Error(`indexOf("IIN")+3`)
	}
	if m := regexp.MustCompile(`SERIALNUMBER=IIN(\d{12})`).FindStringSubmatch(dn); m == nil || m[1] != "123456789011" {
		t.Error("SERIALNUMBER=IIN")
	}
	if parts := strings.Split(dn, ","); parts[1] != "SURNAME=ТЕСТОВ" || len(parts) != 5 {
		t.Errorf("second part %q", parts[1])
	}
	if !strings.Contains(dn, "GIVENNAME=") || strings.Contains(dn, ",G=") {
		t.Error("GIVENNAME")
	}
}

// TestParseName: string types, multi-valued parts and what is refused.
func TestParseName(t *testing.T) {
	const cn = "0603550403"
	for _, test := range []struct{ name, der, want, err string }{
		{"teletex", "300f310d300b" + cn + "1404" + "41e942ff", "CN=AéBÿ", ""},
		{"bmp", "300f310d300b" + cn + "1e04" + "04220435", "CN=Те", ""},
		{"universal", "300f310d300b" + cn + "1c04" + "00000422", "CN=Т", ""},
		{"not a string", "300e310c300a" + cn + "0203" + "010203", "CN=#0203010203", ""},
		{"multi-valued", "301a3118300a" + cn + "0c03616263" + "300a0603550407" + "0c03646566", "CN=abc+L=def", ""},
		{"bad UTF-8", "300d310b3009" + cn + "0c02c328", "", "name: value of 2.5.4.3: malformed encoding"},
		{"printable beyond ASCII", "300d310b3009" + cn + "130241ff", "", "name: value of 2.5.4.3: malformed encoding"},
		{"odd BMP", "300e310c300a" + cn + "1e03042204", "", "name: value of 2.5.4.3: malformed encoding"},
		{"surrogate in universal", "300f310d300b" + cn + "1c040000d800", "", "name: value of 2.5.4.3: malformed encoding"},
		{"empty part", "30023100", "", "name: malformed encoding"},
		{"trailing", "300000", "", "name: malformed encoding"},
		{"indefinite length", "30800000", "", "name: malformed encoding"},
		{"long form for a short length", "308100", "", "name: malformed encoding"},
		{"nothing", "", "", "name: malformed encoding"},
	} {
		der, err := hex.DecodeString(test.der)
		if err != nil {
			der = []byte(test.der)
		}
		n, err := pki.ParseName(der)
		switch {
		case test.err != "":
			if err == nil || err.Error() != test.err || !errors.Is(err, pki.ErrMalformed) {
				t.Errorf("%s: error %v, want %s", test.name, err, test.err)
			}
		case err != nil:
			t.Errorf("%s: %v", test.name, err)
		case n.String() != test.want:
			t.Errorf("%s: %s, want %s", test.name, n, test.want)
		}
	}
	var many []pki.Attribute
	for range 65 {
		many = append(many, pki.Attribute{Type: pki.OIDCommonName, Value: "x"})
	}
	if _, err := pki.NewName(many...); !errors.Is(err, pki.ErrMalformed) {
		t.Errorf("65 attributes: %v", err)
	}
	if _, err := pki.NewName(pki.Attribute{Type: pki.OIDCommonName, Value: strings.Repeat("x", 5000)}); !errors.Is(err, pki.ErrMalformed) {
		t.Errorf("5000 octets: %v", err)
	}
}

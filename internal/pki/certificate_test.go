package pki_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

var families = []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004, pki.RSA}

// TestTamper flips one bit at every tenth octet of a certificate: what still
// parses is another certificate and must not verify.
func TestTamper(t *testing.T) {
	a := newAuthority(t)
	for _, family := range families {
		leaf := issue(t, a, testpki.Profile{Family: family, Role: pki.RoleHead}).Certificate
		pool := a.Pool()
		if _, err := pool.Build(leaf, now); err != nil {
			t.Fatal(err)
		}
		step := 10
		if testing.Short() {
			step = 100
		}
		for i := 0; i < len(leaf.Raw); i += step {
			der := bytes.Clone(leaf.Raw)
			der[i] ^= 1 << (i % 8)
			c, err := pki.ParseCertificate(der)
			if err != nil {
				continue
			}
			if _, err := pool.Build(c, now); err == nil {
				t.Errorf("%v: bit flipped in octet %d of %d: accepted", family, i, len(der))
			}
		}
		for i := range 16 { // the signature itself, closely
			der := bytes.Clone(leaf.Raw)
			der[len(der)-1-i*len(leaf.Signature)/16] ^= 0x80
			c, err := pki.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Build(c, now); !errors.Is(err, pki.ErrBadSignature) {
				t.Errorf("%v: signature changed: %v", family, err)
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	a := newAuthority(t)
	leaf := issue(t, a, testpki.Profile{}).Certificate
	replace := func(old, new string) []byte {
		o, _ := hex.DecodeString(old)
		n, _ := hex.DecodeString(new)
		if len(o) != len(n) || !bytes.Contains(leaf.Raw, o) {
			t.Fatalf("%s is not in the certificate", old)
		}
		return bytes.Replace(leaf.Raw, o, n, 1)
	}
	serial := hex.EncodeToString(leaf.RawSerial())
	for _, test := range []struct {
		name string
		der  []byte
		want string
	}{
		{"nothing", nil, "certificate: malformed encoding"},
		{"cut", leaf.Raw[:len(leaf.Raw)-1], "certificate: malformed encoding"},
		{"trailing octet", append(bytes.Clone(leaf.Raw), 0), "certificate: malformed encoding"},
		{"too large", make([]byte, 1<<17), "certificate of 131072 octets: malformed encoding"},
		{"version 1 with extensions", replace("a003020102", "a003020100"), "certificate: extensions in version 1: malformed encoding"},
		{"version 4", replace("a003020102", "a003020103"), "certificate: version: malformed encoding"},
		{"serial number with a leading zero", replace("0214"+serial, "02140000"+serial[4:]), "certificate: serial number: malformed encoding"},
		{"two signature algorithms", replace("0214"+serial+"300e060a2a830e030a0101020302", "0214"+serial+"300e060a2a830e030a0101020301"), "certificate: signature algorithm: malformed encoding"},
		{"unknown key", replace("06092a830e030a01010202", "06092a830e030a01010203"), "certificate: public key: key type 1.2.398.3.10.1.1.2.3: unsupported algorithm"},
		{"other curve", replace("060a2a830e030a0101020201", "060a2a830e030a0101020202"), "certificate: public key: key parameter 1.2.398.3.10.1.1.2.2.2: unsupported algorithm"},
		{"an extension twice", replace("0603551d2e", "0603551d1f"), "certificate: extension 2.5.29.31 again, or too many: malformed encoding"},
		{"local time", replace(hex.EncodeToString([]byte("261122120000Z")), hex.EncodeToString([]byte("261122120000A"))), "certificate: validity: malformed encoding"},
		{"month 13", replace(hex.EncodeToString([]byte("261122120000Z")), hex.EncodeToString([]byte("261322120000Z"))), "certificate: validity: malformed encoding"},
	} {
		_, err := pki.ParseCertificate(test.der)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
	}
	if _, err := pki.ParseCertificatePEM([]byte("-----BEGIN CMS-----\nMAA=\n-----END CMS-----\n")); err == nil ||
		err.Error() != "certificate: no PEM block: malformed encoding" {
		t.Errorf("PEM of something else: %v", err)
	}
	if c, err := pki.ParseCertificatePEM(leaf.PEM()); err != nil || !c.Equal(leaf) {
		t.Errorf("PEM: %v", err)
	}
	for line := range strings.Lines(string(leaf.PEM())) {
		if len(line) > 65 {
			t.Errorf("line of %d columns", len(line)-1)
		}
	}
}

// TestSerials: negative and long numbers are read as they stand.
func TestSerials(t *testing.T) {
	leaf := issue(t, newAuthority(t), testpki.Profile{}).Certificate
	for _, test := range []struct{ content, hex string }{
		{"00" + strings.Repeat("ff", 19), strings.Repeat("ff", 19)},
		{"80" + strings.Repeat("01", 19), "80" + strings.Repeat("01", 19)},
		{"01" + strings.Repeat("00", 19), "1" + strings.Repeat("00", 19)},
	} {
		content, _ := hex.DecodeString(test.content)
		c, err := pki.ParseCertificate(bytes.Replace(leaf.Raw, leaf.RawSerial(), content, 1))
		if err != nil {
			t.Errorf("%s: %v", test.content, err)
			continue
		}
		if c.SerialHex() != test.hex || !bytes.Equal(c.RawSerial(), content) {
			t.Errorf("%s: %s", test.content, c.SerialHex())
		}
	}
}

// TestSwappedCriticality: two real certificates have it the other way round.
func TestSwappedCriticality(t *testing.T) {
	a := newAuthority(t)
	c := issue(t, a, testpki.Profile{SwapCritical: true}).Certificate
	if _, err := a.Pool().Build(c, now); err != nil || !c.CanSign() || !c.CanAuthenticate() {
		t.Errorf("%v, signs %v, authenticates %v", err, c.CanSign(), c.CanAuthenticate())
	}
}

// TestUses goes through the profiles of the authority; see protocol.md 4.3.
func TestUses(t *testing.T) {
	a := newAuthority(t)
	for _, test := range []struct {
		name       string
		profile    testpki.Profile
		auth, sign bool
	}{
		{"2022", testpki.Profile{}, true, true},
		{"2022 system, role usages only", testpki.Profile{Role: pki.RoleSystem}, true, true},
		{"2022 without usages", testpki.Profile{ExtKeyUsage: []string{}}, true, true},
		{"256", testpki.Profile{Family: pki.GOST256}, true, true},
		{"old pair, authentication", testpki.Profile{Family: pki.RSA, AuthOnly: true}, true, false},
		{"old pair, signature", testpki.Profile{Family: pki.RSA, SignOnly: true}, false, true},
		{"2004", testpki.Profile{Family: pki.GOST2004}, false, true},
		{"pair with 512", testpki.Profile{SignOnly: true}, false, true},
		{"pair with 512, authentication", testpki.Profile{AuthOnly: true}, true, false},
		{"both usages named", testpki.Profile{Family: pki.RSA, ExtKeyUsage: []string{pki.UsageClientAuth, pki.UsageEmailProtection}}, true, true},
		{"no usage named, nonRepudiation", testpki.Profile{Family: pki.RSA, ExtKeyUsage: []string{pki.UsageOrganisation}}, false, true},
		{"no usage named, no nonRepudiation", testpki.Profile{Family: pki.RSA, ExtKeyUsage: []string{pki.UsageOrganisation}, KeyUsage: pki.DigitalSignature | pki.KeyEncipherment}, true, false},
		{"encipherment only", testpki.Profile{KeyUsage: pki.KeyEncipherment}, false, false},
		{"time-stamping", testpki.Profile{Service: testpki.TimeStamping}, false, false},
		{"OCSP", testpki.Profile{Service: testpki.OCSPResponder}, false, false},
	} {
		c := issue(t, a, test.profile).Certificate
		if c.CanAuthenticate() != test.auth || c.CanSign() != test.sign {
			t.Errorf("%s: authenticates %v, signs %v", test.name, c.CanAuthenticate(), c.CanSign())
		}
	}
	if a.Issuing().CanSign() || a.Issuing().CanAuthenticate() {
		t.Error("an authority's key serves people")
	}
}

func TestPerson(t *testing.T) {
	a := newAuthority(t)
	c := issue(t, a, testpki.Profile{
		Role: pki.RoleFinance, CommonName: "СЫНАҚОВА ӘСЕЛ ЖАН", Surname: "СЫНАҚОВА", Patronymic: "ҚЫЗЫ", IIN: "123456789011",
		Organisation: `ТОО "А, Б"`, BIN: "123456789021", Email: "a@example.kz",
	}).Certificate
	got := c.Person()
	want := pki.Subject{
		CommonName: "СЫНАҚОВА ӘСЕЛ ЖАН", Surname: "СЫНАҚОВА", GivenName: "ӘСЕЛ ЖАН", Patronymic: "ҚЫЗЫ",
		IIN: "123456789011", BIN: "123456789021", Organisation: `ТОО "А, Б"`, Email: "a@example.kz",
		Role: pki.RoleFinance, Kind: pki.Organisation,
	}
	if !subjectsEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if dn := c.Subject.String(); dn != `CN=СЫНАҚОВА ӘСЕЛ ЖАН,SURNAME=СЫНАҚОВА,SERIALNUMBER=IIN123456789011,C=KZ,O=ТОО \"А\, Б\",OU=BIN123456789021,GIVENNAME=ҚЫЗЫ` {
		t.Error(dn)
	}
	if issuer := c.Issuer.String(); issuer != "CN=ТАНБА СЫНАҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҒЫ (GOST),C=KZ" {
		t.Error(issuer)
	}
	for _, bad := range []string{"12345678901", "1234567890111", "12345678901a"} {
		c := issue(t, a, testpki.Profile{CommonName: "X", IIN: bad}).Certificate
		if iin := c.Person().IIN; iin != "" {
			t.Errorf("IIN%s read as %q", bad, iin)
		}
	}
	numbered := issue(t, a, testpki.Profile{CommonName: "X", BIN: "123456789021", ExtKeyUsage: []string{pki.UsageOrganisation, pki.UsageSystem + ".7"}}).Certificate
	if p := numbered.Person(); p.Role != pki.RoleSystem || p.Kind != pki.InformationSystem {
		t.Errorf("numbered system: %+v", p)
	}
	if p := a.Root().Person(); p.Kind != pki.KindOther {
		t.Errorf("authority: %+v", p)
	}
}

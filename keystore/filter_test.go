package keystore_test

import (
	"crypto"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/keystore"
)

// shown is a key that shows a certificate and never signs.
type shown struct {
	crypto.Signer
	certificate *pki.Certificate
}

func (k shown) Alias() string                 { return "" }
func (k shown) Certificate() *pki.Certificate { return k.certificate }
func (k shown) Chain() []*pki.Certificate     { return nil }

const day = 24 * time.Hour

func TestJudge(t *testing.T) {
	const iin, bin = "123456789011", "123456789021"
	identity := func(p testpki.Profile) *pki.Certificate { return issue(t, p).Certificate }
	person := testpki.Profile{CommonName: "А Б", IIN: iin}
	head := testpki.Profile{CommonName: "А Б", IIN: iin, Organisation: "АО", BIN: bin, Role: pki.RoleHead}
	with := func(p testpki.Profile, change func(*testpki.Profile)) testpki.Profile { change(&p); return p }

	combined := identity(person)
	director := identity(head)
	rsaAuth := identity(with(person, func(p *testpki.Profile) { p.Family, p.AuthOnly = pki.RSA, true }))
	rsaSign := identity(with(person, func(p *testpki.Profile) { p.Family, p.SignOnly = pki.RSA, true }))
	system := identity(testpki.Profile{Role: pki.RoleSystem, Organisation: "АО", BIN: bin})
	expired := identity(with(person, func(p *testpki.Profile) { p.NotBefore, p.NotAfter = now.Add(-400*day), now.Add(-35*day) }))
	ending := identity(with(person, func(p *testpki.Profile) { p.NotBefore, p.NotAfter = now.Add(-340*day), now.Add(25*day) }))
	future := identity(with(person, func(p *testpki.Profile) { p.NotBefore, p.NotAfter = now.Add(day), now.Add(366*day) }))
	encipher := identity(with(person, func(p *testpki.Profile) { p.KeyUsage = pki.KeyEncipherment }))
	serial := combined.SerialHex()
	decimal := new(big.Int).SetBytes(combined.Serial).String()
	no := errors.New("no")

	for _, tt := range []struct {
		name        string
		filter      keystore.Filter
		certificate *pki.Certificate
		reason      string // "" fits
		warning     string
	}{
		{"anything", keystore.Filter{}, combined, "", ""},
		{"no certificate", keystore.Filter{}, nil, "reason.no_certificate", ""},

		{"since 2022 for signing in", keystore.Filter{Use: keystore.Authentication}, combined, "", ""},
		{"since 2022 for signatures", keystore.Filter{Use: keystore.Signature}, combined, "", ""},
		{"old pair, signing in", keystore.Filter{Use: keystore.Authentication}, rsaAuth, "", ""},
		{"old pair, signature", keystore.Filter{Use: keystore.Signature}, rsaSign, "", ""},
		{"old pair, wrong half for a signature", keystore.Filter{Use: keystore.Signature}, rsaAuth, "reason.for_auth", ""},
		{"old pair, wrong half for signing in", keystore.Filter{Use: keystore.Authentication}, rsaSign, "reason.for_sign", ""},
		{"system for signing in", keystore.Filter{Use: keystore.Authentication}, system, "", ""},
		{"system for signatures", keystore.Filter{Use: keystore.Signature}, system, "", ""},
		{"for encipherment only", keystore.Filter{Use: keystore.Signature}, encipher, "reason.for_auth", ""},

		{"signing", keystore.Filter{EKU: []string{pki.UsageEmailProtection}}, combined, "", ""},
		{"head", keystore.Filter{EKU: []string{pki.UsageOrganisation, pki.RoleHead.Usage()}}, director, "", ""},
		{"head, but a person", keystore.Filter{EKU: []string{pki.UsageOrganisation, pki.RoleHead.Usage()}}, combined, "reason.eku", ""},
		{"one of two", keystore.Filter{EKU: []string{pki.UsageEmailProtection, "1.2.3"}}, combined, "reason.eku", ""},
		{"clientAuth, has it", keystore.Filter{EKU: []string{pki.UsageClientAuth}}, rsaAuth, "", ""},
		{"clientAuth, since 2022", keystore.Filter{EKU: []string{pki.UsageClientAuth}}, combined, "", "warning.no_client_auth"},
		{"clientAuth and a role, since 2022", keystore.Filter{EKU: []string{pki.UsageClientAuth, pki.RoleHead.Usage()}}, director, "", "warning.no_client_auth"},
		{"clientAuth and a role it has not", keystore.Filter{EKU: []string{pki.UsageClientAuth, pki.RoleHead.Usage()}}, combined, "reason.eku", ""},
		{"clientAuth, signature half", keystore.Filter{EKU: []string{pki.UsageClientAuth}}, rsaSign, "reason.eku", ""},
		{"clientAuth, for encipherment only", keystore.Filter{EKU: []string{pki.UsageClientAuth}}, encipher, "reason.eku", ""},

		{"this person", keystore.Filter{IIN: iin}, combined, "", ""},
		{"another person", keystore.Filter{IIN: "123456789012"}, combined, "reason.other_person", ""},
		{"a person in an organisation", keystore.Filter{IIN: iin, BIN: bin}, director, "", ""},
		{"another organisation", keystore.Filter{BIN: "123456789022"}, director, "reason.other_organisation", ""},
		{"an organisation, but a person", keystore.Filter{BIN: bin}, combined, "reason.other_organisation", ""},
		{"a person, but a system", keystore.Filter{IIN: iin}, system, "reason.other_person", ""},

		{"serial", keystore.Filter{Serial: serial}, combined, "", ""},
		{"serial in capitals with zeros", keystore.Filter{Serial: "00" + strings.ToUpper(serial)}, combined, "", ""},
		{"serial in decimal", keystore.Filter{Serial: decimal}, combined, "", ""},
		{"serial in decimal with zeros", keystore.Filter{Serial: "000" + decimal}, combined, "", ""},
		{"another serial", keystore.Filter{Serial: serial[1:]}, combined, "reason.other_serial", ""},
		{"negative serial", keystore.Filter{Serial: "-" + serial}, combined, "reason.other_serial", ""},
		{"serial with underscores", keystore.Filter{Serial: serial[:2] + "_" + serial[2:]}, combined, "reason.other_serial", ""},
		{"serial of zeros", keystore.Filter{Serial: "0000"}, combined, "reason.other_serial", ""},
		{"endless serial", keystore.Filter{Serial: strings.Repeat("9", 1<<20)}, combined, "reason.other_serial", ""},
		{"serial that is a word", keystore.Filter{Serial: "сертификат"}, combined, "reason.other_serial", ""},

		{"expired", keystore.Filter{}, expired, "", "warning.expired"},
		{"expired, and refused", keystore.Filter{RefuseExpired: true}, expired, "reason.expired", ""},
		{"expired, clientAuth", keystore.Filter{EKU: []string{pki.UsageClientAuth}}, expired, "", "warning.expired"},
		{"ends soon", keystore.Filter{}, ending, "", "warning.expires_soon"},
		{"ends soon, clientAuth", keystore.Filter{EKU: []string{pki.UsageClientAuth}}, ending, "", "warning.no_client_auth"},
		{"not yet", keystore.Filter{}, future, "reason.not_yet_valid", ""},

		{"chain", keystore.Filter{Chain: func(*pki.Certificate, []*pki.Certificate) error { return nil }}, combined, "", ""},
		{"no chain", keystore.Filter{Chain: func(*pki.Certificate, []*pki.Certificate) error { return no }}, combined, "reason.chain", ""},
		{"person before chain", keystore.Filter{IIN: "1", Chain: func(*pki.Certificate, []*pki.Certificate) error { panic("asked") }}, combined, "reason.other_person", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.filter.Judge(shown{certificate: tt.certificate}, now)
			if want := (keystore.Verdict{Fits: tt.reason == "", Reason: tt.reason, Warning: tt.warning}); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

// A key without clientAuth is a makeshift: it goes when a real one is there.
func TestJudgeAll(t *testing.T) {
	combined := shown{certificate: issue(t, testpki.Profile{}).Certificate}
	auth := shown{certificate: issue(t, testpki.Profile{Family: pki.GOST2004, AuthOnly: true}).Certificate}
	other := shown{certificate: issue(t, testpki.Profile{Family: pki.GOST2004, AuthOnly: true, CommonName: "А Б", IIN: "123456789012"}).Certificate}
	fits := keystore.Verdict{Fits: true}
	makeshift := keystore.Verdict{Fits: true, Warning: keystore.WarningNoClientAuth}
	clientAuth := []string{pki.UsageClientAuth}
	for _, tt := range []struct {
		name   string
		filter keystore.Filter
		keys   []keystore.Key
		want   []keystore.Verdict
	}{
		{"alone", keystore.Filter{EKU: clientAuth}, []keystore.Key{combined}, []keystore.Verdict{makeshift}},
		{"beside a real one", keystore.Filter{EKU: clientAuth}, []keystore.Key{combined, auth},
			[]keystore.Verdict{{Reason: keystore.ReasonEKU}, fits}},
		{"beside one that does not fit", keystore.Filter{EKU: clientAuth, IIN: "123456789011"}, []keystore.Key{combined, other},
			[]keystore.Verdict{makeshift, {Reason: keystore.ReasonOtherPerson}}},
		{"nobody asked", keystore.Filter{Use: keystore.Authentication}, []keystore.Key{combined, auth, shown{}},
			[]keystore.Verdict{fits, fits, {Reason: keystore.ReasonNoCertificate}}},
		{"none", keystore.Filter{}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.filter.JudgeAll(tt.keys, now)
			if len(got) != len(tt.want) {
				t.Fatalf("%+v", got)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("key %d: %+v, want %+v", i, got[i], tt.want[i])
				}
			}
		})
	}
}

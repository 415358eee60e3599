package main

import (
	"strings"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/pki"
	"tanba/internal/renewal"
	"tanba/internal/testpki"
	"tanba/keystore"
)

// TestKnownKeys: what the page says of keys that end, have ended, were renewed,
// or lie in a file that is gone.
func TestKnownKeys(t *testing.T) {
	now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	token := func(serial, subject string, until time.Time) consent.RecentKey {
		return consent.RecentKey{Token: serial, Label: "KAZTOKEN", Owner: "ТЕСТОВ ТЕСТ", Until: until, Certificate: "c" + serial, Subject: subject}
	}
	keys := knownKeys([]consent.RecentKey{
		token("1", "a", now.AddDate(0, 0, 20)), token("2", "b", now.AddDate(0, 0, -2)),
		token("3", "c", now.AddDate(0, 0, 5)), token("4", "c", now.AddDate(1, 0, 0)),
		{Path: "/no/such.p12", Label: "such.p12"},
	}, "en", now)
	var said []string
	for _, k := range keys {
		said = append(said, strings.Join(strings.Fields(k.Note+" "+k.Advice+" "+k.Warning), " "))
	}
	want := []string{
		"Expires in 20 days While it is valid, it can be renewed online. c1",
		"Expired on 21 November 2026 It cannot be renewed online any more: go to a public service centre or use eGov Mobile. c2",
		"There is a new key. The old one stays valid until you revoke it. c3",
		"",
		"The file is not there any more",
	}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
	if !keys[0].Renew || keys[1].Renew || keys[2].Renew || keys[0].Urgent || !keys[1].Urgent {
		t.Errorf("%+v", keys)
	}
}

// A key in use and on a token that is in is one key, and its successor is known by
// whose it is.
func TestTokenKeys(t *testing.T) {
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	issue := func(iin string) *pki.Certificate {
		id, err := a.Issue(testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: iin})
		if err != nil {
			t.Fatal(err)
		}
		return id.Certificate
	}
	old, newer, other := issue("123456789011"), issue("123456789011"), issue("111111111111")
	keys := tokenKeys(keystore.Token{Info: keystore.Info{Label: "KAZTOKEN"}, Certificates: []*pki.Certificate{old, newer, other, a.Issuing()}})
	if len(keys) != 3 || keys[0].Subject != keys[1].Subject || keys[0].Subject == keys[2].Subject || keys[0].ID == keys[1].ID || !keys[0].Token {
		t.Errorf("%+v", keys)
	}
	if renewal.SubjectOf(a.Issuing()) != "" {
		t.Error("an authority is nobody's key")
	}
}

// TestKeysOnTokens: what tanba keys says of tokens, without any PIN.
func TestKeysOnTokens(t *testing.T) {
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	good, err := a.Issue(testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"})
	if err != nil {
		t.Fatal(err)
	}
	ended, err := a.Issue(testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011", NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(-1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	token := keystore.Token{Info: keystore.Info{Label: "KAZTOKEN", Serial: "3004A11F", Storage: keystore.Kaztoken}}
	for want, c := range map[string]struct {
		certificates []*pki.Certificate
		json, well   bool
	}{
		"KAZTOKEN 3004A11F: ТЕСТОВ ТЕСТ": {[]*pki.Certificate{good.Certificate, a.Issuing()}, false, true},
		"expired on":                           {[]*pki.Certificate{ended.Certificate}, false, false},
		"no certificates show without the PIN": {nil, false, true},
		`"token":"3004A11F"`:                   {[]*pki.Certificate{good.Certificate}, true, true},
	} {
		var out strings.Builder
		token.Certificates = c.certificates
		cmd := &command{stdout: &out, lang: "en", json: c.json}
		if well := cmd.listToken(token); well != c.well || !strings.Contains(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%v, %q; want %q", well, &out, want)
		}
	}
}

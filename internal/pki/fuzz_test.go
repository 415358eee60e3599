package pki_test

import (
	"bytes"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// Fuzz these with -fuzzminimizetime=20x: otherwise the tool spends its time on
// making certificates shorter.

func FuzzParseCertificate(f *testing.F) {
	a := newAuthority(f)
	f.Add(a.Root().Raw)
	f.Add(a.Issuing().Raw)
	for _, p := range []testpki.Profile{
		{}, {Role: pki.RoleTreasury, Email: "a@example.kz"}, {Role: pki.RoleSystem}, {Family: pki.GOST2004},
		{Family: pki.RSA, AuthOnly: true}, {Service: testpki.OCSPResponder}, {SwapCritical: true},
	} {
		f.Add(issue(f, a, p).Certificate.Raw)
	}
	pool := a.Pool()
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := pki.ParseCertificate(der)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Raw, der) {
			t.Error("octets were lost")
		}
		_, _, _ = c.Subject.String(), c.Person(), c.SerialHex()
		_, _ = c.CanSign(), c.CanAuthenticate()
		if _, err := pki.ParsePublicKey(c.PublicKey.SPKI()); err != nil {
			t.Errorf("public key: %v", err)
		}
		if name, err := pki.ParseName(c.Subject.Raw()); err != nil || name.String() != c.Subject.String() {
			t.Errorf("name: %v", err)
		}
		if again, err := pki.ParseCertificatePEM(c.PEM()); err != nil || !again.Equal(c) {
			t.Errorf("PEM: %v", err)
		}
		if _, err := pool.Build(c, now); err == nil {
			t.Logf("a path for %s", c.Subject)
		}
	})
}

func FuzzParsePrivateKey(f *testing.F) {
	a := newAuthority(f)
	for _, family := range families {
		der, err := pki.MarshalPrivateKey(issue(f, a, testpki.Profile{Family: family}).Key)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		key, err := pki.ParsePrivateKey(der)
		if err != nil {
			return
		}
		again, err := pki.MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		same, err := pki.ParsePrivateKey(again)
		if err != nil {
			t.Fatal(err)
		}
		one, err := pki.PublicKeyOf(key)
		if err != nil {
			t.Fatal(err)
		}
		two, err := pki.PublicKeyOf(same)
		if err != nil || !one.Equal(two) {
			t.Errorf("another key came back: %v", err)
		}
	})
}

func FuzzParseName(f *testing.F) {
	a := newAuthority(f)
	f.Add(a.Root().RawSubject)
	f.Add(issue(f, a, testpki.Profile{Role: pki.RoleTreasury}).Certificate.RawSubject)
	f.Fuzz(func(t *testing.T, der []byte) {
		name, err := pki.ParseName(der)
		if err == nil && !bytes.Equal(name.Raw(), der) {
			t.Error("octets were lost")
		}
		_ = name.String()
	})
}

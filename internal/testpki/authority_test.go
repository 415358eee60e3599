package testpki_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/keystore/pkcs12"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// stream is a source of octets that is the same every time.
type stream struct {
	counter int
	buffer  []byte
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.buffer) < len(p) {
		sum := sha256.Sum256(fmt.Appendf(nil, "testpki %d", s.counter))
		s.counter++
		s.buffer = append(s.buffer, sum[:]...)
	}
	n := copy(p, s.buffer)
	s.buffer = s.buffer[n:]
	return n, nil
}

func newAuthority(t testing.TB, rand io.Reader) *testpki.Authority {
	t.Helper()
	a, err := testpki.New(rand, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// profiles is one of everything the authority can issue.
var profiles = map[string]testpki.Profile{
	"person":        {},
	"person email":  {Email: "synaq@example.kz", Locality: "АЛМАТЫ"},
	"head":          {Role: pki.RoleHead},
	"finance":       {Role: pki.RoleFinance, Organisation: "АО \"ТЕСТ, И\"", BIN: "210140000016"},
	"system":        {Role: pki.RoleSystem},
	"treasury":      {Role: pki.RoleTreasury},
	"gost256":       {Family: pki.GOST256},
	"gost2004 sign": {Family: pki.GOST2004},
	"rsa auth":      {Family: pki.RSA, AuthOnly: true},
	"rsa sign head": {Family: pki.RSA, SignOnly: true, Role: pki.RoleHead},
	"tsa":           {Service: testpki.TimeStamping},
	"tsa rsa":       {Service: testpki.TimeStamping, Family: pki.RSA},
	"ocsp":          {Service: testpki.OCSPResponder},
	"swapped":       {SwapCritical: true},
	"no authority":  {NoAuthorityID: true},
}

func TestIssue(t *testing.T) {
	a := newAuthority(t, &stream{})
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			id, err := a.Issue(profile)
			if err != nil {
				t.Fatal(err)
			}
			if err := pki.Owns(id.Key, id.Certificate); err != nil {
				t.Error(err)
			}
			chain, err := a.Pool().Build(id.Certificate, now)
			if err != nil {
				t.Fatal(err)
			}
			if len(chain.Certificates) != 3 {
				t.Errorf("chain of %d certificates, want 3", len(chain.Certificates))
			}
			serial := id.Certificate.RawSerial()
			if len(serial) != 20 || serial[0] < 0x10 || serial[0] > 0x7f {
				t.Errorf("serial number %x", serial)
			}
		})
	}
}

func TestDeterministic(t *testing.T) {
	var made [2][]byte
	for i := range made {
		a := newAuthority(t, &stream{})
		for _, family := range []pki.Family{pki.GOST512, pki.RSA, pki.GOST2004, pki.GOST256} {
			id, err := a.Issue(testpki.Profile{Family: family})
			if err != nil {
				t.Fatal(err)
			}
			store, file, err := a.PKCS12(id, []byte("Qwerty12"))
			if err != nil {
				t.Fatal(err)
			}
			made[i] = append(append(append(made[i], id.Certificate.Raw...), store...), file...)
		}
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Error("the same randomness made different octets")
	}
}

func TestPKCS12(t *testing.T) {
	a := newAuthority(t, nil)
	for _, test := range []struct {
		profile testpki.Profile
		prefix  string
	}{
		{testpki.Profile{}, "GOST512_"},
		{testpki.Profile{Family: pki.GOST256}, "GOST256_"},
		{testpki.Profile{Family: pki.GOST2004}, "GOSTKNCA_"},
		{testpki.Profile{Family: pki.RSA, AuthOnly: true}, "AUTH_RSA256_"},
		{testpki.Profile{Family: pki.RSA}, "RSA256_"},
	} {
		id, err := a.Issue(test.profile)
		if err != nil {
			t.Fatal(err)
		}
		data, file, err := a.PKCS12(id, []byte("Qwerty12"), a.Issuing(), a.Root())
		if err != nil {
			t.Fatal(err)
		}
		alias := hex.EncodeToString(id.Certificate.SubjectKeyID)
		if file != test.prefix+alias+".p12" {
			t.Errorf("file name %q, want prefix %q", file, test.prefix)
		}
		store, err := pkcs12.Open(data, []byte("Qwerty12"))
		if err != nil {
			t.Fatal(err)
		}
		if len(store.Entries) != 1 || store.Entries[0].Alias != alias {
			t.Fatalf("entries %+v", store.Entries)
		}
		if err := pki.Owns(store.Entries[0].Key, id.Certificate); err != nil {
			t.Error(err)
		}
	}
}

func TestErrors(t *testing.T) {
	a := newAuthority(t, nil)
	for _, test := range []struct {
		profile testpki.Profile
		want    string
	}{
		{testpki.Profile{AuthOnly: true, SignOnly: true}, "testpki: a key for authentication only and for signatures only"},
		{testpki.Profile{Family: 9}, "testpki: family 9: unsupported algorithm"},
		{testpki.Profile{ExtKeyUsage: []string{"one.two"}}, "testpki: certificate: cryptobyte: invalid OID: "},
	} {
		_, err := a.Issue(test.profile)
		if err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
	if _, err := testpki.New(bytes.NewReader(make([]byte, 10)), now); err == nil {
		t.Error("an authority out of ten octets of randomness")
	}
}

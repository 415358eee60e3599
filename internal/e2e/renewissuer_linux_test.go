package e2e

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tanba/internal/csr"
	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
)

const (
	oldPassword = "canary-Old-Qwerty12"
	newPassword = "canary-New-Qwerty34"
)

var owner = testpki.Profile{CommonName: "ТЕСТОВ ТЕСТ", Surname: "ТЕСТОВ", GivenName: "ТЕСТОВИЧ", IIN: "123456789011", Email: "test@example.kz"}

// expiring is the owner's profile for ten more days.
func expiring() testpki.Profile {
	p := owner
	p.NotBefore, p.NotAfter = time.Now().AddDate(-1, 0, 10), time.Now().AddDate(0, 0, 10)
	return p
}

// issuer is a certification authority of the tests.
type issuer struct {
	root  *pki.Certificate
	issue func(t *testing.T, request []byte) (leaf, issuing *pki.Certificate)
}

// ownIssuer is ours.
func ownIssuer(t *testing.T, a *testpki.Authority, family pki.Family) issuer {
	t.Helper()
	root, issuing := a.Root(), a.Issuing()
	if family == pki.RSA {
		var err error
		if root, issuing, err = a.RSA(); err != nil {
			t.Fatal(err)
		}
	}
	return issuer{root, func(t *testing.T, request []byte) (*pki.Certificate, *pki.Certificate) {
		t.Helper()
		r, err := csr.Parse(request)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := a.Certify(r.PublicKey, owner)
		if err != nil {
			t.Fatal(err)
		}
		return leaf, issuing
	}}
}

// otherIssuer is the Java oracle's stand-in of the national authority, which
// shares no code with us.
func otherIssuer(t *testing.T) issuer {
	t.Helper()
	folder := testdata.Shared(t, "oracle-pki")
	base := testoracle.Serve(t, folder)
	read := func(name string) *pki.Certificate {
		data, err := os.ReadFile(filepath.Join(folder, "trust", name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := pki.ParseCertificate(data)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	issuing := read("nca_gost_oracle.cer")
	return issuer{read("root_gost_oracle.cer"), func(t *testing.T, request []byte) (*pki.Certificate, *pki.Certificate) {
		t.Helper()
		block, _ := pem.Decode(request)
		if block == nil {
			t.Fatalf("no request: %.80q", request)
		}
		leaf, err := pki.ParseCertificate(testoracle.Issue(t, base, block.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		return leaf, issuing
	}}
}

// sharedThere reports whether the independent authority can be asked; in CI it must.
func sharedThere() bool {
	root := os.Getenv("TANBA_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	return os.Getenv("CI") == "true" || fileThere(filepath.Join(root, "oracle", "oracle"))
}

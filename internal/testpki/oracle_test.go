package testpki_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
)

// TestOracles has certificates of every kind judged by two programs that know
// the national algorithms and share no code with this one.
func TestOracles(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some forty programs")
	}
	a := newAuthority(t, &stream{})
	rsaRoot, rsaIssuing, err := a.RSA()
	if err != nil {
		t.Fatal(err)
	}
	trust := t.TempDir()
	file := func(name string, c *pki.Certificate) string {
		path := filepath.Join(trust, name+".cer")
		if err := os.WriteFile(path, c.Raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	issuers := map[bool]string{false: file("nca_gost", a.Issuing()), true: file("nca_rsa", rsaIssuing)}
	root := file("root_gost", a.Root())
	file("root_rsa", rsaRoot)
	at := now.Format("2006-01-02T15:04:05")

	r := testoracle.Java(t, "cert-verify", issuers[false], root)
	if !r.Valid {
		t.Errorf("issuing certificate: %s", r.Output)
	}
	// A negative, or the verdicts would mean little.
	if r := testoracle.Java(t, "cert-verify", issuers[false], issuers[true]); r.Valid {
		t.Error("Bouncy Castle accepts another issuer")
	}
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			id, err := a.Issue(profile)
			if err != nil {
				t.Fatal(err)
			}
			leaf := testoracle.File(t, "leaf.cer", id.Certificate.Raw)
			issuer := issuers[profile.Family == pki.RSA]
			if r := testoracle.Java(t, "cert-verify", leaf, issuer); !r.Valid {
				t.Errorf("Bouncy Castle: %s", r.Output)
			}
			if r := testoracle.Java(t, "chain", leaf, "--trust", trust, "--at", at); !r.Valid {
				t.Errorf("chain: %s", r.Output)
			}
			if r := testoracle.OpenSSL(t, "cert-verify", leaf, issuer); !r.Valid {
				t.Errorf("OpenSSL: %s", r.Output)
			}
		})
	}
}

// TestOpenSSL: OpenSSL without anything national verifies the RSA side.
func TestOpenSSL(t *testing.T) {
	a := newAuthority(t, nil)
	id, err := a.Issue(testpki.Profile{Family: pki.RSA, AuthOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	root, issuing, err := a.RSA()
	if err != nil {
		t.Fatal(err)
	}
	r := testoracle.Tool(t, "openssl", "verify", "-x509_strict", "-purpose", "sslclient",
		"-attime", strconv.FormatInt(now.Unix(), 10),
		"-CAfile", testoracle.File(t, "root.pem", root.PEM()),
		"-untrusted", testoracle.File(t, "nca.pem", issuing.PEM()),
		testoracle.File(t, "leaf.pem", id.Certificate.PEM()))
	if !r.Valid || !strings.Contains(r.Output, "OK") {
		t.Errorf("openssl verify: %s", r.Output)
	}
	text := testoracle.Tool(t, "openssl", "x509", "-inform", "DER", "-noout", "-text",
		"-in", testoracle.File(t, "leaf.cer", id.Certificate.Raw)).Output
	for _, want := range []string{"Digital Signature, Key Encipherment", "TLS Web Client Authentication", "URI:http://pki.tanba.invalid/crl/nca_RSA.crl"} {
		if !strings.Contains(text, want) {
			t.Errorf("openssl x509 -text has no %q", want)
		}
	}
}

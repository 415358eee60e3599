package revocation

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
)

// The oracle's stand-in for the national services: good, revoked, and the CRL
// where OCSP does not answer.
func TestOracleAnswers(t *testing.T) {
	base := testoracle.Serve(t, testdata.Shared(t, "oracle-pki"))
	c, err := New(Options{Responder: base + "/ocsp/", Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir, issuer string
		state       State
	}{
		{"gost512/individual/valid", "nca_gost_oracle.cer", Good},
		{"gost512/individual/revoked", "nca_gost_oracle.cer", Revoked},
		{"gost512/individual/expired", "nca_gost_oracle.cer", Good},
		{"rsa/individual", "nca_rsa_oracle.cer", Good},
		{"rsa/individual_revoked", "nca_rsa_oracle.cer", Revoked},
		{"gost2004/individual", "nca_gost2004_oracle.cer", Good},
	} {
		t.Run(tt.dir, func(t *testing.T) {
			dir := testdata.Shared(t, "oracle-pki", filepath.FromSlash(tt.dir))
			files, err := filepath.Glob(filepath.Join(dir, "*.cer"))
			if err != nil || len(files) == 0 {
				t.Fatalf("%s: %v, %v", dir, files, err)
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := pki.ParseCertificatePEM(data)
			if err != nil {
				t.Fatal(err)
			}
			issuerCertificate := certificate(t, "oracle-pki", "trust", tt.issuer)
			st, err := c.Check(t.Context(), leaf, IssuerOf(issuerCertificate))
			if err != nil || st.State != tt.state || st.Source != OCSP {
				t.Fatalf("%+v, %v", st, err)
			}
			// The oracle finds its own answer, as we keep it, good as well.
			if r := testoracle.Java(t, "ocsp-verify", testoracle.File(t, "r", st.Evidence.OCSP), "--issuer", testoracle.File(t, "i", issuerCertificate.Raw)); !r.Valid {
				t.Errorf("oracle: %s", r.Output)
			}
			// The same by its CRL.
			local := *leaf
			local.OCSP = nil
			local.CRLs, local.DeltaCRLs = rebase(leaf.CRLs, base), rebase(leaf.DeltaCRLs, base)
			lists, err := New(Options{Addresses: []string{strings.TrimPrefix(base, "http://")}, Retries: -1})
			if err != nil {
				t.Fatal(err)
			}
			st, err = lists.Check(t.Context(), &local, IssuerOf(issuerCertificate))
			if err != nil || st.State != tt.state || st.Source != CRL {
				t.Errorf("by CRL: %+v, %v", st, err)
			}
		})
	}
}

// rebase sends addresses of the generated PKI to where its service runs now.
func rebase(addresses []string, base string) []string {
	var out []string
	for _, a := range addresses {
		out = append(out, strings.Replace(a, "http://127.0.0.1:18080", base, 1))
	}
	return out
}

// The oracle and OpenSSL find the answers and lists of our own test service
// good, which the other tests rest on.
func TestOthersAcceptOurService(t *testing.T) {
	s := serve(t)
	for _, f := range []pki.Family{pki.GOST512, pki.RSA} {
		leaf := s.issue(t, testpki.Profile{Family: f})
		s.status.Revoke(leaf, testpki.Revocation{At: now.Add(-time.Hour), Reason: 4})
		issuer := s.issuer(t, f)
		st, err := s.client(t).Check(t.Context(), leaf, issuer)
		if err != nil {
			t.Fatal(err)
		}
		if r := testoracle.Java(t, "ocsp-verify", testoracle.File(t, "r", st.Evidence.OCSP), "--issuer", testoracle.File(t, "i", issuer.Certificate.Raw)); !r.Valid {
			t.Errorf("%v: %s", f, r.Output)
		}
		name := map[pki.Family]string{pki.GOST512: "nca_GOST", pki.RSA: "nca_RSA"}[f]
		for _, list := range []string{name, name + "_d"} {
			der, err := s.status.CRL(list)
			if err != nil {
				t.Fatal(err)
			}
			if r := testoracle.Java(t, "crl-verify", testoracle.File(t, "l", der), testoracle.File(t, "i", issuer.Certificate.Raw)); !r.Valid {
				t.Errorf("%s: %s", list, r.Output)
			}
		}
	}
}

// OpenSSL as a responder with an RSA key: it answers our requests, we believe
// its answers, for a good, a revoked and a foreign certificate.
func TestOpenSSLAnswers(t *testing.T) {
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, issuing, err := a.RSA()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	issue := func(p testpki.Profile) *testpki.Identity {
		p.Family = pki.RSA
		id, err := a.Issue(p)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	responder := issue(testpki.Profile{Service: testpki.OCSPResponder})
	key, err := pki.MarshalPrivateKey(responder.Key)
	if err != nil {
		t.Fatal(err)
	}
	good, revoked, unknown := issue(testpki.Profile{}), issue(testpki.Profile{}), issue(testpki.Profile{})
	line := func(state, when string, c *pki.Certificate) string {
		serial := strings.ToUpper(c.SerialHex())
		if len(serial)%2 == 1 {
			serial = "0" + serial
		}
		return state + "\t" + c.NotAfter.UTC().Format("060102150405Z") + "\t" + when + "\t" + serial + "\tunknown\t/CN=x\n"
	}
	write("index.txt.attr", []byte("unique_subject = no\n"))
	index := write("index.txt", []byte(line("V", "", good.Certificate)+
		line("R", time.Now().Add(-time.Hour).UTC().Format("060102150405Z")+",keyCompromise", revoked.Certificate)))
	ca, signer := write("ca.pem", issuing.PEM()), write("r.pem", responder.Certificate.PEM())
	rkey := write("r.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	withNext := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		out := filepath.Join(dir, "answer")
		args := []string{"ocsp", "-index", index, "-CA", ca, "-rsigner", signer, "-rkey", rkey, "-reqin", write("request", body), "-respout", out}
		if withNext {
			args = append(args, "-ndays", "1")
		}
		if r := testoracle.Tool(t, "openssl", args...); !r.Valid {
			t.Errorf("openssl ocsp: %s", r.Output)
		}
		answer, err := os.ReadFile(out)
		if err != nil {
			t.Error(err)
		}
		w.Write(answer)
	}))
	defer server.Close()
	client := func() *Client {
		c, err := New(Options{Responder: server.URL, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := client()
	for _, tt := range []struct {
		leaf  *pki.Certificate
		state State
	}{{good.Certificate, Good}, {revoked.Certificate, Revoked}, {unknown.Certificate, Unknown}} {
		st, err := c.Check(t.Context(), tt.leaf, IssuerOf(issuing))
		if err != nil || st.State != tt.state {
			t.Errorf("want %s: %+v, %v", tt.state, st, err)
		}
		if st != nil && st.State == Revoked && st.Reason != KeyCompromise {
			t.Errorf("reason %d", st.Reason)
		}
	}
	local := *good.Certificate
	local.CRLs = nil
	withNext = true
	if st, err := client().Check(t.Context(), &local, IssuerOf(issuing)); err != nil || st.State != Good || st.NextUpdate.IsZero() {
		t.Errorf("%+v, %v", st, err)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// TestVerifyOnline is a session with an authority that answers: a good, a
// revoked and a stamped signature, long-term ones, the printed page, and the
// same with nobody there.
func TestVerifyOnline(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	a, err := testpki.NewAt(nil, time.Now(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	status := a.NewStatus(nil)
	mux.Handle("/tsp/", a.NewTSA(nil))
	mux.Handle("/", status)
	write := func(name string, data []byte) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	roots := write("roots.pem", append(a.Root().PEM(), a.Issuing().PEM()...))
	set := func(revocation string) {
		write("state/settings.json", fmt.Appendf(nil, `{"version":1,"ocsp":%q,"tsa":[%q],"revocation":%q}`, server.URL+"/ocsp/", server.URL+"/tsp/", revocation))
	}
	set("")
	sign := func(p testpki.Profile) ([]byte, *pki.Certificate) {
		t.Helper()
		id, err := a.Issue(p)
		if err != nil {
			t.Fatal(err)
		}
		s, err := cms.NewSigner(id.Key, id.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		der, err := s.Sign([]byte("Акт"), cms.Options{Time: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		return der, id.Certificate
	}
	var trouble bytes.Buffer
	tanba := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		trouble.Reset()
		args = append(append([]string{"verify", "--roots", roots, "--state", at("state")}, args...), "--lang", "en")
		if got := run(args, os.Stdin, &out, &trouble); got != want {
			t.Fatalf("tanba %v: exit status %d, want %d\n%s%s", args, got, want, &out, &trouble)
		}
		return out.String()
	}
	has := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	der, certificate := sign(testpki.Profile{Role: pki.RoleHead, CommonName: "<b>ТЕСТОВ</b> & Co", Surname: "ТЕСТОВ", IIN: "123456789011", Organisation: `ТОО "СЫНАҚ"`, BIN: "123456789021"})
	good := write("act.cms", der)
	has(tanba(exitOK, good), "act.cms: good", "SHA-256", "<b>ТЕСТОВ</b> & Co, IIN 123456789011", "BIN 123456789021", "role: head", "not revoked: answer by OCSP", "no time stamp", "CAdES-B")
	has(tanba(exitOK, "--offline", good), "revocation was not checked")

	// Carried to LT and LTA; the page; and not over what is there.
	page := at("page.html")
	tanba(exitOK, "--upgrade", "LTA", "--out", at("act.lta.cms"), "--report", page, good)
	has(trouble.String(), "carried to level CAdES-LTA")
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	has(string(html), "&lt;b&gt;ТЕСТОВ&lt;/b&gt; &amp; Co", "Content-Security-Policy", "not revoked")
	if strings.Contains(string(html), "<b>") || strings.Contains(string(html), "<script") || strings.Contains(string(html), "src=") {
		t.Error("the page holds what a signer wrote as markup, or fetches something")
	}
	tanba(exitError, "--upgrade", "LT", "--out", at("act.lta.cms"), good)
	has(trouble.String(), "exists already")
	tanba(exitError, "--report", page, good)
	has(trouble.String(), "exists already")

	status.Revoke(certificate, testpki.Revocation{At: time.Now().Add(-time.Minute), Reason: 1})
	has(tanba(exitUntrusted, good), "trouble with the certificate", "was revoked on", "the key is in wrong hands")
	var line struct {
		Good, Trusted bool
		Revocation    string
		Signers       []struct {
			Certificate, Level string
			Revocation         struct {
				State, Source, From string
				Reason              int
			}
		}
	}
	if err := json.Unmarshal([]byte(tanba(exitUntrusted, "--json", good)), &line); err != nil {
		t.Fatal(err)
	}
	if s := line.Signers[0]; !line.Good || line.Trusted || line.Revocation != "checked" || s.Certificate != "revoked" || s.Level != "B" ||
		s.Revocation.State != "revoked" || s.Revocation.Source != "ocsp" || s.Revocation.From != "service" || s.Revocation.Reason != 1 {
		t.Errorf("%+v", line)
	}
	tanba(exitUntrusted, "--upgrade", "LT", "--out", at("revoked.cms"), good)
	if _, err := os.Stat(at("revoked.cms")); err == nil {
		t.Error("a revoked one was carried on")
	}

	// Nobody there: what is inside counts, and what is not known is said.
	server.Close()
	has(tanba(exitOK, "--offline", at("act.lta.cms")), "not revoked: OCSP answer inside the signature", "archive time stamp", "when it was stamped the certificate was good", "CAdES-LTA")
	other, _ := sign(testpki.Profile{})
	unknown := write("other.cms", other)
	has(tanba(exitOK, unknown), "other.cms: good", "services did not answer")
	set("require")
	has(tanba(exitUntrusted, unknown), "the administrator wants revocation to be known")
	set("off")
	has(tanba(exitOK, unknown), "revocation was not checked")
	tanba(exitError, "--upgrade", "LT", "--out", at("x.cms"), unknown)
	has(trouble.String(), "does not answer")

	for _, args := range [][]string{
		{"--upgrade", "LT", good}, {"--out", "x", good}, {"--upgrade", "XL", "--out", "x", good}, {"--upgrade", "LT", "--out", "x", good, good},
		{"--upgrade", "LT", "--out", "x", "--offline", good}, {"--at", "yesterday", good}, {"--content", "x", good, good},
	} {
		tanba(exitUsage, args...)
	}
}

package csr_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/csr"
	"tanba/internal/gost3410"
	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testoracle"
)

func subject(t testing.TB) pki.Name {
	t.Helper()
	name, err := pki.NewName(
		pki.Attribute{Type: pki.OIDCommonName, Value: "ТЕСТОВ ТЕСТ"},
		pki.Attribute{Type: pki.OIDSurname, Value: "ТЕСТОВ"},
		pki.Attribute{Type: pki.OIDSerialNumber, Value: "IIN123456789011"},
		pki.Attribute{Type: pki.OIDCountry, Value: "KZ"},
		pki.Attribute{Type: pki.OIDGivenName, Value: "ТЕСТОВИЧ"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func keys(t testing.TB) map[string]crypto.Signer {
	t.Helper()
	out := map[string]crypto.Signer{}
	for name, curve := range map[string]*gost3410.Curve{"gost512": gost3410.TC26A512(), "gost256": gost3410.TC26A256(), "gost2004": gost3410.CryptoProA()} {
		key, err := gost3410.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = key
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	out["rsa"] = key
	return out
}

func TestCreateAndParse(t *testing.T) {
	for name, key := range keys(t) {
		der, err := csr.Create(nil, key, csr.Template{
			Subject: subject(t), Email: "test@example.kz", Store: csr.StorePKCS12,
			ExtKeyUsage: []pki.OID{{1, 3, 6, 1, 5, 5, 7, 3, 4}},
			Extensions:  []csr.Extension{{ID: pki.OIDKeyUsage, Critical: true, Value: []byte{3, 2, 6, 0xc0}}},
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for form, data := range map[string][]byte{"der": der, "pem": csr.PEM(der)} {
			r, err := csr.Parse(data)
			if err != nil {
				t.Fatalf("%s %s: %v", name, form, err)
			}
			want, _ := pki.PublicKeyOf(key)
			if !r.PublicKey.Equal(want) || r.Subject.String() != subject(t).String() || r.Email != "test@example.kz" ||
				!r.Store.Equal(csr.StorePKCS12) || len(r.Extensions) != 4 || !r.Extensions[3].Critical {
				t.Errorf("%s %s: %+v", name, form, r)
			}
		}
		// Every octet changed must be noticed.
		for i := range der {
			bad := bytes.Clone(der)
			bad[i] ^= 1
			if _, err := csr.Parse(bad); err == nil {
				t.Fatalf("%s: octet %d changed and not noticed", name, i)
			}
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	key := keys(t)["gost512"]
	for want, template := range map[string]csr.Template{
		"2.5.29.37":      {ExtKeyUsage: []pki.OID{{1, 3, 6}}, Extensions: []csr.Extension{{ID: pki.OIDExtKeyUsage, Value: []byte{5, 0}}}},
		"1.2.3":          {Extensions: []csr.Extension{{ID: pki.OID{1, 2, 3}, Value: []byte{5}}}},
		"e-mail address": {Email: "тест@example.kz"},
	} {
		template.Subject = subject(t)
		_, err := csr.Create(nil, key, template)
		if !errors.Is(err, csr.ErrExtension) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestPlaceholder(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, key := range keys(t) {
		c, err := csr.Placeholder(nil, key, subject(t), now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.CheckSignatureFrom(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := pki.Owns(key, c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !csr.IsPlaceholder(c) || c.ValidAt(now.Add(time.Second)) == nil {
			t.Errorf("%s: a placeholder must be good for nothing", name)
		}
	}
}

// Requests of the original's own classes.
func TestRequestsOfTheOriginal(t *testing.T) {
	dir := testdata.Shared(t, "kalkan", "csr")
	for file, store := range map[string]asn1.ObjectIdentifier{
		"g512.csr": csr.StorePKCS12, "g512_bare.csr": csr.StorePKCS12, "g2004.csr": csr.StorePKCS12, "rsa.csr": csr.StorePKCS12,
	} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		r, err := csr.Parse(data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if !r.Store.Equal(store) {
			t.Errorf("%s: store %v", file, r.Store)
		}
	}
}

// What stands before the signature of the original's request without a path is
// what we write.
func TestSameOctetsAsTheOriginal(t *testing.T) {
	dir := testdata.Shared(t, "kalkan", "csr")
	for request, file := range map[string]string{"g512_bare.csr": "g512_bare.p8", "rsa.csr": "rsa.p8"} {
		want, err := os.ReadFile(filepath.Join(dir, request))
		if err != nil {
			t.Fatal(err)
		}
		p8, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		key, err := pki.ParsePrivateKey(p8)
		if err != nil {
			t.Fatal(err)
		}
		r, err := csr.Parse(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := csr.Create(nil, key, csr.Template{Subject: r.Subject, Email: r.Email, Store: r.Store})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || !bytes.Equal(got[:len(got)-256], want[:len(want)-256]) {
			t.Errorf("%s: %x\nwant %x", request, got, want)
		}
	}
}

func TestOracles(t *testing.T) {
	for name, key := range keys(t) {
		der, err := csr.Create(nil, key, csr.Template{Subject: subject(t), Email: "a@b.kz", Store: csr.StorePKCS12})
		if err != nil {
			t.Fatal(err)
		}
		good := testoracle.File(t, name+".csr", der)
		bad := bytes.Clone(der)
		bad[40] ^= 1 // inside the subject
		tampered := testoracle.File(t, name+"-bad.csr", bad)
		judges := map[string]func(file string) testoracle.Result{
			"java":    func(file string) testoracle.Result { return testoracle.Java(t, "csr-verify", file) },
			"openssl": func(file string) testoracle.Result { return testoracle.OpenSSL(t, "csr-verify", file) },
		}
		if name == "rsa" {
			judges["req"] = func(file string) testoracle.Result {
				// It ends with 0 whatever it found; the verdict is in the text.
				out, err := exec.Command("openssl", "req", "-inform", "DER", "-in", file, "-verify", "-noout").CombinedOutput()
				return testoracle.Result{Valid: err == nil && bytes.Contains(out, []byte("verify OK")), Output: string(out)}
			}
		}
		for judge, ask := range judges {
			if r := ask(good); !r.Valid {
				t.Errorf("%s, %s: %s", name, judge, r.Output)
			}
			if r := ask(tampered); r.Valid {
				t.Errorf("%s, %s: a changed request passes", name, judge)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, key := range keys(f) {
		der, err := csr.Create(nil, key, csr.Template{Subject: subject(f), Email: "a@b.kz", Store: csr.StorePKCS12})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := csr.Parse(data); err == nil && r.PublicKey == nil {
			t.Fatal("a request without a key")
		}
	})
}

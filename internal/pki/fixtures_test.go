package pki_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/keystore/pkcs12"
)

func readCertificate(t testing.TB, path string) *pki.Certificate {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pki.ParseCertificatePEM(data)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	return c
}

// plain undoes the escapes: the tables beside the fixtures have none.
func plain(name string) string { return strings.ReplaceAll(name, `\`, "") }

// TestManifest compares every certificate of the national authority with the
// table that came with it.
func TestManifest(t *testing.T) {
	folder := testdata.Shared(t, "certs")
	manifest, err := os.ReadFile(filepath.Join(folder, "MANIFEST.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(manifest)) {
		cells := strings.Split(line, "|")
		if len(cells) != 10 || !strings.Contains(cells[1], "/") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows++
		c := readCertificate(t, filepath.Join(folder, cells[1]))
		sum := c.Fingerprint()
		for _, fact := range []struct{ what, got, want string }{
			{"subject", plain(c.Subject.String()), cells[2]},
			{"issuer", plain(c.Issuer.String()), cells[3]},
			{"period", c.NotBefore.Format(time.DateOnly) + ".." + c.NotAfter.Format(time.DateOnly), cells[4]},
			{"serial", c.SerialHex(), cells[5]},
			{"SHA-256", hex.EncodeToString(sum[:8]), cells[8]},
		} {
			if fact.got != fact.want {
				t.Errorf("%s: %s %q, want %q", cells[1], fact.what, fact.got, fact.want)
			}
		}
		// The authorities of 2015 and 2018 chose four octets, the old test roots
		// twenty that come from nowhere.
		chosen := len(c.SubjectKeyID) == 4 || strings.HasPrefix(cells[1], "ca/test-3.0/root_")
		if c.PublicKey.Hashes(c.SubjectKeyID) == chosen {
			t.Errorf("%s: subject key identifier %x is not made from the key", cells[1], c.SubjectKeyID)
		}
	}
	if rows != 20 {
		t.Errorf("%d rows, want 20", rows)
	}
}

// TestEveryCertificate parses each file of the fixtures that holds one.
// Certificates under Russian identifiers are refused: the same curves, but the
// octets of their signatures stand the other way round.
func TestEveryCertificate(t *testing.T) {
	root := testdata.Shared(t)
	parsed := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !slices.Contains([]string{".cer", ".crt"}, filepath.Ext(path)) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		c, err := pki.ParseCertificatePEM(data)
		if strings.HasPrefix(d.Name(), "tc26-") {
			want := "certificate: public key: key type 1.2.643.7.1.1.1."
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s: error %v, want %s…", name, err, want)
			}
			return nil
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return nil
		}
		parsed++
		again, err := pki.ParseCertificatePEM(c.PEM())
		if err != nil || !again.Equal(c) {
			t.Errorf("%s: not the same after PEM: %v", name, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if parsed < 60 {
		t.Errorf("only %d certificates", parsed)
	}
}

// TestBrokenCRLPoint: the issuing certificates of 2018 hold two addresses in
// one URI.
func TestBrokenCRLPoint(t *testing.T) {
	c := readCertificate(t, testdata.Shared(t, "certs", "ca", "prod-2015", "nca_gost.crt"))
	want := []string{"http://crl.root.gov.kz/gost.crl", "http://crl1.root.gov.kz/gost.crl"}
	if !slices.Equal(c.CRLs, want) {
		t.Errorf("CRLs %q, want %q", c.CRLs, want)
	}
}

func TestLeafFields(t *testing.T) {
	c := readCertificate(t, testdata.Shared(t, "certs", "leaf", "legal_entity_signer_2026.cer"))
	if want := `CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,SERIALNUMBER=IIN123456789011,C=KZ,O=АО \"ТЕСТ\",OU=BIN123456789021,GIVENNAME=ТЕСТОВИЧ`; c.Subject.String() != want {
		t.Errorf("subject %s", c.Subject)
	}
	for _, list := range []struct {
		what      string
		got, want []string
	}{
		{"usages", c.ExtKeyUsage, []string{pki.UsageEmailProtection, pki.UsageOrganisation, pki.UsageHead}},
		{"policies", c.Policies, []string{pki.PolicyCombined}},
		{"OCSP", c.OCSP, []string{"http://test.pki.gov.kz/ocsp/"}},
		{"issuers", c.IssuerURLs, []string{"http://test.pki.gov.kz/cert/nca_gost2022_test.cer"}},
		{"CRLs", c.CRLs, []string{"http://test.pki.gov.kz/crl/nca_gost2022_test.crl"}},
		{"delta CRLs", c.DeltaCRLs, []string{"http://test.pki.gov.kz/crl/nca_gost2022_d_test.crl"}},
	} {
		if !slices.Equal(list.got, list.want) {
			t.Errorf("%s %q, want %q", list.what, list.got, list.want)
		}
	}
	if c.StoreOID != pki.OIDStorePKCS12.String() {
		t.Errorf("store %s", c.StoreOID)
	}
	if got := hex.EncodeToString(c.AuthorityKeyID); got != "fad24b1ba3a0c961fe1ca8503e6aa2bb450db8a3" {
		t.Errorf("authority key identifier %s", got)
	}
	if c.KeyUsage != pki.DigitalSignature|pki.NonRepudiation|pki.KeyAgreement {
		t.Errorf("key usage %b", c.KeyUsage)
	}
}

// TestPublishedStores reads the keys the authority publishes for testing and
// compares certificate and key with what two other programs found in them.
func TestPublishedStores(t *testing.T) {
	root := testdata.Shared(t)
	data, err := os.ReadFile(filepath.Join(root, "p12", "expect.json"))
	if err != nil {
		t.Fatal(err)
	}
	var stores []struct {
		Path, Password, Alg, Role, Use string
		Subject, Issuer, Serial, SKI   string
		NotBefore, NotAfter            time.Time
		KeyUsage                       []string
		EKU, Policies                  []string
	}
	if err := json.Unmarshal(data, &stores); err != nil {
		t.Fatal(err)
	}
	families := map[string]pki.Family{"gost512": pki.GOST512, "gost2004": pki.GOST2004, "rsa": pki.RSA}
	roles := map[string]pki.Role{
		"individual": "", "head": pki.RoleHead, "signer": pki.RoleSign, "employee": pki.RoleEmployee,
		"infosystem": pki.RoleSystem, "treasury-client": pki.RoleTreasury,
	}
	bits := map[string]pki.KeyUsage{
		"digitalSignature": pki.DigitalSignature, "nonRepudiation": pki.NonRepudiation,
		"keyEncipherment": pki.KeyEncipherment, "keyAgreement": pki.KeyAgreement,
	}
	for _, want := range stores {
		t.Run(filepath.Base(want.Path), func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(want.Path)))
			if err != nil {
				t.Fatal(err)
			}
			store, err := pkcs12.Open(file, []byte(want.Password))
			if err != nil {
				t.Fatal(err)
			}
			defer store.Destroy()
			c := store.Entries[0].Certificate
			if err := pki.Owns(store.Entries[0].Key, c); err != nil {
				t.Error(err)
			}
			if c.PublicKey.Family != families[want.Alg] {
				t.Errorf("family %v", c.PublicKey.Family)
			}
			for _, fact := range []struct{ what, got, want string }{
				{"subject", plain(c.Subject.String()), want.Subject},
				{"issuer", plain(c.Issuer.String()), want.Issuer},
				{"serial", c.SerialHex(), want.Serial},
				{"key identifier", hex.EncodeToString(c.SubjectKeyID), want.SKI},
				{"usages", strings.Join(c.ExtKeyUsage, " "), strings.Join(want.EKU, " ")},
				{"policies", strings.Join(c.Policies, " "), strings.Join(want.Policies, " ")},
			} {
				if fact.got != fact.want {
					t.Errorf("%s %q, want %q", fact.what, fact.got, fact.want)
				}
			}
			if !c.PublicKey.Hashes(c.SubjectKeyID) {
				t.Errorf("subject key identifier %x is not made from the key", c.SubjectKeyID)
			}
			if !c.NotBefore.Equal(want.NotBefore) || !c.NotAfter.Equal(want.NotAfter) {
				t.Errorf("period %v..%v, want %v..%v", c.NotBefore, c.NotAfter, want.NotBefore, want.NotAfter)
			}
			var usage pki.KeyUsage
			for _, name := range want.KeyUsage {
				usage |= bits[name]
			}
			if c.KeyUsage != usage {
				t.Errorf("key usage %b, want %b", c.KeyUsage, usage)
			}
			person := c.Person()
			if wantRole := roles[want.Role]; person.Role != wantRole && !(wantRole == pki.RoleSystem && person.Kind == pki.InformationSystem) {
				t.Errorf("role %q, want %q", person.Role, wantRole)
			}
			// GOST 2004 keys of the old pairs are for signatures: their policies
			// say so, whatever the table calls them.
			auth := want.Use != "sign" && want.Alg != "gost2004"
			if c.CanAuthenticate() != auth || c.CanSign() != (want.Use != "auth") {
				t.Errorf("authenticates %v, signs %v; want %s", c.CanAuthenticate(), c.CanSign(), want.Use)
			}
			// The RSA test authority since 2023 is known by its pin alone.
			pinned := want.Issuer == "CN=ҰҚО 3.0 (RSA TEST),C=KZ"
			_, err = pki.NewPool(pki.Anchors(true, true)).Build(c, c.NotBefore.Add(time.Hour))
			if pinned && !errors.Is(err, pki.ErrUnknownIssuer) || !pinned && err != nil {
				t.Errorf("path: %v", err)
			}
		})
	}
}

// TestPublishedKeys reads the same keys in the clear and writes them back.
func TestPublishedKeys(t *testing.T) {
	data, err := os.ReadFile(testdata.Shared(t, "p12", "nca-test-keys.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(cells) < 5 {
			continue
		}
		keys++
		pkcs8, _ := hex.DecodeString(cells[2])
		spki, _ := hex.DecodeString(cells[3])
		key, err := pki.ParsePrivateKey(pkcs8)
		if err != nil {
			t.Errorf("%s: %v", cells[0], err)
			continue
		}
		public, err := pki.PublicKeyOf(key)
		if err != nil {
			t.Fatal(err)
		}
		if id, _ := hex.DecodeString(cells[4]); !bytes.Equal(public.SPKI(), spki) || !public.Hashes(id) {
			t.Errorf("%s: public key %x, want %x", cells[0], public.SPKI(), spki)
		}
		again, err := pki.MarshalPrivateKey(key)
		if err != nil || !bytes.Equal(again, pkcs8) {
			t.Errorf("%s: written as %x (%v)", cells[0], again, err)
		}
	}
	if keys != 50 {
		t.Errorf("%d keys", keys)
	}
}

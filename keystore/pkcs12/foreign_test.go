package pkcs12_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	library "software.sslmate.com/src/go-pkcs12"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/keystore/pkcs12"
)

const password = "Qwerty12"

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".p12"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func openStore(t testing.TB, data []byte, password string) *pkcs12.Store {
	t.Helper()
	s, err := pkcs12.Open(data, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Destroy)
	return s
}

// rsaPair is the RSA key and certificate of the made-up authority in the types
// of the standard library.
func rsaPair(t testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	s, err := pkcs12.Open(read(t, "rsa"), []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(s.Entries[0].Certificate.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return s.Entries[0].Key.(*rsa.PrivateKey), c
}

func check(t *testing.T, s *pkcs12.Store, key *rsa.PrivateKey) {
	t.Helper()
	if len(s.Entries) != 1 || !key.Equal(s.Entries[0].Key) {
		t.Fatalf("entries %+v", s.Entries)
	}
	if err := pki.Owns(s.Entries[0].Key, s.Entries[0].Certificate); err != nil {
		t.Error(err)
	}
}

// What go-pkcs12 writes, in all its forms.
func TestOpenGoPKCS12(t *testing.T) {
	key, certificate := rsaPair(t)
	for name, encoder := range map[string]*library.Encoder{
		"LegacyRC2": library.LegacyRC2, "LegacyDES": library.LegacyDES,
		"Modern2023": library.Modern2023, "Modern2026": library.Modern2026,
	} {
		for _, password := range []string{"Qwerty12", "Новый-Пароль_1", ""} {
			t.Run(name+"/"+password, func(t *testing.T) {
				data, err := encoder.Encode(key, certificate, nil, password)
				if err != nil {
					t.Fatal(err)
				}
				check(t, openStore(t, data, password), key)
				if _, err := pkcs12.Open(data, []byte("wrong")); !errors.Is(err, pkcs12.ErrIncorrectPassword) {
					t.Errorf("wrong password: %v", err)
				}
				info, err := pkcs12.Inspect(data)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%+v", info)
			})
		}
	}
}

// What OpenSSL writes, in the forms its options offer.
func TestOpenOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		testdata.Missing(t, "openssl")
	}
	key, certificate := rsaPair(t)
	dir := t.TempDir()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pair := filepath.Join(dir, "pair.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	if err := os.WriteFile(pair, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, options := range []string{
		"",
		"-legacy",
		"-legacy -descert",
		"-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES",
		"-certpbe AES-128-CBC -keypbe AES-192-CBC",
		"-certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC",
		"-certpbe NONE",
		"-certpbe NONE -keypbe NONE",
		"-macalg sha1", "-macalg sha224", "-macalg sha384", "-macalg sha512",
		"-iter 1", "-iter 100000 -maciter",
		"-nomac",
		"-nomac -certpbe NONE",
		"-name Кілт",
	} {
		t.Run(options, func(t *testing.T) {
			out := filepath.Join(dir, "out.p12")
			args := append([]string{"pkcs12", "-export", "-in", pair, "-out", out, "-passout", "pass:" + password}, strings.Fields(options)...)
			if text, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			data, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			s := openStore(t, data, password)
			check(t, s, key)
			if strings.Contains(options, "Кілт") && s.Entries[0].Alias != "Кілт" {
				t.Errorf("alias %q", s.Entries[0].Alias)
			}
			if _, err := pkcs12.Open(data, []byte("wrong")); !errors.Is(err, pkcs12.ErrIncorrectPassword) {
				t.Errorf("wrong password: %v", err)
			}
			info, err := pkcs12.Inspect(data)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", info)
		})
	}
}

// The public key tells where there is no localKeyID, and decides where a
// localKeyID lies.
func TestPairing(t *testing.T) {
	s := openStore(t, read(t, "mismatch"), password)
	if len(s.Entries) != 1 || s.Entries[0].Certificate != nil || len(s.Certificates) != 1 {
		t.Errorf("mismatch: %+v", s)
	}
	if _, err := pkcs12.Encode(rand.Reader, []pkcs12.Entry{{Key: s.Entries[0].Key, Certificate: s.Certificates[0]}}, nil); !errors.Is(err, pki.ErrKeyMismatch) {
		t.Errorf("Encode of a mismatch: %v", err)
	}

	chain := openStore(t, read(t, "chain"), password)
	e := chain.Entries[0]
	if len(e.Chain) != 2 || len(chain.Certificates) != 3 {
		t.Fatalf("chain of %d, %d certificates", len(e.Chain), len(chain.Certificates))
	}
	if err := errors.Join(e.Certificate.CheckSignatureFrom(e.Chain[0]), e.Chain[0].CheckSignatureFrom(e.Chain[1]), e.Chain[1].CheckSignatureFrom(e.Chain[1])); err != nil {
		t.Errorf("chain out of order: %v", err)
	}
	other := openStore(t, read(t, "gost256"), password).Entries[0]
	wrong := e.LocalKeyID
	e.Chain[0], e.Chain[1] = e.Chain[1], e.Chain[0] // written root first, read in order
	other.LocalKeyID, other.Alias = wrong, "second"
	data, err := pkcs12.Encode(rand.Reader, []pkcs12.Entry{e, other}, []byte("two keys"))
	if err != nil {
		t.Fatal(err)
	}
	two := openStore(t, data, "two keys")
	if len(two.Entries) != 2 || len(two.Certificates) != 4 {
		t.Fatalf("%+v", two)
	}
	for i, want := range []pkcs12.Entry{e, other} {
		got := two.Entries[i]
		if got.Alias != want.Alias || !got.Certificate.Equal(want.Certificate) {
			t.Errorf("entry %d: %s %s", i, got.Alias, got.Certificate.Subject)
		}
	}
	if c := two.Entries[0].Chain; len(c) != 2 || !c[0].Equal(e.Chain[1]) || !c[1].Equal(e.Chain[0]) {
		t.Errorf("chain %v", c)
	}

	bare, err := pkcs12.Encode(nil, []pkcs12.Entry{{Key: other.Key}}, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	s = openStore(t, bare, password)
	if s.Entries[0].Certificate != nil || len(s.Entries[0].Alias) != 40 {
		t.Errorf("key without certificate: %+v", s.Entries[0])
	}
	if _, err := pkcs12.Encode(rand.Reader, nil, nil); !errors.Is(err, pkcs12.ErrNoKey) {
		t.Errorf("Encode of nothing: %v", err)
	}
}

// Trust stores are go-pkcs12's: both what it writes and what keytool writes
// have the same form.
func TestOpenCertificates(t *testing.T) {
	var all []*x509.Certificate
	for _, c := range openStore(t, read(t, "chain"), password).Certificates {
		x, err := x509.ParseCertificate(c.Raw)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	data, err := library.Modern2023.EncodeTrustStore(all, library.DefaultPassword)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pkcs12.OpenCertificates(data, "changeit")
	if err != nil || len(got) != 3 || got[0].PublicKey.Family != pki.GOST512 {
		t.Fatalf("%v, %v", got, err)
	}
	if _, err := pkcs12.OpenCertificates(data, "wrong"); !errors.Is(err, pkcs12.ErrIncorrectPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := pkcs12.OpenCertificates(read(t, "gost512"), password); !errors.Is(err, pkcs12.ErrUnsupported) {
		t.Errorf("a key store: %v", err)
	}
	if _, err := pkcs12.OpenCertificates(data[:100], "changeit"); !errors.Is(err, pkcs12.ErrTruncated) {
		t.Errorf("cut: %v", err)
	}
	if _, err := pkcs12.Open(data, []byte("changeit")); !errors.Is(err, pkcs12.ErrNoKey) {
		t.Errorf("Open of a trust store: %v", err)
	}
}

package pkcs12_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	library "software.sslmate.com/src/go-pkcs12"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testoracle"
	"tanba/keystore/pkcs12"
)

func TestEncodeRoundTrip(t *testing.T) {
	for _, name := range []string{"gost512", "gost256", "gost2004", "rsa", "chain"} {
		for _, password := range []string{"Qwerty12", "Новый-Пароль_1", "Aa1!😀Ж", "", strings.Repeat("long ", 200)} {
			t.Run(name+"/"+fmt.Sprintf("%.14s", password), func(t *testing.T) {
				want := openStore(t, read(t, name), "Qwerty12").Entries[0]
				data, err := pkcs12.Encode(rand.Reader, []pkcs12.Entry{want}, []byte(password))
				if err != nil {
					t.Fatal(err)
				}
				got := openStore(t, data, password).Entries[0]
				if got.Alias != want.Alias || !got.Certificate.Equal(want.Certificate) || len(got.Chain) != len(want.Chain) {
					t.Errorf("got %+v", got)
				}
				if err := pki.Owns(got.Key, want.Certificate); err != nil {
					t.Error(err)
				}
				if strings.Contains(password, "😀") {
					return // go-pkcs12 takes the basic plane only
				}
				// go-pkcs12 checks the MAC before it meets the first indefinite length.
				_, _, err = library.Decode(data, password)
				if err == nil || !strings.Contains(err.Error(), "indefinite length") {
					t.Errorf("go-pkcs12: %v", err)
				}
				if _, _, err = library.Decode(data, password+"x"); err != library.ErrIncorrectPassword {
					t.Errorf("go-pkcs12 with a wrong password: %v", err)
				}
			})
		}
	}
}

// Independent readers open what Encode writes and find the key of the
// certificate in it.
func TestEncodeForOracles(t *testing.T) {
	for name, password := range map[string]string{
		"gost512": "Новый-Пароль_1", "gost256": "Qwerty12", "gost2004": "Qwerty12", "rsa": "Құпия-Сөз 1", "chain": "Qwerty12",
	} {
		t.Run(name, func(t *testing.T) {
			entry := openStore(t, read(t, name), "Qwerty12").Entries[0]
			data, err := pkcs12.Encode(rand.Reader, []pkcs12.Entry{entry}, []byte(password))
			if err != nil {
				t.Fatal(err)
			}
			file := testoracle.File(t, name+".p12", data)
			if r := testoracle.Java(t, "p12-open", file, password); !r.Valid {
				t.Errorf("Java: %s", r.Output)
			}
			if r := testoracle.OpenSSL(t, "p12-open", file, password); !r.Valid {
				t.Errorf("OpenSSL: %s", r.Output)
			}
		})
	}
}

func TestEncodeForOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		testdata.Missing(t, "openssl")
	}
	entry := openStore(t, read(t, "rsa"), "Qwerty12").Entries[0]
	data, err := pkcs12.Encode(rand.Reader, []pkcs12.Entry{entry}, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rsa.p12")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "pkcs12", "-legacy", "-in", file, "-passin", "pass:"+password, "-nodes").Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var key *rsa.PrivateKey
	var certificate []byte
	for block, rest := pem.Decode(out); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY":
			any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			key = any.(*rsa.PrivateKey)
		case "CERTIFICATE":
			certificate = block.Bytes
		}
	}
	if !key.Equal(entry.Key) || string(certificate) != string(entry.Certificate.Raw) || !strings.Contains(string(out), "friendlyName: "+entry.Alias) {
		t.Errorf("OpenSSL read\n%s", out)
	}
}

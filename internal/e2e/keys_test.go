package e2e

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testpki"
	"tanba/keystore/pkcs12"
)

// key is a key store and what the tests expect of signatures made with it.
type key struct {
	Path        string
	Password    string
	Certificate *pki.Certificate
	Expired     bool // the person is asked twice, and a portal must allow it

	// Of a key on a token, whose PIN is Password; Path is "".
	Serial, Storage string
}

// storage is what a page calls the place of the key.
func (k key) storage() string {
	if k.Storage != "" {
		return k.Storage
	}
	return "PKCS12"
}

// storages is the same in requests of basics: the client's own constant where
// it has one.
func (k key) storages() any {
	if k.Storage != "" {
		return []any{k.Storage}
	}
	return "!!basicsStoragePKCS12"
}

// activeTokens is what a page is told is plugged in.
func (k key) activeTokens() []string {
	if k.Storage != "" {
		return []string{k.Storage}
	}
	return nil
}

func (k key) family() pki.Family { return k.Certificate.PublicKey.Family }

// throwawayKey makes a test CA and a key of the family for one person, whose
// password is not an easy one.
func throwawayKey(t testing.TB, family pki.Family) key {
	t.Helper()
	return throwawayKeyWith(t, family, "канарейка-Qwerty12-пароль")
}

func throwawayKeyWith(t testing.TB, family pki.Family, password string) key {
	t.Helper()
	now := time.Now()
	authority, err := testpki.New(rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	id, err := authority.Issue(testpki.Profile{
		Family:     family,
		CommonName: "ТЕСТОВ ТЕСТ",
		Surname:    "ТЕСТОВ",
		GivenName:  "ТЕСТОВИЧ",
		IIN:        "123456789011",
		NotBefore:  now.Add(-time.Hour),
		NotAfter:   now.Add(100 * 24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	store, name, err := authority.PKCS12(id, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, store, 0o600); err != nil {
		t.Fatal(err)
	}
	return key{Path: path, Password: password, Certificate: id.Certificate}
}

// nationalKey opens a key store that the national CA's test system issued.
func nationalKey(t testing.TB, file string) key {
	t.Helper()
	k := key{Path: testdata.Shared(t, "p12", file)}
	var stores []struct{ Path, Password string }
	text, err := os.ReadFile(testdata.Shared(t, "p12", "expect.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &stores); err != nil {
		t.Fatal(err)
	}
	for _, s := range stores {
		if s.Path == "p12/"+file {
			k.Password = s.Password
		}
	}
	data, err := os.ReadFile(k.Path)
	if err != nil {
		t.Fatal(err)
	}
	store, err := pkcs12.Open(data, []byte(k.Password))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	defer store.Destroy()
	for _, e := range store.Entries {
		if e.Certificate != nil {
			k.Certificate = e.Certificate
		}
	}
	if k.Certificate == nil {
		t.Fatalf("%s: no certificate", file)
	}
	k.Expired = k.Certificate.ValidAt(time.Now()) != nil
	return k
}

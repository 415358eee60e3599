package pkcs12

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testdata"
)

type fixture struct {
	path, password string
	ski, serial    string // when known
	data           []byte
}

// fixtures are all key stores of the shared material: those of the national
// test authority, those of its own provider, those of an independent writer.
func fixtures(t *testing.T) []fixture {
	t.Helper()
	root := testdata.Shared(t)
	known := map[string]fixture{
		"kalkan/p12/g2004.p12": {password: "Aa123456"},
		"kalkan/p12/rsa.p12":   {password: "Aa123456"},
	}
	var expected []struct{ Path, Password, SKI, Serial string }
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if err := json.Unmarshal(read("p12/expect.json"), &expected); err != nil {
		t.Fatal(err)
	}
	for _, e := range expected {
		known[e.Path] = fixture{password: e.Password, ski: e.SKI, serial: e.Serial}
	}
	var all []fixture
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".p12" {
			return err
		}
		name, err := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		f := known[name]
		if f.password == "" {
			f.password = "Qwerty12"
		}
		f.path, f.data = name, read(name)
		all = append(all, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < len(expected) {
		t.Fatalf("%d stores, fewer than the %d of expect.json", len(all), len(expected))
	}
	return all
}

func TestFixtures(t *testing.T) {
	families := map[pki.Family]int{}
	for _, f := range fixtures(t) {
		t.Run(f.path, func(t *testing.T) {
			info, err := Inspect(f.data)
			if err != nil {
				t.Fatal(err)
			}
			if info.Integrity != (Method{"HMAC SHA-1", 1024}) || info.Keys != 1 || len(info.Encryption) != 2 ||
				info.Encryption[0] != (Method{"PBE SHA-1 3DES", 1024}) {
				t.Errorf("info %+v", info)
			}
			s, err := Open(f.data, []byte(f.password))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Destroy()
			if len(s.Entries) != 1 || len(s.Unread) != 0 {
				t.Fatalf("%d entries, unread %v", len(s.Entries), s.Unread)
			}
			e := s.Entries[0]
			public, err := pki.PublicKeyOf(e.Key)
			if err != nil {
				t.Fatal(err)
			}
			families[public.Family]++
			if mismatch := strings.Contains(f.path, "/mismatch/"); (e.Certificate == nil) != mismatch {
				t.Fatalf("certificate %v", e.Certificate)
			} else if mismatch {
				return
			}
			if err := pki.Owns(e.Key, e.Certificate); err != nil {
				t.Error(err)
			}
			if e.Alias == "" || f.ski != "" && e.Alias != f.ski || !strings.Contains(f.path, "oracle") && hex.EncodeToString(e.LocalKeyID) != e.Alias {
				t.Errorf("alias %s, local key id %x, want %s", e.Alias, e.LocalKeyID, f.ski)
			}
			if f.serial != "" && e.Certificate.SerialHex() != strings.TrimLeft(f.serial, "0") {
				t.Errorf("serial %s, want %s", e.Certificate.SerialHex(), f.serial)
			}
			h := public.Family.NewHash()
			h.Write([]byte(f.path))
			signature, err := pki.SignDigest(e.Key, nil, h.Sum(nil))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Certificate.PublicKey.VerifyDigest(h.Sum(nil), signature); err != nil {
				t.Error(err)
			}
			if _, err := Open(f.data, []byte(f.password+"x")); err != ErrIncorrectPassword {
				t.Errorf("wrong password: %v", err)
			}
		})
	}
	t.Logf("stores by family: %v", families)
}

// Written anew with the salts it came with, every store comes out octet for
// octet as the national authority and its provider wrote it.
func TestEncodeIsWhatKalkanWrites(t *testing.T) {
	same := 0
	for _, f := range fixtures(t) {
		t.Run(f.path, func(t *testing.T) {
			p, err := parse(f.data, &budget{defaults})
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(f.data, []byte(f.password))
			if err != nil {
				t.Fatal(err)
			}
			if s.Entries[0].Certificate == nil || p.safes[1].protection.cipher.name != "RC2-40" {
				t.Skip("not the layout that Encode writes")
			}
			salts := bytes.Join([][]byte{p.safes[0].bags[0].protection.salt, p.safes[1].protection.salt, p.mac.salt}, nil)
			got, err := Encode(bytes.NewReader(salts), s.Entries, []byte(f.password))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, f.data) {
				t.Errorf("differs:\n got %x\nwant %x", got, f.data)
			}
			same++
		})
	}
	t.Logf("%d stores written as they were", same)
}

package enrollment

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/internal/csr"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testpki"
	"tanba/keystore"
	"tanba/keystore/pkcs12"
)

var (
	now      = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	password = []byte("Qwerty12")
)

var authority = sync.OnceValues(func() (*testpki.Authority, error) { return testpki.New(nil, now) })

func newAuthority(t testing.TB) *testpki.Authority {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func subject(t testing.TB) pki.Name {
	t.Helper()
	name, err := pki.NewName(pki.Attribute{Type: pki.OIDCommonName, Value: "ТЕСТОВ ТЕСТ"}, pki.Attribute{Type: pki.OIDSerialNumber, Value: "IIN123456789011"})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func newPending(t testing.TB, dir string, family pki.Family) *Pending {
	t.Helper()
	p, err := NewKey{Family: family, Template: csr.Template{Subject: subject(t)}, Now: now}.InFile(dir, true, password)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// certify is what the authority does with a request.
func certify(t testing.TB, p *Pending, profile testpki.Profile) *pki.Certificate {
	t.Helper()
	r, err := csr.Parse(p.Request)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newAuthority(t).Certify(r.PublicKey, profile)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func check(t testing.TB) Check {
	return Check{Anchors: newAuthority(t).Pool(), Now: func() time.Time { return now }}
}

func TestKeyOfEachFamily(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.GOST256, pki.RSA} {
		t.Run(family.String(), func(t *testing.T) {
			dir := t.TempDir()
			p := newPending(t, dir, family)
			if filepath.Base(p.Path) != PendingName(p.KeyID) {
				t.Errorf("file %s", p.Path)
			}
			if info, err := os.Stat(p.Path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
			leaf := certify(t, p, testpki.Profile{})
			for range 2 { // a second time changes nothing
				done, err := check(t).InstallFile(p.Path, "", password, [][]byte{newAuthority(t).Issuing().Raw, leaf.Raw}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if done.Path != filepath.Join(dir, pkcs12.FileName(leaf)) || done.Alias != strings.TrimSuffix(done.Path[strings.LastIndex(done.Path, "_")+1:], ".p12") {
					t.Errorf("%+v", done)
				}
				p.Path = done.Path
			}
			left, _ := os.ReadDir(dir)
			if len(left) != 1 {
				t.Fatalf("%v: the pending file and every temporary one must be gone", left)
			}
			store, err := keystore.OpenFile(p.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			keys, err := store.Unlock(t.Context(), password)
			if err != nil || len(keys) != 1 || !keys[0].Certificate().Equal(leaf) {
				t.Fatalf("%v, %v", keys, err)
			}
			if err := proves(keys[0], leaf); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLegacyKeysAreNotMade(t *testing.T) {
	_, err := NewKey{Family: pki.GOST2004, Template: csr.Template{Subject: subject(t)}, Now: now}.InFile(t.TempDir(), true, password)
	if !errors.Is(err, pki.ErrAlgorithm) {
		t.Error(err)
	}
}

func TestCertificateRefused(t *testing.T) {
	dir := t.TempDir()
	p := newPending(t, dir, pki.GOST512)
	before, err := os.ReadFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthority(t)
	stranger, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	r, err := csr.Parse(p.Request)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := stranger.Certify(r.PublicKey, testpki.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := a.Issue(testpki.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(certify(t, p, testpki.Profile{}).Raw)
	broken[len(broken)-1] ^= 1
	entry, destroy, err := pendingKey(p.Path, password)
	if err != nil {
		t.Fatal(err)
	}
	defer destroy()
	for name, c := range map[string]struct {
		der  []byte
		want error
	}{
		"another key":          {other.Certificate.Raw, ErrOtherKey},
		"the placeholder":      {entry.Certificate.Raw, ErrOtherKey},
		"expired":              {certify(t, p, testpki.Profile{NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(-1, 0, 0)}).Raw, ErrExpired},
		"not yet":              {certify(t, p, testpki.Profile{NotBefore: now.AddDate(0, 1, 0)}).Raw, ErrNotYetValid},
		"wrong purpose":        {certify(t, p, testpki.Profile{KeyUsage: pki.KeyCertSign, ExtKeyUsage: []string{pki.UsageOCSPSigning}}).Raw, ErrPurpose},
		"unknown authority":    {foreign.Raw, ErrUnknownCA},
		"broken chain":         {broken, ErrBrokenChain},
		"not a certificate":    {[]byte("certificate"), ErrNoCertificate},
		"a request in its way": {p.Request, ErrNoCertificate},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := check(t).InstallFile(p.Path, "", password, [][]byte{c.der}, nil); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if _, err := check(t).InstallFile(p.Path, "", []byte("Qwerty13"), [][]byte{certify(t, p, testpki.Profile{}).Raw}, nil); !errors.Is(err, keystore.ErrWrongPassword) {
		t.Errorf("password of another store: %v", err)
	}
	if after, err := os.ReadFile(p.Path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the pending file was touched: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	p := newPending(t, dir, pki.GOST512)
	leaf := certify(t, p, testpki.Profile{})
	there := filepath.Join(dir, pkcs12.FileName(leaf))
	if err := os.WriteFile(there, []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := check(t).InstallFile(p.Path, "", password, [][]byte{leaf.Raw}, nil); !errors.Is(err, ErrExists) {
		t.Errorf("install: %v", err)
	}
	if data, _ := os.ReadFile(there); string(data) != "somebody's" {
		t.Error("a file was overwritten")
	}
	if _, err := os.Stat(p.Path); err != nil {
		t.Error("the pending file is gone")
	}
	if _, err := (NewKey{Family: pki.GOST512, Template: csr.Template{Subject: subject(t)}, Now: now}).InFile(there, false, password); !errors.Is(err, ErrExists) {
		t.Errorf("new key: %v", err)
	}
}

func TestChangePassword(t *testing.T) {
	a := newAuthority(t)
	for _, family := range []pki.Family{pki.GOST512, pki.GOST2004, pki.RSA} {
		id, err := a.Issue(testpki.Profile{Family: family})
		if err != nil {
			t.Fatal(err)
		}
		data, name, err := a.PKCS12(id, password, a.Issuing())
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o640); err != nil {
			t.Fatal(err)
		}
		if err := ChangePassword(path, []byte("wrong"), []byte("Newpass1"), Keep, nil); !errors.Is(err, keystore.ErrWrongPassword) {
			t.Fatalf("%v: %v", family, err)
		}
		for _, step := range []struct {
			old, new   string
			encryption Encryption
			modern     bool
		}{
			{"Qwerty12", "Newpass1", Keep, false},
			{"Newpass1", "Newpass2", Modern, true},
			{"Newpass2", "Newpass3", Keep, true}, // what is modern stays so
		} {
			if err := ChangePassword(path, []byte(step.old), []byte(step.new), step.encryption, nil); err != nil {
				t.Fatalf("%v %s: %v", family, step.new, err)
			}
			now, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := pkcs12.Inspect(now); err != nil || info.Modern() != step.modern {
				t.Errorf("%v %s: %+v, %v", family, step.new, info, err)
			}
			if _, err := pkcs12.Open(now, []byte(step.old)); !errors.Is(err, pkcs12.ErrIncorrectPassword) {
				t.Errorf("%v: the old password still opens it: %v", family, err)
			}
			s, err := pkcs12.Open(now, []byte(step.new))
			if err != nil || len(s.Certificates) != 2 || !s.Entries[0].Certificate.Equal(id.Certificate) {
				t.Fatalf("%v %s: %+v, %v", family, step.new, s, err)
			}
			s.Destroy()
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o640 {
			t.Errorf("mode %v", info.Mode())
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestPasswordRules(t *testing.T) {
	for text, want := range map[string]error{
		"Qwerty12": nil, "Aa1!@#": nil, strings.Repeat("Aa1", 10) + "xx": nil,
		"Aa123": ErrPasswordShort, strings.Repeat("Aa1", 11): ErrPasswordLong,
		"qwerty12": ErrPasswordUpper, "QWERTY12": ErrPasswordLower, "Qwertyui": ErrPasswordDigit,
		"Пароль12": ErrPasswordLatin, "Qwerty\t12": ErrPasswordLatin,
	} {
		if err := CheckPassword([]byte(text)); err != want {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
	for text, want := range map[string]Strength{
		"Qwerty12": Weak, "Aa111111111111111": Weak, "Abcdefgh12345678": Weak,
		"Kx7mQp2vTz": Fair, "Kx7mQp2vTz9wLr4b": Good,
	} {
		if got := StrengthOf([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestRegistry(t *testing.T) {
	dir := state.Dir(t.TempDir())
	r := NewRegistry(dir)
	if _, err := r.Find("aa"); !errors.Is(err, ErrNotPending) {
		t.Error(err)
	}
	for _, p := range []Pending{{KeyID: "aa", Path: "1"}, {KeyID: "bb", Path: "2"}, {KeyID: "aa", Path: "3", Application: "101"}} {
		if err := r.Put(p); err != nil {
			t.Fatal(err)
		}
	}
	again := NewRegistry(dir)
	if p, err := again.Find("AA"); err != nil || p.Path != "3" || p.Application != "101" {
		t.Errorf("%+v, %v", p, err)
	}
	if err := again.Remove("aa"); err != nil {
		t.Fatal(err)
	}
	if list, err := r.List(); err != nil || len(list) != 1 || list[0].KeyID != "bb" {
		t.Errorf("%+v, %v", list, err)
	}
}

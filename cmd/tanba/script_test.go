package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tanba/internal/csr"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tanba": main})
}

// TestScripts runs the sessions of testdata/script: each reads like what a
// person types and sees.
func TestScripts(t *testing.T) {
	keys := t.TempDir()
	authority := makeKeys(t, keys)
	tsa, broken := authority.NewTSA(nil), authority.NewTSA(nil)
	broken.SetFault(testpki.OtherNonce)
	stamps, wrong := httptest.NewServer(tsa), httptest.NewServer(broken)
	t.Cleanup(stamps.Close) // after the scripts, which run in parallel
	t.Cleanup(wrong.Close)
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"certify": certify(authority)},
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"person.p12", "head.p12", "expired.p12", "rsa.p12", "roots.pem", "password", "wrong"} {
				data, err := os.ReadFile(filepath.Join(keys, name))
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), data, 0o600); err != nil {
					return err
				}
			}
			e.Setenv("LANG", "en_US.UTF-8")
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("DISPLAY", "")
			e.Setenv("TSA", stamps.URL)
			e.Setenv("WRONG_TSA", wrong.URL)
			e.Setenv("WAYLAND_DISPLAY", "")
			return nil
		},
	})
}

// certify is the authority's part: certify REQUEST CERTIFICATE [expired].
func certify(a *testpki.Authority) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		r, err := csr.Parse([]byte(ts.ReadFile(args[0])))
		ts.Check(err)
		var p testpki.Profile
		if len(args) > 2 {
			p.NotBefore, p.NotAfter = time.Now().AddDate(-2, 0, 0), time.Now().AddDate(-1, 0, 0)
		}
		c, err := a.Certify(r.PublicKey, p)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), c.PEM(), 0o600))
	}
}

// makeKeys writes key files of a throw-away authority with the password Script1.
func makeKeys(t *testing.T, dir string) *testpki.Authority {
	t.Helper()
	now := time.Now()
	authority, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	person := testpki.Profile{
		Family: pki.GOST512, CommonName: "ТЕСТОВ ТЕСТ", Surname: "ТЕСТОВ", Patronymic: "ТЕСТОВИЧ", IIN: "123456789011",
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
	}
	head, expired, rsa := person, person, person
	head.Role, head.Organisation, head.BIN = pki.RoleHead, `ТОО "СЫНАҚ"`, "123456789021"
	expired.NotBefore, expired.NotAfter = now.AddDate(-1, 0, 0), now.Add(-time.Hour)
	rsa.Family = pki.RSA
	for name, profile := range map[string]testpki.Profile{"person.p12": person, "head.p12": head, "expired.p12": expired, "rsa.p12": rsa} {
		id, err := authority.Issue(profile)
		if err != nil {
			t.Fatal(err)
		}
		store, _, err := authority.PKCS12(id, []byte("Script1"))
		if err != nil {
			t.Fatal(err)
		}
		write(name, store)
	}
	rsaRoot, rsaIssuing, err := authority.RSA()
	if err != nil {
		t.Fatal(err)
	}
	roots := []byte{}
	for _, c := range []*pki.Certificate{authority.Root(), authority.Issuing(), rsaRoot, rsaIssuing} {
		roots = append(roots, c.PEM()...)
	}
	write("roots.pem", roots)
	write("password", []byte("Script1\n"))
	write("wrong", []byte("wrong\n"))
	return authority
}

// Package demo is Tanba's show room: a throw-away certification authority, two
// key files in the national form, and a small sample portal whose page signs a
// text through the bridge and has the signature verified.
//
// Nothing of it touches the person's own keys or trust stores: everything lives
// in one temporary folder and goes with it.
package demo

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// Password opens both key files. It follows the national CA's rule and is shown
// to everybody, like the keys themselves: they are worth nothing.
const Password = "Demo2026"

// Material is the throw-away PKI.
type Material struct {
	Dir      string   // the folder of the key files
	KeyFiles []string // the natural person's, then the head of an organisation's
	Roots    []*pki.Certificate
}

// Make creates the authority and writes the key files into dir/keys.
func Make(dir string, rand io.Reader, now time.Time) (*Material, error) {
	authority, err := testpki.New(rand, now)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	m := &Material{Dir: filepath.Join(dir, "keys"), Roots: []*pki.Certificate{authority.Root(), authority.Issuing()}}
	if err := os.MkdirAll(m.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	person := testpki.Profile{
		Family: pki.GOST512, CommonName: "ТЕСТОВ ТЕСТ", Surname: "ТЕСТОВ", Patronymic: "ТЕСТОВИЧ", IIN: "123456789011",
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
	}
	head := person
	head.Role, head.Organisation, head.BIN = pki.RoleHead, `ТОО "СЫНАҚ"`, "123456789021"
	for _, p := range []testpki.Profile{person, head} {
		id, err := authority.Issue(p)
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		store, name, err := authority.PKCS12(id, []byte(Password))
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		file := filepath.Join(m.Dir, name)
		if err := os.WriteFile(file, store, 0o600); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		m.KeyFiles = append(m.KeyFiles, file)
	}
	return m, nil
}

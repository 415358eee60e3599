package trust

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// system is the store of the system: a folder of PEM files and a program that
// makes from them what curl and Go programs read. Browsers ignore it.
type system struct {
	o       *Options
	dir     string
	added   []string // the program to run after adding
	removed []string // and after removing
}

// systems are the places by family; the first whose folder and program are there
// is this system's.
var systems = []system{
	{dir: "/usr/local/share/ca-certificates", added: []string{"update-ca-certificates"}, removed: []string{"update-ca-certificates", "--fresh"}}, // Debian, Ubuntu, Alpine
	{dir: "/etc/pki/ca-trust/source/anchors", added: []string{"update-ca-trust"}, removed: []string{"update-ca-trust"}},                          // Fedora, RHEL
	{dir: "/etc/ca-certificates/trust-source/anchors", added: []string{"update-ca-trust"}, removed: []string{"update-ca-trust"}},                 // Arch
	{dir: "/etc/pki/trust/anchors", added: []string{"update-ca-certificates"}, removed: []string{"update-ca-certificates"}},                      // openSUSE
}

func (o *Options) system() *system {
	s := systems[0]
	if o.SystemDir == "" {
		for _, candidate := range systems {
			_, err := os.Stat(candidate.dir)
			if _, perr := exec.LookPath(candidate.added[0]); err == nil && perr == nil {
				s = candidate
				break
			}
		}
	} else {
		s.dir = o.SystemDir
	}
	s.o = o
	return &s
}

func (s *system) kind() Kind   { return System }
func (s *system) path() string { return s.dir }

func (s *system) exists() bool {
	fi, err := os.Stat(s.dir)
	return err == nil && fi.IsDir()
}

func (s *system) file(fp string) string { return filepath.Join(s.dir, "tanba-"+fp[:16]+".crt") }

func (s *system) status(_ context.Context, c *x509.Certificate) (present, trusted bool, err error) {
	fp := fingerprint(c.Raw)
	data, err := os.ReadFile(s.file(fp))
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, permission(err)
	}
	block, _ := pem.Decode(data)
	ok := block != nil && fingerprint(block.Bytes) == fp
	return ok, ok, nil
}

func (s *system) add(ctx context.Context, _ *journal, c *x509.Certificate, _ string) error {
	name := s.file(fingerprint(c.Raw))
	if err := os.WriteFile(name, Export(c), 0o644); err != nil {
		return permission(err)
	}
	if _, err := s.o.Run(ctx, s.added[0], s.added[1:]...); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// remove also runs the program when the file is gone: we may have been killed
// before we ran it.
func (s *system) remove(ctx context.Context, _ *journal, e Entry, _ bool) (bool, error) {
	name := s.file(e.Fingerprint)
	data, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, permission(err)
	}
	if block, _ := pem.Decode(data); block != nil && fingerprint(block.Bytes) != e.Fingerprint {
		return false, fmt.Errorf("trust: %s holds another certificate", name)
	}
	if err == nil {
		if err := os.Remove(name); err != nil {
			return false, permission(err)
		}
	}
	_, err = s.o.Run(ctx, s.removed[0], s.removed[1:]...)
	return err == nil, err
}

func (s *system) destroy(context.Context, []string) error { return nil }

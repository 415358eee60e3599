package trust

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// system is the store of update-ca-certificates: a folder of PEM files ending in
// .crt. Browsers ignore it; curl and Go programs read what is made of it.
type system struct {
	o   *Options
	dir string
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

func (s *system) add(ctx context.Context, c *x509.Certificate, _ string) error {
	name := s.file(fingerprint(c.Raw))
	if err := os.WriteFile(name, Export(c), 0o644); err != nil {
		return permission(err)
	}
	if _, err := s.o.Run(ctx, "update-ca-certificates"); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

func (s *system) remove(ctx context.Context, fp, _ string) error {
	name := s.file(fp)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return permission(err)
	}
	if block, _ := pem.Decode(data); block != nil && fingerprint(block.Bytes) != fp {
		return fmt.Errorf("trust: %s holds another certificate", name)
	}
	if err := os.Remove(name); err != nil {
		return permission(err)
	}
	_, err = s.o.Run(ctx, "update-ca-certificates", "--fresh")
	return err
}

func (s *system) destroy(context.Context) error { return nil }

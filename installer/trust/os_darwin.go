package trust

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// keychain is the person's login keychain, which Safari, Chrome and, by way of
// ImportEnterpriseRoots, Firefox read. macOS asks for the login password before
// the trust settings change.
//
// It follows the manual of `security`; nobody has run it.
type keychain struct{ o *Options }

func (o *Options) osStores() []store { return []store{&keychain{o}} }

func (o *Options) osStore(k Kind, _ string) store {
	if k == Keychain {
		return &keychain{o}
	}
	return nil
}

func (s *keychain) kind() Kind { return Keychain }
func (s *keychain) path() string {
	return filepath.Join(s.o.Home, "Library", "Keychains", "login.keychain-db")
}

func (s *keychain) exists() bool {
	_, err := os.Stat(s.path())
	return err == nil
}

func (s *keychain) status(ctx context.Context, c *x509.Certificate) (present, trusted bool, err error) {
	out, err := s.o.Run(ctx, "security", "find-certificate", "-a", "-Z", s.path())
	if err != nil {
		return false, false, err
	}
	if !strings.Contains(string(out), thumbprint(c.Raw)) {
		return false, false, nil
	}
	file, err := s.temporary(c)
	if err != nil {
		return true, false, err
	}
	defer os.Remove(file)
	_, err = s.o.Run(ctx, "security", "verify-cert", "-c", file, "-p", "ssl", "-l", "-L")
	return true, err == nil, nil
}

func (s *keychain) temporary(c *x509.Certificate) (string, error) {
	f, err := os.CreateTemp("", "tanba-root-*.pem")
	if err != nil {
		return "", permission(err)
	}
	_, err = f.Write(Export(c))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", permission(err)
	}
	return f.Name(), nil
}

func (s *keychain) add(ctx context.Context, _ *journal, c *x509.Certificate, _ string) error {
	file, err := s.temporary(c)
	if err != nil {
		return err
	}
	defer os.Remove(file)
	_, err = s.o.Run(ctx, "security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k", s.path(), file)
	return err
}

// remove takes the trust setting and the certificate; -t does both.
func (s *keychain) remove(ctx context.Context, _ *journal, e Entry, _ bool) (bool, error) {
	out, err := s.o.Run(ctx, "security", "delete-certificate", "-Z", e.SHA1, "-t", s.path())
	if err != nil && bytes.Contains(out, []byte("Unable to delete certificate matching")) {
		return false, nil
	}
	return false, err
}

func (s *keychain) destroy(context.Context, []string) error { return nil }

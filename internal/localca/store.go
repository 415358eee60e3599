package localca

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"tanba/internal/state"
)

// Files in the state directory. The key comes last when writing, so a crash in
// between leaves a pair that does not match, which Load reports as ErrNoBundle.
const folder = "tls"

const (
	caFile   = "ca.pem"
	leafFile = "leaf.pem"
	keyFile  = "leaf.key"
)

// Save writes the bundle, each file atomically and readable by its owner only.
func Save(dir state.Dir, b *Bundle) error {
	for _, f := range []struct {
		name string
		data []byte
	}{{caFile, b.CAPEM}, {leafFile, b.LeafPEM}, {keyFile, b.LeafKeyPEM}} {
		if err := dir.Write(f.data, folder, f.name); err != nil {
			return fmt.Errorf("localca: %w", err)
		}
	}
	return nil
}

// Load reads the bundle back and checks that its parts belong together. It
// returns an error wrapping ErrNoBundle when a new one has to be issued, and
// any other error when the files cannot be read.
func Load(dir state.Dir) (*Bundle, error) {
	b := new(Bundle)
	for _, f := range []struct {
		name string
		data *[]byte
	}{{caFile, &b.CAPEM}, {leafFile, &b.LeafPEM}, {keyFile, &b.LeafKeyPEM}} {
		data, err := dir.Read(folder, f.name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoBundle
		}
		if err != nil {
			return nil, fmt.Errorf("localca: %w", err)
		}
		*f.data = data
	}
	var err error
	if b.CA, err = parse(b.CAPEM); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoBundle, caFile, err)
	}
	if b.Leaf, err = parse(b.LeafPEM); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoBundle, leafFile, err)
	}
	if err := b.Leaf.CheckSignatureFrom(b.CA); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoBundle, err)
	}
	if _, err := b.TLS(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoBundle, err)
	}
	return b, nil
}

// LoadOrIssue returns the stored bundle, or issues and stores a new one when
// there is none or the stored one has expired. fresh tells which.
func LoadOrIssue(dir state.Dir, now time.Time) (b *Bundle, fresh bool, err error) {
	b, err = Load(dir)
	if err == nil && now.Before(b.Leaf.NotAfter) && !now.Before(b.Leaf.NotBefore) {
		return b, false, nil
	}
	if err != nil && !errors.Is(err, ErrNoBundle) {
		return nil, false, err
	}
	if b, err = Issue(nil, now, Label()); err != nil {
		return nil, false, err
	}
	return b, true, Save(dir, b)
}

// TLS returns leaf, authority and key as tls.Config wants them.
func (b *Bundle) TLS() (*tls.Certificate, error) {
	chain := append(append([]byte(nil), b.LeafPEM...), b.CAPEM...)
	c, err := tls.X509KeyPair(chain, b.LeafKeyPEM)
	if err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	c.Leaf = b.Leaf
	return &c, nil
}

// NeedsRenewal reports whether a fifth of the leaf's life or less is left.
func (b *Bundle) NeedsRenewal(now time.Time) bool {
	life := b.Leaf.NotAfter.Sub(b.Leaf.NotBefore)
	return b.Leaf.NotAfter.Sub(now) <= life/5
}

func parse(data []byte) (*x509.Certificate, error) {
	block, rest := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 {
		return nil, errors.New("not one PEM certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

package enrollment

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"tanba/internal/csr"
	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/keystore/pkcs12"
)

// maxKeyFile bounds what is read of a key file, as keystore does.
const maxKeyFile = 1 << 20

// Installed is a key that has its certificate.
type Installed struct {
	Path        string // of the new key file, "" on a token
	Alias       string
	Certificate *pki.Certificate
}

// InstallFile puts a certificate beside the key of a pending file: it writes a
// new key file in the authority's layout, reads it back, and takes the pending
// file away. out is the path of the new file; "" stands for the authority's name
// in the folder of the pending one. The password is that of the pending file,
// and becomes that of the new one.
//
// Installing the same certificate again succeeds and changes nothing.
func (c Check) InstallFile(pending, out string, password []byte, certificates [][]byte, rand io.Reader) (*Installed, error) {
	entry, destroy, err := pendingKey(pending, password)
	if err != nil {
		return nil, err
	}
	defer destroy()
	public, err := pki.PublicKeyOf(entry.Key)
	if err != nil {
		return nil, err
	}
	leaf, chain, err := c.Choose(public, certificates)
	if err != nil {
		return nil, err
	}
	id := leaf.SubjectKeyID
	if len(id) == 0 {
		id = public.KeyID()
	}
	done := &Installed{Path: out, Alias: hex.EncodeToString(id), Certificate: leaf}
	if out == "" {
		done.Path = filepath.Join(filepath.Dir(pending), pkcs12.FileName(leaf))
	}
	data, err := pkcs12.Encode(rand, []pkcs12.Entry{{
		Alias: done.Alias, LocalKeyID: id, Key: entry.Key, Certificate: leaf, Chain: chain,
	}}, password)
	if err != nil {
		return nil, err
	}
	verify := opens(password, leaf)
	switch err := create(done.Path, data, verify); {
	case errors.Is(err, ErrExists):
		there, readErr := readKeyFile(done.Path)
		if readErr != nil || verify(there) != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	// Only the file of the placeholder goes, and only now. Where it cannot, both
	// stay: one key too many is no loss.
	if csr.IsPlaceholder(entry.Certificate) && !sameFile(pending, done.Path) {
		os.Remove(pending)
	}
	return done, nil
}

// pendingKey opens a pending file, or a finished one to repeat what was done.
func pendingKey(path string, password []byte) (entry pkcs12.Entry, destroy func(), err error) {
	data, err := readKeyFile(path)
	if err != nil {
		return entry, nil, err
	}
	s, err := pkcs12.Open(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return entry, nil, keystore.ErrWrongPassword
	case err != nil:
		return entry, nil, err
	case len(s.Entries) != 1:
		s.Destroy()
		return entry, nil, ErrNotPending
	}
	return s.Entries[0], s.Destroy, nil
}

// InstallToken writes a certificate beside its key on an unlocked token.
func (c Check) InstallToken(ctx context.Context, t keystore.TokenStore, id []byte, certificates [][]byte) (*Installed, error) {
	pairs, err := t.Pending(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if len(id) > 0 && !bytes.Equal(p.ID, id) || p.Public == nil {
			continue
		}
		leaf, chain, err := c.Choose(p.Public, certificates)
		if errors.Is(err, ErrOtherKey) && len(id) == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := t.Import(ctx, p.ID, leaf, chain...); err != nil {
			return nil, err
		}
		return &Installed{Alias: hex.EncodeToString(leaf.SubjectKeyID), Certificate: leaf}, nil
	}
	if len(id) == 0 && len(pairs) > 0 {
		return nil, ErrOtherKey
	}
	return nil, ErrNotPending
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, keystore.ErrNotFound
	case err != nil:
		return nil, keystore.ErrUnreadable
	case !info.Mode().IsRegular() || info.Size() > maxKeyFile:
		return nil, keystore.ErrNotKeyFile
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, keystore.ErrUnreadable
	}
	return data, nil
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

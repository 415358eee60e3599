package keystore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"tanba/keystore/jks"
	"tanba/keystore/pkcs12"
)

// maxFile bounds a key file; real ones have up to 5 KiB.
const maxFile = 1 << 20

// jceksMagic begins the other kind of Java key stores.
var jceksMagic = []byte{0xce, 0xce, 0xce, 0xce}

// OpenFile looks into a key file and returns it locked. It follows symbolic
// links, since the person chose the path; whatever they lead to must be a
// regular file of 1 to 1 MiB octets, and neither pipes nor devices are waited
// for. The error wraps one of the errors of this package.
func OpenFile(path string) (Store, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	kind, err := kindOf(data)
	if err != nil {
		return nil, err
	}
	return &fileStore{info: Info{Storage: kind, Path: path, Label: filepath.Base(path)}}, nil
}

// kindOf tells key files from others, and one kind from the other: PKCS12 or
// JKS.
func kindOf(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, jceksMagic):
		return "", fmt.Errorf("%w: a Java key store of the kind JCEKS; convert it with keytool -importkeystore -deststoretype pkcs12", ErrUnsupported)
	case bytes.HasPrefix(data, jks.Magic):
		return JKS, storeError(jks.Check(data))
	}
	_, err := pkcs12.Inspect(data)
	return PKCS12, storeError(err)
}

// openData opens a store of either kind.
func openData(data, secret []byte) (*pkcs12.Store, error) {
	kind, err := kindOf(data)
	if err != nil {
		return nil, err
	}
	if kind == PKCS12 {
		store, err := pkcs12.Open(data, secret)
		return store, storeError(err)
	}
	entries, err := jks.Open(data, secret)
	if err != nil {
		return nil, storeError(err)
	}
	store := new(pkcs12.Store)
	for _, e := range entries {
		store.Entries = append(store.Entries, pkcs12.Entry{Alias: e.Alias, Key: e.Key, Certificate: e.Certificate, Chain: e.Chain})
	}
	return store, nil
}

// fileStore is a .p12 or .jks file.
type fileStore struct {
	info Info

	mu     sync.Mutex
	closed bool
	open   []*fileKeys
}

func (s *fileStore) Info() Info { return s.info }

// Unlock reads the file anew, so that what is opened is what is there.
func (s *fileStore) Unlock(ctx context.Context, secret []byte) ([]Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := readFile(s.info.Path)
	if err != nil {
		return nil, err
	}
	opened, err := openData(data, secret)
	if err != nil {
		return nil, err
	}
	group := &fileKeys{store: opened}
	if err := ctx.Err(); err != nil {
		group.destroy()
		return nil, err
	}
	keys := group.keys()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		group.destroy()
		return nil, ErrClosed
	}
	s.open = append(s.open, group)
	return keys, nil
}

func (s *fileStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, group := range s.open {
		group.destroy()
	}
	s.open = nil
	return nil
}

// storeError maps an error of pkcs12 or jks; the text of that package stays
// inside.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	for _, m := range []struct{ from, to error }{
		{pkcs12.ErrIncorrectPassword, ErrWrongPassword},
		{pkcs12.ErrNotPKCS12, ErrNotKeyFile},
		{pkcs12.ErrTruncated, ErrDamaged},
		{pkcs12.ErrCorrupt, ErrDamaged},
		{pkcs12.ErrLimits, ErrUnsupported},
		{pkcs12.ErrUnsupported, ErrUnsupported},
		{pkcs12.ErrNoKey, ErrNoKey},
		{jks.ErrIncorrectPassword, ErrWrongPassword},
		{jks.ErrNotJKS, ErrNotKeyFile},
		{jks.ErrCorrupt, ErrDamaged},
		{jks.ErrUnsupported, ErrUnsupported},
		{jks.ErrNoKey, ErrNoKey},
	} {
		if errors.Is(err, m.from) {
			return fmt.Errorf("%w: %w", m.to, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// readFile reads a regular file of a sensible size and waits for nothing.
func readFile(path string) ([]byte, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	// Looked at before it is opened: opening a device or a pipe may act on it.
	// The look is repeated on the open file, which nobody can swap.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(err)
	}
	if err := checkFile(info); err != nil {
		return nil, err
	}
	f, err := openFile(path)
	if err != nil {
		return nil, fileError(err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, fileError(err)
	}
	if err := checkFile(info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fileError(err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%w: larger than 1 MiB", ErrNotKeyFile)
	}
	return data, nil
}

func checkFile(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return fmt.Errorf("%w: a folder", ErrNotKeyFile)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: not a regular file", ErrNotKeyFile)
	case info.Size() == 0:
		return fmt.Errorf("%w: empty file", ErrDamaged)
	case info.Size() > maxFile:
		return fmt.Errorf("%w: larger than 1 MiB", ErrNotKeyFile)
	}
	return nil
}

// fileError maps an error of the system and drops the path in its text.
func fileError(err error) error {
	var text error = err
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		text = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %w", ErrNotFound, text)
	}
	return fmt.Errorf("%w: %w", ErrUnreadable, text)
}

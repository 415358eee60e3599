package keystore_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	library "software.sslmate.com/src/go-pkcs12"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testpki"
	"tanba/keystore"
)

var (
	now      = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	password = "Құпия-Сөз 1"
)

var authority = sync.OnceValues(func() (*testpki.Authority, error) { return testpki.New(nil, now) })

func issue(t testing.TB, p testpki.Profile) *testpki.Identity {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.Issue(p)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// writeStore writes a key file and returns its path and its identity.
func writeStore(t testing.TB, p testpki.Profile) (string, *testpki.Identity) {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	id := issue(t, p)
	data, name, err := a.PKCS12(id, []byte(password), a.Issuing())
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, name, data), id
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func unlock(t testing.TB, path string) (keystore.Store, keystore.Key) {
	t.Helper()
	s, err := keystore.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	keys, err := s.Unlock(context.Background(), []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 1 {
		t.Fatalf("%d keys", len(keys))
	}
	return s, keys[0]
}

func TestUnlock(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004, pki.RSA} {
		t.Run(family.String(), func(t *testing.T) {
			path, id := writeStore(t, testpki.Profile{Family: family})
			s, k := unlock(t, path)
			if want := (keystore.Info{Storage: keystore.PKCS12, Path: path, Label: filepath.Base(path)}); s.Info() != want {
				t.Errorf("info %+v", s.Info())
			}
			if !k.Certificate().Equal(id.Certificate) || k.Alias() != hex.EncodeToString(id.Certificate.SubjectKeyID) {
				t.Errorf("key %s, %s", k.Alias(), k.Certificate().Subject)
			}
			if chain := len(k.Chain()); (chain != 1) != (family == pki.RSA) { // the issuing authority is that of GOST
				t.Errorf("chain of %d", chain)
			}
			h := family.NewHash()
			h.Write([]byte("document"))
			digest := h.Sum(nil)
			signature, err := pki.SignDigest(k, nil, digest)
			if err != nil {
				t.Fatal(err)
			}
			if err := id.Certificate.PublicKey.VerifyDigest(digest, signature); err != nil {
				t.Error(err)
			}
			a, ok := k.(interface {
				AppendSignature(dst, digest []byte) ([]byte, error)
				SignBatch(random io.Reader, dst, digests []byte) ([]byte, error)
			})
			if ok == (family == pki.RSA) {
				t.Fatalf("AppendSignature: %v", ok)
			}
			if ok {
				signature, err = a.AppendSignature([]byte("before"), digest)
				if err != nil || !bytes.HasPrefix(signature, []byte("before")) {
					t.Fatal(err)
				}
				if err := id.Certificate.PublicKey.VerifyDigest(digest, signature[len("before"):]); err != nil {
					t.Error(err)
				}
				batch, err := a.SignBatch(nil, nil, append(slices.Clone(digest), digest...))
				if err != nil || len(batch) != 4*len(digest) {
					t.Fatal(err, len(batch))
				}
				for i := range 2 {
					if err := id.Certificate.PublicKey.VerifyDigest(digest, batch[2*i*len(digest):][:2*len(digest)]); err != nil {
						t.Errorf("signature %d of a batch: %v", i, err)
					}
				}
			}
			if _, err := s.Unlock(context.Background(), []byte("wrong")); !errors.Is(err, keystore.ErrWrongPassword) {
				t.Errorf("wrong password: %v", err)
			}
			if err := errors.Join(s.Close(), s.Close()); err != nil {
				t.Error(err)
			}
			if _, err := k.Sign(nil, digest, crypto.SHA256); !errors.Is(err, keystore.ErrClosed) {
				t.Errorf("Sign after Close: %v", err)
			}
			if ok {
				if _, err := a.AppendSignature(nil, digest); !errors.Is(err, keystore.ErrClosed) {
					t.Errorf("AppendSignature after Close: %v", err)
				}
				if _, err := a.SignBatch(nil, nil, digest); !errors.Is(err, keystore.ErrClosed) {
					t.Errorf("SignBatch after Close: %v", err)
				}
			}
			if _, err := s.Unlock(context.Background(), []byte(password)); !errors.Is(err, keystore.ErrClosed) {
				t.Errorf("Unlock after Close: %v", err)
			}
		})
	}
}

func TestUnlockLeavesSecretAlone(t *testing.T) {
	path, _ := writeStore(t, testpki.Profile{})
	s, err := keystore.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	secret := []byte(password)
	if _, err := s.Unlock(context.Background(), secret); err != nil || string(secret) != password {
		t.Errorf("%v, secret %q", err, secret)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Unlock(ctx, secret); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Close waits for signatures that are being made and stops those after it.
func TestCloseWhileSigning(t *testing.T) {
	path, id := writeStore(t, testpki.Profile{})
	s, k := unlock(t, path)
	digest := make([]byte, 64)
	started := make(chan struct{})
	var once sync.Once
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				signature, err := k.Sign(nil, digest, nil)
				if errors.Is(err, keystore.ErrClosed) {
					return
				}
				if err == nil {
					err = id.Certificate.PublicKey.VerifyDigest(digest, signature)
				}
				if err != nil {
					t.Error(err)
					return
				}
				once.Do(func() { close(started) })
			}
		})
	}
	<-started
	s.Close()
	group.Wait()
}

// The file may go, come back as another or break while the person types.
func TestFileChangesAfterOpen(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name   string
		change func(path string) error
		want   error
	}{
		{"deleted", os.Remove, keystore.ErrNotFound},
		{"folder deleted", func(path string) error { return os.RemoveAll(filepath.Dir(path)) }, keystore.ErrNotFound},
		{"cut", func(path string) error { return os.Truncate(path, 1000) }, keystore.ErrDamaged},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }, keystore.ErrDamaged},
		{"another file", func(path string) error { return os.WriteFile(path, []byte("hello"), 0o600) }, keystore.ErrNotKeyFile},
		{"a folder", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, keystore.ErrNotKeyFile},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, _ := writeStore(t, testpki.Profile{})
			s, err := keystore.OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := tt.change(path); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Unlock(ctx, []byte(password)); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestNotKeyFiles(t *testing.T) {
	path, id := writeStore(t, testpki.Profile{})
	store, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		data []byte
		want error
		text string
	}{
		{"empty.p12", nil, keystore.ErrDamaged, "empty file"},
		{"cut.p12", store[:len(store)/2], keystore.ErrDamaged, "ends early"},
		{"notes.txt", []byte("Qwerty12"), keystore.ErrNotKeyFile, ""},
		{"photo.p12", []byte("\xff\xd8\xff\xe0"), keystore.ErrNotKeyFile, ""},
		{"certificate.cer", id.Certificate.Raw, keystore.ErrNotKeyFile, ""},
		{"certificate.pem", id.Certificate.PEM(), keystore.ErrNotKeyFile, ""},
		{"key.jks", []byte("\xfe\xed\xfe\xed\x00\x00\x00\x02"), keystore.ErrDamaged, "ends early or late"},
		{"key.jceks", []byte("\xce\xce\xce\xce\x00\x00\x00\x02"), keystore.ErrUnsupported, "Java key store"},
		{"padded.p12", append(bytes.Clone(store), make([]byte, 1<<20)...), keystore.ErrNotKeyFile, "larger than 1 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeFile(t, tt.name, tt.data)
			_, err := keystore.OpenFile(path)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("%v, want %v with %q", err, tt.want, tt.text)
			}
			if strings.Contains(err.Error(), filepath.Dir(path)) {
				t.Errorf("the error tells the path: %v", err)
			}
		})
	}
	if _, err := keystore.OpenFile(filepath.Join(t.TempDir(), "missing.p12")); !errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("missing: %v", err)
	}
	if _, err := keystore.OpenFile(filepath.Join(path, "below-a-file.p12")); !errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("below a file: %v", err)
	}
	for _, path := range []string{"", "a\x00b"} {
		if _, err := keystore.OpenFile(path); !errors.Is(err, keystore.ErrNotFound) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// A store of certificates is told from a damaged one.
func TestNoKey(t *testing.T) {
	c, err := x509.ParseCertificate(issue(t, testpki.Profile{}).Certificate.Raw)
	if err != nil {
		t.Fatal(err)
	}
	data, err := library.Modern2023.EncodeTrustStore([]*x509.Certificate{c}, password)
	if err != nil {
		t.Fatal(err)
	}
	s, err := keystore.OpenFile(writeFile(t, "trust.p12", data))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Unlock(context.Background(), []byte(password)); !errors.Is(err, keystore.ErrNoKey) || !errors.Is(err, keystore.ErrNotKeyFile) {
		t.Error(err)
	}
}

// The store that the national provider itself wrote.
func TestRealJavaStore(t *testing.T) {
	s, err := keystore.OpenFile(testdata.Shared(t, "kalkan", "jks", "rsa.jks"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.Info().Storage; got != keystore.JKS {
		t.Errorf("storage %q", got)
	}
	if _, err := s.Unlock(context.Background(), []byte("Qwerty12")); !errors.Is(err, keystore.ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	keys, err := s.Unlock(context.Background(), []byte("Qwerty123"))
	if err != nil || len(keys) != 1 || keys[0].Certificate() == nil {
		t.Fatalf("%v, %v", keys, err)
	}
	digest := make([]byte, 32)
	signature, err := pki.SignDigest(keys[0], nil, digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys[0].Certificate().PublicKey.VerifyDigest(digest, signature); err != nil {
		t.Error(err)
	}
}

func TestStorages(t *testing.T) {
	if n := len(keystore.Storages()); n != 10 {
		t.Errorf("%d storages, protocol.md 4.1 has ten", n)
	}
	for _, s := range keystore.Storages() {
		if !keystore.Known(s) || keystore.IsToken(s) == (s == keystore.PKCS12 || s == keystore.JKS) {
			t.Errorf("%s: known %v, token %v", s, keystore.Known(s), keystore.IsToken(s))
		}
	}
	for _, s := range []string{"", "pkcs12", "KAZTOKEN", "AKUnknownStore"} {
		if keystore.Known(s) || keystore.IsToken(s) {
			t.Errorf("%q is known", s)
		}
	}
}

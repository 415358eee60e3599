//go:build linux

package pkcs11_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testdata"
	"tanba/internal/testpki"
	"tanba/internal/testtoken"
	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// SoftHSM is a module that nobody here wrote. It makes RSA signatures, needs no
// device and no root, and has no lock-out.

const softPIN = "481516"

func softHSM(t testing.TB) string {
	t.Helper()
	for _, path := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"} {
		if _, err := os.Stat(path); err == nil {
			if _, err := exec.LookPath("softhsm2-util"); err == nil {
				return path
			}
		}
	}
	testdata.Missing(t, "softhsm2")
	return ""
}

// soft makes a token of SoftHSM's and what asks for it.
type soft struct {
	module, conf string
	tokens       *pkcs11.Tokens
}

func newSoft(t testing.TB, label string, o pkcs11.Options) *soft {
	t.Helper()
	s := &soft{module: softHSM(t)}
	dir := t.TempDir()
	s.conf = filepath.Join(dir, "softhsm2.conf")
	store := filepath.Join(dir, "tokens")
	if err := os.Mkdir(store, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.conf, []byte("directories.tokendir = "+store+"\nlog.level = ERROR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.initToken(t, label)
	if o.Helper == "" {
		o.Helper = testtoken.Helper(t)
	}
	if o.Modules == nil {
		o.Modules = []pkcs11.Module{{Path: s.module}}
	}
	o.Environment = append(o.Environment, "SOFTHSM2_CONF="+s.conf)
	o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.Timeouts.Fresh == 0 {
		o.Timeouts.Fresh = -1
	}
	s.tokens = pkcs11.New(o)
	t.Cleanup(func() { s.tokens.Close() })
	return s
}

func (s *soft) initToken(t testing.TB, label string) {
	t.Helper()
	cmd := exec.Command("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "87654321", "--pin", softPIN)
	cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+s.conf)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("softhsm2-util: %v\n%s", err, out)
	}
}

func (s *soft) open(t testing.TB) keystore.TokenStore {
	t.Helper()
	list, err := s.tokens.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v; want one token", list, err)
	}
	store, err := s.tokens.Open(t.Context(), list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// withKey makes a key on the token and writes a certificate to it.
func (s *soft) withKey(t testing.TB) *pki.Certificate {
	t.Helper()
	store := s.open(t)
	if keys, err := store.Unlock(t.Context(), []byte(softPIN)); !errors.Is(err, keystore.ErrNoKey) || len(keys) != 0 {
		t.Fatalf("%v, %v; want no key", keys, err)
	}
	signer, id, err := store.Generate(t.Context(), pki.RSA, "Ключ для подписи")
	if err != nil {
		t.Fatal(err)
	}
	public, err := pki.PublicKeyOf(signer)
	if err != nil {
		t.Fatal(err)
	}
	pending, err := store.Pending(t.Context())
	if err != nil || len(pending) != 1 || !bytes.Equal(pending[0].ID, id) || !pending[0].Public.Equal(public) {
		t.Fatalf("pending %+v, %v", pending, err)
	}
	authority := testAuthority(t)
	certificate, err := authority.Certify(public, profile)
	if err != nil {
		t.Fatal(err)
	}
	_, issuing, err := authority.RSA()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Import(t.Context(), id, certificate, issuing); err != nil {
		t.Fatal(err)
	}
	if err := store.Import(t.Context(), id, certificate); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	if pending, err := store.Pending(t.Context()); err != nil || len(pending) != 0 {
		t.Fatalf("pending %+v, %v", pending, err)
	}
	if err := store.Import(t.Context(), id, issuing); !errors.Is(err, pki.ErrKeyMismatch) {
		t.Errorf("certificate of another key: %v", err)
	}
	if err := store.Import(t.Context(), []byte("none"), certificate); !errors.Is(err, keystore.ErrNoKey) {
		t.Errorf("no such key: %v", err)
	}
	store.Close()
	return certificate
}

var profile = testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"}

// expand returns the files that match the patterns.
func expand(patterns ...string) []string {
	var found []string
	for _, p := range patterns {
		matches, _ := filepath.Glob(p) // of a right form
		found = append(found, matches...)
	}
	return found
}

var theAuthority = sync.OnceValues(func() (*testpki.Authority, error) { return testpki.New(nil, time.Now()) })

func testAuthority(t testing.TB) *testpki.Authority {
	t.Helper()
	a, err := theAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (s *soft) unlock(t testing.TB) (keystore.TokenStore, keystore.Key) {
	t.Helper()
	store := s.open(t)
	keys, err := store.Unlock(t.Context(), []byte(softPIN))
	if err != nil || len(keys) != 1 || keys[0].Certificate() == nil {
		t.Fatalf("%v, %v; want one key with its certificate", keys, err)
	}
	return store, keys[0]
}

// A key is made on the token, gets its certificate, and signs a container that
// OpenSSL verifies; nothing is retried, and a wrong PIN is one.
func TestSoftHSM(t *testing.T) {
	s := newSoft(t, "Менің токенім", pkcs11.Options{Storages: map[string]string{"Менің токенім": keystore.Kaztoken}})
	want := s.withKey(t)
	list, err := s.tokens.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	token := list[0]
	if token.Storage != keystore.Kaztoken || token.Label != "Менің токенім" || token.Serial == "" || token.Module != "libsofthsm2.so" || token.PIN.Min != 4 {
		t.Errorf("token %+v", token)
	}
	if len(token.Certificates) == 0 || !bytes.Equal(token.Certificates[0].Raw, want.Raw) {
		t.Errorf("before login %d certificates are visible", len(token.Certificates))
	}

	store := s.open(t)
	for _, c := range []struct {
		pin  string
		want error
	}{{"", keystore.ErrPINFormat}, {"123", keystore.ErrPINFormat}, {strings.Repeat("1", 300), keystore.ErrPINFormat}, {"000000", keystore.ErrWrongPassword}} {
		if keys, err := store.Unlock(t.Context(), []byte(c.pin)); !errors.Is(err, c.want) || keys != nil {
			t.Errorf("PIN %q: %v, want %v", c.pin, err, c.want)
		}
	}
	if now, err := store.Token(t.Context()); err != nil || !now.PIN.Low || now.PIN.Locked {
		t.Errorf("after a wrong PIN: %+v, %v", now.PIN, err)
	}
	keys, err := store.Unlock(t.Context(), []byte(softPIN))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	k := keys[0]
	if !bytes.Equal(k.Certificate().Raw, want.Raw) || len(k.Chain()) != 1 || k.Alias() != "Ключ для подписи" {
		t.Errorf("key %q with chain of %d", k.Alias(), len(k.Chain()))
	}
	for hash, digest := range map[crypto.Hash][]byte{crypto.SHA1: make([]byte, 20), crypto.SHA256: make([]byte, 32), crypto.SHA384: make([]byte, 48), crypto.SHA512: make([]byte, 64)} {
		if _, err := k.Sign(rand.Reader, digest, hash); err != nil {
			t.Errorf("%v: %v", hash, err)
		}
	}
	if _, err := k.Sign(rand.Reader, make([]byte, 20), crypto.SHA256); err == nil {
		t.Error("a digest of another length was signed")
	}
	if _, err := k.Sign(rand.Reader, make([]byte, 16), crypto.MD5); !errors.Is(err, keystore.ErrMechanism) {
		t.Errorf("MD5: %v", err)
	}

	content := []byte("келісімшарт")
	signer, err := cms.NewSigner(k, k.Certificate(), k.Chain()...)
	if err != nil {
		t.Fatal(err)
	}
	container, err := signer.Sign(content, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := cms.Parse(container)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.Verify(nil); err != nil {
		t.Error(err)
	}
	opensslVerifies(t, container, content)

	store.Close()
	if _, err := k.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); !errors.Is(err, keystore.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := store.Unlock(t.Context(), []byte(softPIN)); !errors.Is(err, keystore.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func opensslVerifies(t *testing.T, container, content []byte) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		testdata.Missing(t, "openssl")
	}
	root, _, err := testAuthority(t).RSA()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, ca := filepath.Join(dir, "signed.der"), filepath.Join(dir, "ca.pem")
	if err := errors.Join(os.WriteFile(in, container, 0o600),
		os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}), 0o600)); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", in, "-CAfile", ca, "-purpose", "any").Output()
	if err != nil || !bytes.Equal(out, content) {
		t.Errorf("openssl cms -verify: %q, %v", out, err)
	}
}

// The helper that is built without a C compiler does the same.
func TestHelperWithoutCgo(t *testing.T) {
	helper := filepath.Join(t.TempDir(), "tanba-token")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", helper, "tanba/cmd/tanba-token")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	s := newSoft(t, "pure", pkcs11.Options{Helper: helper})
	want := s.withKey(t)
	store, k := s.unlock(t)
	if !bytes.Equal(k.Certificate().Raw, want.Raw) {
		t.Error("another certificate")
	}
	for range 100 {
		if _, err := k.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Unlock(t.Context(), []byte("000000")); !errors.Is(err, keystore.ErrWrongPassword) {
		t.Errorf("wrong PIN: %v", err)
	}
	report, err := s.tokens.Report(t.Context())
	if err != nil || len(report.Modules) != 1 || len(report.Modules[0].Troubles) != 0 || len(report.Modules[0].Slots) != 2 || len(report.Modules[0].Slots[0].Token.Mechanisms) < 50 {
		t.Errorf("report %+v, %v", report, err)
	}
}

// A PIN that another store's login would let pass is checked all the same.
func TestSecondStoreChecksItsPIN(t *testing.T) {
	s := newSoft(t, "two", pkcs11.Options{})
	s.withKey(t)
	_, first := s.unlock(t)
	second := s.open(t)
	keys, err := second.Unlock(t.Context(), []byte(softPIN))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	for _, k := range []keystore.Key{first, keys[0]} {
		if _, err := k.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); err != nil {
			t.Errorf("with two stores: %v", err)
		}
	}
	second.Close()
	if _, err := first.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); err != nil {
		t.Errorf("after the second was closed: %v", err)
	}
	third := s.open(t)
	if keys, err := third.Unlock(t.Context(), []byte("000000")); !errors.Is(err, keystore.ErrWrongPassword) || keys != nil {
		t.Errorf("wrong PIN beside an open store: %v, %v", keys, err)
	}
}

// Acceptance test 10 and the figure: 10,000 signatures in a batch with
// one PIN, and the rate against that of the module in a bare loop.
func TestTenThousandSignatures(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 200
	}
	s := newSoft(t, "batch", pkcs11.Options{})
	s.withKey(t)
	store, k := s.unlock(t)
	signer, err := cms.NewSigner(k, k.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	documents := make([][]byte, n)
	for i := range documents {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		documents[i] = sum[:]
	}
	b, err := signer.NewBatch(documents, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	workers := max(2, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	next := make(chan int, n)
	for i := 0; i < n; i += 16 {
		next <- i
	}
	close(next)
	for range workers {
		all.Go(func() {
			for i := range next {
				if err := b.Sign(context.Background(), i, min(i+16, n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(start)
	t.Logf("%d signatures in %v: %.0f a second", n, took.Round(time.Millisecond), float64(n)/took.Seconds())
	if t.Failed() {
		return
	}
	parsed, err := cms.Parse(b.Append(nil, n-1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.Verify(nil); err != nil {
		t.Error(err)
	}
	store.Close()
}

// The same token, listed by two modules that are one file under two names, is
// there once.
func TestTokenOfTwoModulesIsListedOnce(t *testing.T) {
	module := softHSM(t)
	copied := filepath.Join(t.TempDir(), "other.so")
	data, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, data, 0o755); err != nil {
		t.Fatal(err)
	}
	s := newSoft(t, "once", pkcs11.Options{State: state.Dir(t.TempDir()), Modules: []pkcs11.Module{{Path: module}, {Path: copied}, {Path: "pkcs11:token=other?module-path=" + module}}})
	s.initToken(t, "another")
	list, err := s.tokens.List(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v; want two tokens", list, err)
	}
	for _, token := range list {
		if token.Module != "libsofthsm2.so" {
			t.Errorf("%q is shown by %s", token.Label, token.Module)
		}
	}
}

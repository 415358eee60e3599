package localca

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tanba/internal/state"
	"tanba/internal/testdata"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// The form security.md §4.2 asks for, member by member.
func TestIssueForm(t *testing.T) {
	b, err := Issue(nil, now, "1a2b3c4d")
	if err != nil {
		t.Fatal(err)
	}
	ca, leaf := b.CA, b.Leaf
	switch {
	case !ca.IsCA || !ca.MaxPathLenZero || ca.MaxPathLen != 0:
		t.Error("authority: basic constraints")
	case ca.KeyUsage != x509.KeyUsageCertSign:
		t.Error("authority: key usage", ca.KeyUsage)
	case len(ca.ExtKeyUsage) != 1 || ca.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth:
		t.Error("authority: extended key usage", ca.ExtKeyUsage)
	case !ca.PermittedDNSDomainsCritical || len(ca.PermittedDNSDomains) != 1 || ca.PermittedDNSDomains[0] != "localhost":
		t.Error("authority: permitted names", ca.PermittedDNSDomains)
	case len(ca.PermittedIPRanges) != 2 || ca.PermittedIPRanges[0].String() != "127.0.0.1/32" || ca.PermittedIPRanges[1].String() != "::1/128":
		t.Error("authority: permitted addresses", ca.PermittedIPRanges)
	case !strings.Contains(ca.Subject.CommonName, "1a2b3c4d") || !strings.Contains(ca.Subject.CommonName, "loopback only"):
		t.Error("authority: name", ca.Subject)
	case leaf.Subject.CommonName != "127.0.0.1" || leaf.IsCA:
		t.Error("leaf: name", leaf.Subject)
	case len(leaf.DNSNames) != 1 || leaf.DNSNames[0] != "localhost" || len(leaf.IPAddresses) != 2:
		t.Error("leaf: alternative names", leaf.DNSNames, leaf.IPAddresses)
	case len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth:
		t.Error("leaf: extended key usage")
	}
	for _, c := range []*x509.Certificate{ca, leaf} {
		if c.PublicKey.(*ecdsa.PublicKey).Curve != elliptic.P256() || c.SignatureAlgorithm != x509.ECDSAWithSHA256 {
			t.Error("not P-256 with SHA-256")
		}
		if !c.NotBefore.Equal(now.Add(-time.Hour)) || c.NotAfter.Sub(c.NotBefore) != 397*24*time.Hour {
			t.Error("validity", c.NotBefore, c.NotAfter)
		}
		if len(c.SerialNumber.Bytes()) != 20 {
			t.Errorf("serial of %d octets", len(c.SerialNumber.Bytes()))
		}
		for _, e := range c.Extensions {
			critical := e.Id.String() == "2.5.29.19" || e.Id.String() == "2.5.29.15" || e.Id.String() == "2.5.29.30"
			if e.Critical != critical {
				t.Errorf("extension %v: critical %v", e.Id, e.Critical)
			}
		}
	}
	other, err := Issue(nil, now, "1a2b3c4d")
	if err != nil {
		t.Fatal(err)
	}
	if other.CA.Subject.String() == ca.Subject.String() || other.CA.SerialNumber.Cmp(ca.SerialNumber) == 0 {
		t.Error("two authorities with one name or serial")
	}
}

// TestPalantKorea is the table of security.md §4.1: what an authority of this
// form could do if its key had not been destroyed. The keys are the test's own.
func TestPalantKorea(t *testing.T) {
	type names struct {
		dns []string
		ips []string
	}
	good := names{[]string{"localhost"}, []string{"127.0.0.1", "::1"}}
	for _, tc := range []struct {
		name     string
		ipOnly   bool // constraints on addresses alone
		leaf     names
		host     string
		accepted bool
	}{
		{"good leaf, localhost", false, good, "localhost", true},
		{"good leaf, 127.0.0.1", false, good, "127.0.0.1", true},
		{"good leaf, ::1", false, good, "::1", true},
		{"rogue name", false, names{dns: []string{"rogue.example"}}, "rogue.example", false},
		{"rogue name beside ours", false, names{dns: []string{"localhost", "rogue.example"}}, "localhost", false},
		{"rogue address", false, names{ips: []string{"192.0.2.1"}}, "192.0.2.1", false},
		{"another loopback address", false, names{ips: []string{"127.0.0.2"}}, "127.0.0.2", false},
		{"constraints on addresses alone do not help", true, names{dns: []string{"rogue.example"}}, "rogue.example", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ca, key := constrained(t, tc.ipOnly)
			leaf := &x509.Certificate{
				SerialNumber: big.NewInt(2), NotBefore: now, NotAfter: now.Add(time.Hour), DNSNames: tc.leaf.dns,
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, Subject: pkix.Name{CommonName: "leaf"},
			}
			for _, ip := range tc.leaf.ips {
				leaf.IPAddresses = append(leaf.IPAddresses, net.ParseIP(ip))
			}
			der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			c, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AddCert(ca)
			_, err = c.Verify(x509.VerifyOptions{Roots: roots, DNSName: tc.host, CurrentTime: now})
			if (err == nil) != tc.accepted {
				t.Errorf("Go: %v", err)
			}
			openssl(t, ca, c, tc.host, tc.accepted)
		})
	}
}

// constrained is an authority of Issue's form whose key the test keeps.
func constrained(t *testing.T, ipOnly bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	b, err := Issue(nil, now, "test")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := *b.CA
	form.PublicKey, form.SubjectKeyId, form.AuthorityKeyId, form.ExtraExtensions = nil, nil, nil, nil
	if ipOnly {
		form.PermittedDNSDomains = nil
	}
	der, err := x509.CreateCertificate(rand.Reader, &form, &form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return ca, key
}

func openssl(t *testing.T, ca, leaf *x509.Certificate, host string, accepted bool) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		testdata.Missing(t, "openssl")
	}
	dir := t.TempDir()
	write := func(name string, c *x509.Certificate) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	check := []string{"-verify_hostname", host}
	if net.ParseIP(host) != nil {
		check[0] = "-verify_ip"
	}
	args := append([]string{"verify", "-attime", "1795435200", "-purpose", "sslserver", "-CAfile", write("ca.pem", ca)}, check...)
	out, err := exec.Command("openssl", append(args, write("leaf.pem", leaf))...).CombinedOutput()
	if (err == nil) != accepted {
		t.Errorf("openssl: %s", out)
	}
}

// The key of the authority is in no file, in no form: only the leaf's is.
func TestSennheiser2018CAKeyIsNowhere(t *testing.T) {
	dir := state.Dir(t.TempDir())
	b, err := Issue(nil, now, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(dir, b); err != nil {
		t.Fatal(err)
	}
	private := 0
	err = filepath.WalkDir(string(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if fi, _ := d.Info(); fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", path, fi.Mode())
		}
		for _, form := range keyForms(t, data) {
			private++
			if form.PublicKey.Equal(b.CA.PublicKey) {
				t.Errorf("%s holds the authority's key", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if private != 1 {
		t.Errorf("%d private keys on disk, want the leaf's", private)
	}
}

// keyForms finds every private key in a file, whatever it is called there.
func keyForms(t *testing.T, data []byte) (keys []*ecdsa.PrivateKey) {
	t.Helper()
	try := func(der []byte) {
		if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
			keys = append(keys, k.(*ecdsa.PrivateKey))
		} else if k, err := x509.ParseECPrivateKey(der); err == nil {
			keys = append(keys, k)
		}
	}
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		try(block.Bytes)
	}
	// Bare octets: any 32 that make a scalar of the authority would show as
	// its public key; windows over the file are few.
	for i := 0; i+32 <= len(data); i++ {
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), data[i:i+32])
		if err != nil {
			continue
		}
		point, err := k.PublicKey.Bytes()
		if err == nil && bytes.Contains(data, point[1:33]) {
			keys = append(keys, k)
		}
	}
	return keys
}

func TestSaveLoad(t *testing.T) {
	dir := state.Dir(t.TempDir())
	if _, err := Load(dir); !errors.Is(err, ErrNoBundle) {
		t.Fatalf("empty directory: %v", err)
	}
	b, fresh, err := LoadOrIssue(dir, now)
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	again, fresh, err := LoadOrIssue(dir, now.AddDate(0, 1, 0))
	if err != nil || fresh || again.Fingerprint() != b.Fingerprint() {
		t.Fatal("a second start issued again", fresh, err)
	}
	if later, fresh, err := LoadOrIssue(dir, now.AddDate(2, 0, 0)); err != nil || !fresh || later.Fingerprint() == b.Fingerprint() {
		t.Error("an expired leaf was kept", err)
	}
	// A crash between the files: authority of one bundle, leaf of another.
	other, err := Issue(nil, now, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{caFile, leafFile, keyFile} {
		if err := Save(dir, b); err != nil {
			t.Fatal(err)
		}
		data := map[string][]byte{caFile: other.CAPEM, leafFile: other.LeafPEM, keyFile: other.LeafKeyPEM}[name]
		if err := dir.Write(data, folder, name); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); !errors.Is(err, ErrNoBundle) {
			t.Errorf("%s of another bundle: %v", name, err)
		}
		if err := dir.Write([]byte("garbage"), folder, name); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); !errors.Is(err, ErrNoBundle) {
			t.Errorf("damaged %s: %v", name, err)
		}
	}
}

func TestNeedsRenewal(t *testing.T) {
	b, err := Issue(nil, now, "test")
	if err != nil {
		t.Fatal(err)
	}
	fifth := Lifetime / 5
	for at, want := range map[time.Time]bool{
		now: false,
		b.Leaf.NotAfter.Add(-fifth - time.Second): false,
		b.Leaf.NotAfter.Add(-fifth):               true,
		b.Leaf.NotAfter.Add(time.Hour):            true,
	} {
		if got := b.NeedsRenewal(at); got != want {
			t.Errorf("%v: %v", at, got)
		}
	}
}

// Renewal swaps the leaf for new handshakes and keeps open connections alive.
func TestRenewalKeepsConnections(t *testing.T) {
	old, err := Issue(nil, now, "test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSource(old)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: s.GetCertificate})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(c, c)
		}
	}()
	dial := func(b *Bundle, at time.Time) (*tls.Conn, error) {
		roots := x509.NewCertPool()
		roots.AddCert(b.CA)
		return tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots, Time: func() time.Time { return at }})
	}
	open, err := dial(old, now)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()

	var clock atomicTime
	clock.set(now)
	tick := make(chan time.Time)
	renewed := make(chan *Bundle, 4)
	fail := true
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		s.Watch(ctx, tick, clock.get, func(context.Context) (*Bundle, error) {
			if fail {
				fail = false
				return nil, errors.New("the person said later")
			}
			b, err := Issue(nil, clock.get(), "test")
			renewed <- b
			return b, err
		})
	}()
	tick <- clock.get() // nothing to do
	clock.set(old.Leaf.NotAfter.Add(-24 * time.Hour))
	tick <- clock.get() // fails
	tick <- clock.get() // renews
	fresh := <-renewed
	tick <- clock.get() // nothing to do any more
	cancel()
	<-ended
	if len(renewed) != 0 || s.Bundle().Fingerprint() != fresh.Fingerprint() {
		t.Error("renewed twice or not at all")
	}
	if c, err := dial(fresh, clock.get()); err != nil {
		t.Errorf("new root: %v", err)
	} else {
		c.Close()
	}
	if _, err := dial(old, clock.get()); err == nil {
		t.Error("the old leaf is still served")
	}
	if _, err := open.Write([]byte("x")); err != nil {
		t.Errorf("open connection: %v", err)
	}
	if _, err := io.ReadFull(open, make([]byte, 1)); err != nil {
		t.Errorf("open connection: %v", err)
	}
}

// atomicTime is a clock that two goroutines may look at.
type atomicTime struct{ v atomic.Int64 }

func (a *atomicTime) set(t time.Time) { a.v.Store(t.Unix()) }
func (a *atomicTime) get() time.Time  { return time.Unix(a.v.Load(), 0).UTC() }

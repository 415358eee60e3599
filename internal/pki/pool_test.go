package pki_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newAuthority(t testing.TB) *testpki.Authority {
	t.Helper()
	a, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t testing.TB, a *testpki.Authority, p testpki.Profile) *testpki.Identity {
	t.Helper()
	id, err := a.Issue(p)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// anchorOf is what is known of an authority: all of it, or less.
func anchorOf(c *pki.Certificate) pki.Anchor {
	return pki.Anchor{
		Name: "made up", Subject: c.Subject, PublicKey: c.PublicKey, KeyID: c.SubjectKeyID,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, SHA256: c.Fingerprint(),
	}
}

func TestDegreesOfTrust(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	leaf := issue(t, a, testpki.Profile{}).Certificate
	full := anchorOf(a.Issuing())
	keyOnly := pki.Anchor{Name: "key", Subject: full.Subject, PublicKey: full.PublicKey, KeyID: full.KeyID}
	pin := pki.Anchor{Name: "pin", Subject: full.Subject, KeyID: full.KeyID}
	name := pki.Anchor{Name: "name", Subject: full.Subject}
	ca, stranger := a.Issuing(), other.Issuing()
	for _, test := range []struct {
		name   string
		anchor pki.Anchor
		known  []*pki.Certificate
		length int
		want   error
	}{
		{"anchor", full, nil, 1, nil},
		{"anchor and its certificate", full, []*pki.Certificate{ca}, 2, nil},
		{"anchor and a stranger of its name", full, []*pki.Certificate{stranger}, 1, nil},
		{"key alone", keyOnly, nil, 1, nil},
		{"pin alone", pin, nil, 0, pki.ErrUnknownIssuer},
		{"pin and its certificate", pin, []*pki.Certificate{ca}, 2, nil},
		{"pin and a stranger", pin, []*pki.Certificate{stranger}, 0, pki.ErrUnknownIssuer},
		{"pin, a stranger first", pin, []*pki.Certificate{stranger, ca}, 2, nil},
		{"name alone", name, nil, 0, pki.ErrUnknownIssuer},
		{"name and the certificate", name, []*pki.Certificate{ca, a.Root()}, 0, pki.ErrUnknownIssuer},
	} {
		pool := pki.NewPool([]pki.Anchor{test.anchor})
		for _, c := range test.known {
			pool.AddCertificate(c)
		}
		chain, err := pool.Build(leaf, now)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
			continue
		}
		if err == nil && len(chain.Certificates) != test.length {
			t.Errorf("%s: %d certificates, want %d", test.name, len(chain.Certificates), test.length)
		}
		// The same when the certificates come with the leaf.
		_, again := pki.NewPool([]pki.Anchor{test.anchor}).Build(leaf, now, test.known...)
		if (again == nil) != (err == nil) {
			t.Errorf("%s: extra certificates: %v", test.name, again)
		}
	}
}

func TestWanted(t *testing.T) {
	wanted := pki.NewPool(pki.Anchors(true, false)).Wanted()
	if len(wanted) != 1 || wanted[0].Name != "NCA RSA 2022" || wanted[0].URL == "" {
		t.Errorf("wanted %+v", wanted)
	}
	a, other := newAuthority(t), newAuthority(t)
	pool := pki.NewPool([]pki.Anchor{{Subject: a.Issuing().Subject, KeyID: a.Issuing().SubjectKeyID}})
	for _, step := range []struct {
		add  *pki.Certificate
		want int
	}{{other.Issuing(), 1}, {a.Root(), 1}, {a.Issuing(), 0}} {
		pool.AddCertificate(step.add)
		if got := len(pool.Wanted()); got != step.want {
			t.Errorf("%d wanted, want %d", got, step.want)
		}
	}
}

// TestForgedAnchorCertificate: a certificate that only looks like an anchor's.
func TestForgedAnchorCertificate(t *testing.T) {
	a := newAuthority(t)
	forged := bytes.Clone(a.Issuing().Raw)
	forged[len(forged)-1] ^= 1 // its signature
	c, err := pki.ParseCertificate(forged)
	if err != nil {
		t.Fatal(err)
	}
	pool := pki.NewPool([]pki.Anchor{anchorOf(a.Issuing())})
	if _, err := pool.Build(c, now); !errors.Is(err, pki.ErrUnknownIssuer) {
		t.Errorf("itself: %v", err)
	}
	chain, err := pool.Build(issue(t, a, testpki.Profile{}).Certificate, now, c)
	if err != nil || len(chain.Certificates) != 1 {
		t.Errorf("as the anchor's certificate: %v, %v", chain, err)
	}
}

func TestPeriods(t *testing.T) {
	a := newAuthority(t)
	year := func(n int) time.Time { return now.AddDate(n, 0, 0) }
	for _, test := range []struct {
		name     string
		from, to time.Time
		at       time.Time
		want     error
	}{
		{"inside", year(-1), year(1), now, nil},
		{"first second", now, year(1), now, nil},
		{"last second", now.AddDate(0, 0, -1), now, now.Add(999 * time.Millisecond), nil},
		{"a second late", now.AddDate(0, 0, -1), now, now.Add(time.Second), pki.ErrExpired},
		{"a second early", now, year(1), now.Add(-time.Second), pki.ErrNotYetValid},
		{"expired", now.AddDate(-2, 0, 0), year(-1), now, pki.ErrExpired},
		{"future", year(1), year(2), now, pki.ErrNotYetValid},
		{"after the authority", year(-1), year(30), year(20), pki.ErrExpired},
	} {
		leaf := issue(t, a, testpki.Profile{NotBefore: test.from, NotAfter: test.to}).Certificate
		_, err := a.Pool().Build(leaf, test.at)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
}

// TestExpiredIsLast: ErrExpired promises that nothing else is wrong.
func TestExpiredIsLast(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	leaf := issue(t, a, testpki.Profile{NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(-1, 0, 0)}).Certificate
	if _, err := other.Pool().Build(leaf, now); !errors.Is(err, pki.ErrUnknownIssuer) {
		t.Errorf("expired and of a stranger: %v", err)
	}
}

// TestWithoutAuthorityKeyID: several authorities of one name, and a leaf that
// does not say which.
func TestWithoutAuthorityKeyID(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	leaf := issue(t, a, testpki.Profile{NoAuthorityID: true}).Certificate
	pool := b.Pool()
	if _, err := pool.Build(leaf, now); !errors.Is(err, pki.ErrBadSignature) {
		t.Errorf("stranger only: %v", err)
	}
	if _, err := pool.Build(leaf, now, a.Issuing(), a.Root()); err == nil {
		t.Error("trusted a root nobody named")
	}
	pool.AddRoot(a.Root())
	chain, err := pool.Build(leaf, now, a.Issuing())
	if err != nil || len(chain.Certificates) != 3 || !chain.Certificates[1].Equal(a.Issuing()) {
		t.Errorf("%v, %v", chain, err)
	}
}

// TestRights: certificates that may not issue. They are made with crypto/x509,
// which also shows that RSA certificates of others work.
func TestRights(t *testing.T) {
	root := newRSA(t, "root", nil, func(c *x509.Certificate) {})
	for _, test := range []struct {
		name string
		edit func(*x509.Certificate)
		want error
	}{
		{"proper", func(c *x509.Certificate) {}, nil},
		{"not a CA", func(c *x509.Certificate) { c.IsCA = false }, pki.ErrNotCA},
		{"no basic constraints", func(c *x509.Certificate) { c.BasicConstraintsValid = false }, pki.ErrNotCA},
		{"no keyCertSign", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, pki.ErrNotCA},
		{"no key usage", func(c *x509.Certificate) { c.KeyUsage = 0 }, pki.ErrNotCA},
		{"name constraints", func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"kz"} }, pki.ErrConstraint},
		{"unknown critical", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, pki.ErrConstraint},
		{"unknown, not critical", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: []byte{5, 0}}}
		}, nil},
		{"expired", func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }, pki.ErrExpired},
		{"SHA-384", func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA384WithRSA }, nil},
	} {
		issuing := newRSA(t, "issuing", root, test.edit)
		leaf := newRSA(t, "leaf", issuing, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature })
		pool := pki.NewPool(nil)
		pool.AddRoot(root.certificate)
		_, err := pool.Build(leaf.certificate, now, issuing.certificate)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
		// Also when the unfit one is the root.
		pool = pki.NewPool(nil)
		pool.AddRoot(issuing.certificate)
		_, err = pool.Build(leaf.certificate, now)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s as a root: error %v, want %v", test.name, err, test.want)
		}
	}
}

func TestPathLength(t *testing.T) {
	limited := func(n int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = n, n == 0 }
	}
	for _, test := range []struct {
		limit, below int
		want         error
	}{
		{0, 0, nil}, {0, 1, pki.ErrConstraint}, {1, 1, nil}, {1, 2, pki.ErrConstraint},
		{-1, 7, nil}, {-1, 8, pki.ErrTooDeep},
	} {
		root := newRSA(t, "root", nil, limited(test.limit))
		issuer := root
		var extra []*pki.Certificate
		for i := range test.below {
			issuer = newRSA(t, "level "+string(rune('a'+i)), issuer, limited(-1))
			extra = append(extra, issuer.certificate)
		}
		leaf := newRSA(t, "leaf", issuer, func(c *x509.Certificate) { c.IsCA = false })
		pool := pki.NewPool(nil)
		pool.AddRoot(root.certificate)
		_, err := pool.Build(leaf.certificate, now, extra...)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("limit %d, %d below: error %v, want %v", test.limit, test.below, err, test.want)
		}
	}
}

// TestManyCandidates: authorities of one name without key identifiers make the
// search try, but not for ever.
func TestManyCandidates(t *testing.T) {
	root := newRSA(t, "root", nil, func(*x509.Certificate) {})
	leaf := newRSA(t, "leaf", root, func(c *x509.Certificate) { c.IsCA, c.AuthorityKeyId = false, nil })
	var extra []*pki.Certificate
	for range 70 {
		extra = append(extra, newRSA(t, "root", nil, func(c *x509.Certificate) { c.SubjectKeyId = nil }).certificate)
	}
	_, err := pki.NewPool(nil).Build(leaf.certificate, now, extra...)
	if err == nil {
		t.Fatal("found a path")
	}
}

func TestWeak(t *testing.T) {
	root := newRSA(t, "root", nil, func(*x509.Certificate) {})
	pool := pki.NewPool(nil)
	pool.AddRoot(root.certificate)
	small := newRSA(t, "leaf", root, func(c *x509.Certificate) { c.IsCA = false }, 1024)
	if _, err := pool.Build(small.certificate, now); !errors.Is(err, pki.ErrWeakAlgorithm) {
		t.Errorf("RSA of 1024 bits: %v", err)
	}
	if err := small.certificate.PublicKey.VerifyDigest(make([]byte, 32), make([]byte, 128)); !errors.Is(err, pki.ErrWeakAlgorithm) {
		t.Errorf("verify with RSA of 1024 bits: %v", err)
	}
	// crypto/x509 makes no SHA-1 signatures any more: rewrite the identifiers.
	leaf := newRSA(t, "leaf", root, func(c *x509.Certificate) { c.IsCA = false })
	der := bytes.ReplaceAll(leaf.certificate.Raw, []byte{0xf7, 0x0d, 1, 1, 11}, []byte{0xf7, 0x0d, 1, 1, 5})
	sha1, err := pki.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Build(sha1, now); !errors.Is(err, pki.ErrWeakAlgorithm) {
		t.Errorf("SHA-1: %v", err)
	}
}

// made is an RSA certificate with its key.
type made struct {
	key         *rsa.PrivateKey
	template    *x509.Certificate
	certificate *pki.Certificate
}

var rsaKeys = map[int]*rsa.PrivateKey{}

// newRSA issues a certificate with crypto/x509. Keys are shared where that does
// not matter, to save time: every certificate of one size has the same.
func newRSA(t testing.TB, name string, issuer *made, edit func(*x509.Certificate), bits ...int) *made {
	t.Helper()
	size := 2048
	if len(bits) > 0 {
		size = bits[0]
		t.Setenv("GODEBUG", "rsa1024min=0")
	}
	if rsaKeys[size] == nil {
		key, err := rsa.GenerateKey(rand.Reader, size)
		if err != nil {
			t.Fatal(err)
		}
		rsaKeys[size] = key
	}
	m := &made{key: rsaKeys[size]}
	m.template = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLen: -1,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	edit(m.template)
	parent, signer := m.template, m.key
	if issuer != nil {
		parent, signer = issuer.template, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, m.template, parent, m.key.Public(), crypto.Signer(signer))
	if err != nil {
		t.Fatal(err)
	}
	if m.certificate, err = pki.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return m
}

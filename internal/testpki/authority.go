// Package testpki makes throw-away certificate authorities in the national
// form: names, extensions, serial numbers and key stores look like those of
// НУЦ РК, so whatever reads them reads the real ones, but the names say plainly
// that nobody vouches for them. Tests use it, and "tanba demo".
//
// With the same source of randomness, time and order of calls it makes the same
// octets. Never use these keys for anything that matters.
package testpki

import (
	"crypto"
	cryptorand "crypto/rand"
	"fmt"
	"io"
	"sync"
	"time"

	"tanba/internal/gost3410"
	"tanba/internal/pki"
)

// DefaultURL is the address in certificates when Authority.URL was not
// changed. The top-level domain "invalid" never resolves (RFC 2606).
const DefaultURL = "http://pki.tanba.invalid"

// Authority is a GOST 34.10-2015 (512) root with an issuing authority below
// it, and, from the first RSA certificate on, the same pair with RSA keys.
type Authority struct {
	// URL is the base of the addresses in certificates issued from now on:
	// URL/ocsp/, URL/cert/NAME.cer, URL/crl/NAME.crl.
	URL string

	mu     sync.Mutex
	rand   io.Reader
	custom bool // rand came from the caller and has to decide everything
	now    time.Time
	gost   pair
	rsa    *pair
}

type pair struct{ root, issuing authority }

// authority is a key with its certificate.
type authority struct {
	key         crypto.Signer
	certificate *pki.Certificate
	file        string // name in URLs
}

// New makes the GOST root and issuing authority. A nil rand means crypto/rand.
func New(rand io.Reader, now time.Time) (*Authority, error) { return NewAt(rand, now, DefaultURL) }

// NewAt is New for an authority whose own certificates, too, name addresses below
// a base.
func NewAt(rand io.Reader, now time.Time, base string) (*Authority, error) {
	a := &Authority{URL: base, rand: rand, custom: rand != nil, now: now.UTC().Truncate(time.Second)}
	if rand == nil {
		a.rand = cryptorand.Reader
	}
	gost, err := a.newPair(pki.GOST512, "GOST")
	if err != nil {
		return nil, err
	}
	a.gost = *gost
	return a, nil
}

// Root returns the GOST root certificate.
func (a *Authority) Root() *pki.Certificate { return a.gost.root.certificate }

// Issuing returns the certificate of the GOST issuing authority.
func (a *Authority) Issuing() *pki.Certificate { return a.gost.issuing.certificate }

// RSA returns the certificates of the RSA root and issuing authority, made on
// the first call or the first RSA certificate.
func (a *Authority) RSA() (root, issuing *pki.Certificate, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, err := a.rsaPair()
	if err != nil {
		return nil, nil, err
	}
	return p.root.certificate, p.issuing.certificate, nil
}

// Pool trusts the authority's roots and knows its issuing certificates.
func (a *Authority) Pool() *pki.Pool {
	a.mu.Lock()
	defer a.mu.Unlock()
	pool := pki.NewPool(nil)
	for _, p := range []*pair{&a.gost, a.rsa} {
		if p != nil {
			pool.AddRoot(p.root.certificate)
			pool.AddCertificate(p.issuing.certificate)
		}
	}
	return pool
}

func (a *Authority) rsaPair() (*pair, error) {
	if a.rsa == nil {
		p, err := a.newPair(pki.RSA, "RSA")
		if err != nil {
			return nil, err
		}
		a.rsa = p
	}
	return a.rsa, nil
}

// newPair makes a root and the authority below it.
func (a *Authority) newPair(family pki.Family, label string) (*pair, error) {
	var p pair
	for _, step := range []struct {
		out    *authority
		name   string
		file   string
		from   time.Duration
		years  int
		root   bool
		policy string
	}{
		{&p.root, "ТАНБА СЫНАҚ НЕГІЗГІ ОРТАЛЫҒЫ (" + label + ")", "root_" + label, -48 * time.Hour, 10, true, pki.PolicyRoot},
		{&p.issuing, "ТАНБА СЫНАҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҒЫ (" + label + ")", "nca_" + label, -24 * time.Hour, 9, false, pki.PolicyCombined},
	} {
		key, err := a.newKey(family)
		if err != nil {
			return nil, err
		}
		public, err := pki.PublicKeyOf(key)
		if err != nil {
			return nil, fmt.Errorf("testpki: %w", err)
		}
		subject, err := pki.NewName(
			pki.Attribute{Type: pki.OIDCommonName, Value: step.name},
			pki.Attribute{Type: pki.OIDCountry, Value: "KZ"})
		if err != nil {
			return nil, fmt.Errorf("testpki: %w", err)
		}
		from := a.now.Add(step.from)
		t := &template{
			subject: subject, public: public,
			serial:    caSerial(public.KeyID()),
			notBefore: from, notAfter: from.AddDate(step.years, 0, 0),
		}
		issuer := p.root
		if step.root {
			issuer = authority{key: key, file: step.file}
			t.issuer = subject
			t.extensions = caExtensions(public.KeyID(), public.KeyID(), subject, t.serial, step.policy, "", "")
		} else {
			root := p.root.certificate
			t.issuer = root.Subject
			t.extensions = caExtensions(public.KeyID(), root.SubjectKeyID, root.Subject, root.RawSerial(), step.policy,
				a.URL+"/crl/"+p.root.file+".crl", a.URL+"/cert/"+p.root.file+".cer")
		}
		certificate, err := t.sign(issuer.key, a.rand)
		if err != nil {
			return nil, err
		}
		*step.out = authority{key: key, certificate: certificate, file: step.file}
	}
	return &p, nil
}

// newKey makes a key of any family.
func (a *Authority) newKey(family pki.Family) (crypto.Signer, error) {
	var key crypto.Signer
	var err error
	switch family {
	case pki.GOST512:
		key, err = gost3410.GenerateKey(gost3410.TC26A512(), a.rand)
	case pki.GOST256:
		key, err = gost3410.GenerateKey(gost3410.TC26A256(), a.rand)
	case pki.GOST2004:
		key, err = gost3410.GenerateKey(gost3410.CryptoProA(), a.rand)
	case pki.RSA:
		key, err = a.newRSAKey()
	default:
		return nil, fmt.Errorf("testpki: family %d: %w", family, pki.ErrAlgorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("testpki: %v key: %w", family, err)
	}
	return key, nil
}

package trust

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// Check does a real TLS handshake with the bridge at addr under each name pages
// use, trusting what is given and nothing else. An error names the one that
// failed; it wraps a *tls.CertificateVerificationError when the bridge answers
// with a certificate the roots do not cover.
func Check(ctx context.Context, addr string, roots *x509.CertPool) error {
	return check(ctx, addr, roots, time.Now)
}

func check(ctx context.Context, addr string, roots *x509.CertPool, now func() time.Time) error {
	for _, name := range []string{"127.0.0.1", "localhost"} {
		d := tls.Dialer{
			NetDialer: &net.Dialer{Timeout: 5 * time.Second},
			Config:    &tls.Config{RootCAs: roots, ServerName: name, NextProtos: []string{"http/1.1"}, Time: now},
		}
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return fmt.Errorf("trust: handshake as %s: %w", name, err)
		}
		c.Close()
	}
	return nil
}

// CheckStores does Check with the roots each store really holds: what status
// says is there must also let a handshake succeed.
func CheckStores(ctx context.Context, o Options, addr string) ([]Result, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	stores, err := o.stores()
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, s := range stores {
		r := Result{Kind: s.kind(), Path: s.path()}
		if s.exists() {
			r.Present, r.Trusted, r.Err = s.status(ctx, o.Root)
		}
		if r.Err == nil && r.Trusted {
			var root *x509.Certificate
			if root, r.Err = held(ctx, s, o.Root); r.Err == nil {
				roots := x509.NewCertPool()
				roots.AddCert(root)
				r.Err = check(ctx, addr, roots, o.Now)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// held reads our root back out of a store.
func held(ctx context.Context, s store, c *x509.Certificate) (*x509.Certificate, error) {
	n, ok := s.(*nss)
	if !ok {
		return c, nil // status has compared the certificate
	}
	name, _, err := n.findName(ctx, fingerprint(c.Raw), nickname(c))
	if err != nil {
		return nil, err
	}
	certificates, err := n.named(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, got := range certificates {
		if fingerprint(got.Raw) == fingerprint(c.Raw) {
			return got, nil
		}
	}
	return nil, errors.New("trust: the root went missing")
}

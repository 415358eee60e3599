package revocation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tanba/internal/pki"
)

// Checker asks about a certificate and about the authorities between it and a
// trust anchor, at once.
type Checker struct {
	Client *Client
	Pool   *pki.Pool
	// Anchors gives the keys of anchors that are known without a certificate, by
	// name; see pki.Anchor.
	Anchors []pki.Anchor
	Now     func() time.Time // nil = time.Now
}

// Link is one certificate of a chain, its issuer, and what is known of it.
type Link struct {
	Certificate *pki.Certificate
	Issuer      Issuer
	Status      *Status
	Err         error // why there is no Status
}

// Links are the certificates of a chain that somebody could revoke, with their
// issuers: all but the anchor's own.
func Links(chain *pki.Chain, anchors []pki.Anchor) []Link {
	var out []Link
	for i, c := range chain.Certificates {
		switch {
		case i+1 < len(chain.Certificates):
			out = append(out, Link{Certificate: c, Issuer: IssuerOf(chain.Certificates[i+1])})
		default:
			// The last is the anchor's certificate, or signed by an anchor of which
			// there is only a key.
			for _, a := range anchors {
				if a.Name != chain.Anchor || a.PublicKey == nil || a.PublicKey.Equal(c.PublicKey) {
					continue
				}
				issuer := Issuer{Name: a.Subject.Raw(), Key: a.PublicKey}
				if issuer.issued(c) == nil {
					out = append(out, Link{Certificate: c, Issuer: issuer})
					break
				}
			}
		}
	}
	return out
}

// Check returns what is known of the certificate itself, or Revoked if an
// authority above it was revoked. An error means that something is not known; it
// wraps those of this package, pki's when there is no chain, or that of the
// context.
func (c *Checker) Check(ctx context.Context, leaf *pki.Certificate, extra ...*pki.Certificate) (*Status, error) {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	// Whether the certificate is in time is asked elsewhere.
	at := now()
	if at.After(leaf.NotAfter) {
		at = leaf.NotAfter
	}
	chain, err := c.Pool.Build(leaf, at, extra...)
	if err != nil {
		return nil, err
	}
	links := Links(chain, c.Anchors)
	if len(links) == 0 {
		return &Status{State: Good, Reason: None, ThisUpdate: at}, nil // an anchor itself
	}
	c.Client.CheckAll(ctx, links)
	var failures []error
	for i, l := range links {
		switch {
		case l.Err != nil:
			failures = append(failures, fmt.Errorf("%q: %w", l.Certificate.Subject.CommonName(), l.Err))
		case i > 0 && l.Status.State != Good:
			return l.Status, nil
		}
	}
	if links[0].Status != nil && links[0].Status.State != Good {
		return links[0].Status, nil
	}
	if len(failures) > 0 {
		return nil, errors.Join(failures...)
	}
	return links[0].Status, nil
}

// CheckAll fills in what is known of each link.
func (c *Client) CheckAll(ctx context.Context, links []Link) {
	var wg sync.WaitGroup
	for i := range links {
		wg.Go(func() {
			l := &links[i]
			l.Status, l.Err = c.Check(ctx, l.Certificate, l.Issuer)
		})
	}
	wg.Wait()
}

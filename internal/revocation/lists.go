package revocation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"tanba/internal/pki"
)

// lists holds the CRLs used last, parsed and verified, for as long as somebody
// keeps using them: the largest takes 21 MB.
type lists struct {
	mu   sync.Mutex
	held map[listKey]*heldList
}

type listKey struct{ address, issuer string }

type heldList struct {
	list *List
	drop *time.Timer
}

// hold is how long an unused CRL stays in memory.
const hold = 2 * time.Minute

func (l *lists) get(k listKey) *List {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[k]
	if h == nil {
		return nil
	}
	h.drop.Reset(hold)
	return h.list
}

func (l *lists) put(k listKey, list *List) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[listKey]*heldList{}
	}
	if old := l.held[k]; old != nil {
		old.drop.Stop()
	}
	h := &heldList{list: list}
	h.drop = time.AfterFunc(hold, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.held[k] == h {
			delete(l.held, k)
		}
	})
	l.held[k] = h
}

// byCRL looks the certificate up in the list its authority publishes, with the
// delta where there is one. A delta out of reach is done without: the list is
// still within its time.
func (c *Client) byCRL(ctx context.Context, certificate *pki.Certificate, issuer Issuer) (*Status, error) {
	base, address, err := c.anyList(ctx, certificate.CRLs, issuer, false)
	if err != nil {
		return nil, err
	}
	var delta *List
	if len(certificate.DeltaCRLs) > 0 {
		d, _, err := c.anyList(ctx, certificate.DeltaCRLs, issuer, true)
		if ctx.Err() != nil {
			return nil, ended(ctx)
		}
		if err == nil && d.extends(base) == nil {
			delta = d
		}
	}
	s, err := base.About(certificate, delta)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	s.Address = address
	return s, nil
}

func (c *Client) anyList(ctx context.Context, addresses []string, issuer Issuer, delta bool) (*List, string, error) {
	if len(addresses) == 0 {
		return nil, "", fmt.Errorf("%w of a CRL", ErrNoAddress)
	}
	var failures []error
	for _, address := range addresses[:min(len(addresses), 4)] {
		l, err := c.list(ctx, address, issuer, delta)
		if err == nil {
			return l, address, nil
		}
		if ctx.Err() != nil {
			return nil, "", ended(ctx)
		}
		failures = append(failures, fmt.Errorf("%s: %w", address, err))
	}
	return nil, "", errors.Join(failures...)
}

// list returns the CRL at an address: from memory, from disk or from there. What
// is past its nextUpdate is fetched anew.
func (c *Client) list(ctx context.Context, address string, issuer Issuer, delta bool) (*List, error) {
	if err := c.checkAddress(address); err != nil {
		return nil, err
	}
	key := listKey{address, string(issuer.Key.SPKI())}
	now := c.o.Now()
	if l := c.lists.get(key); l != nil && l.current(now, 0) == nil {
		return l, nil
	}
	if c.o.State != "" {
		if der, err := c.o.State.Read("crl", fileOf(address)); err == nil {
			if l, err := judgeList(der, issuer, delta, now, 0); err == nil {
				c.lists.put(key, l)
				return l, nil
			}
		}
	}
	der, err := again(ctx, c, func() ([]byte, error) { return c.fetch(ctx, address, nil, MaxCRL) })
	if err != nil {
		return nil, err
	}
	l, err := judgeList(der, issuer, delta, now, tolerance)
	if err != nil {
		return nil, err
	}
	c.lists.put(key, l)
	if c.o.State != "" {
		// Without a place to keep it, it is fetched again the next time.
		_ = c.o.State.Write(der, "crl", fileOf(address))
	}
	return l, nil
}

// judgeList believes a CRL in which everything is right.
func judgeList(der []byte, issuer Issuer, delta bool, now time.Time, skew time.Duration) (*List, error) {
	l, err := ParseCRL(der)
	if err != nil {
		return nil, err
	}
	if delta != (l.Base != nil) {
		return nil, fmt.Errorf("%w: a delta where the whole list belongs, or the other way round", ErrScope)
	}
	if err := l.Verify(issuer); err != nil {
		return nil, err
	}
	return l, l.current(now, skew)
}

// fileOf is the name of the file for an address: a hash, because addresses are
// others' words.
func fileOf(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:16]) + ".crl"
}

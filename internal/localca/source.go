package localca

import (
	"context"
	"crypto/tls"
	"sync/atomic"
	"time"
)

// Source hands the current leaf to TLS. It is safe for concurrent use.
type Source struct {
	current atomic.Pointer[served]
}

type served struct {
	bundle *Bundle
	tls    *tls.Certificate
}

// NewSource serves b.
func NewSource(b *Bundle) (*Source, error) {
	s := new(Source)
	return s, s.Swap(b)
}

// Swap serves b from the next handshake on. Open connections keep what they
// negotiated.
func (s *Source) Swap(b *Bundle) error {
	c, err := b.TLS()
	if err != nil {
		return err
	}
	s.current.Store(&served{b, c})
	return nil
}

// Bundle returns what is being served.
func (s *Source) Bundle() *Bundle { return s.current.Load().bundle }

// GetCertificate is for tls.Config.GetCertificate.
func (s *Source) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.current.Load().tls, nil
}

// Watch looks at every tick whether it is time to renew and then calls renew,
// whose bundle it serves from then on. renew issues, has the new root trusted
// (the person is asked there) and stores it; when it returns an error the old
// leaf stays and the next tick tries again. Watch returns when ctx ends.
//
// The clock is asked at each tick rather than slept towards: a laptop that was
// shut for a month renews within the hour.
func (s *Source) Watch(ctx context.Context, tick <-chan time.Time, now func() time.Time, renew func(context.Context) (*Bundle, error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		if !s.Bundle().NeedsRenewal(now()) {
			continue
		}
		if b, err := renew(ctx); err == nil {
			_ = s.Swap(b)
		}
	}
}

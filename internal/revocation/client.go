package revocation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tanba/internal/outbound"
	"tanba/internal/pki"
	"tanba/internal/state"
)

// Options of a Client. The zero value asks whoever the certificates name.
type Options struct {
	// Responder is asked instead of what certificates name; "" = none.
	Responder string
	// Addresses that may be private, besides Responder: hosts, with their port
	// where it is not the usual one.
	Addresses []string
	// State is where CRLs are kept; "" = in memory, for a while.
	State state.Dir

	// Timeout of one attempt at OCSP, and of each silence of a CRL; 0 = 5 s.
	Timeout time.Duration
	// CRLTimeout is for a whole CRL; 0 = a minute.
	CRLTimeout time.Duration
	// Retries is how often an address that did not answer is asked again; 0 = 2,
	// negative = never.
	Retries int
	// Parallel is how many requests may be under way at once; 0 = 8.
	Parallel int
	// Skew is how far the clocks may be apart where a nonce proves that an answer
	// is fresh; 0 = 24 h, as for time stamps: computers that missed the change of
	// the time zone in 2024 are an hour off.
	Skew time.Duration
	// Keep is for how long an answer without nextUpdate is believed; 0 = 5 min.
	Keep time.Duration
	// WithoutNonce believes also answers without a nonce, as long as they are
	// fresh by their own times and this computer's clock. The national service
	// repeats the nonce.
	WithoutNonce bool

	// Clock hears how far the clock of a service is ahead of this computer's,
	// from each signed and fresh answer; see package clock.
	Clock func(service string, ahead time.Duration)
	Now   func() time.Time
	Rand  io.Reader // nonces and pauses; used by one goroutine at a time
	Proxy outbound.ProxyFunc
	// Transport carries HTTP; nil = an outbound.Guard. Addresses are checked in
	// any case.
	Transport http.RoundTripper
	// Wait sleeps between attempts; nil = really.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client asks and remembers. It may be used by many goroutines at once.
type Client struct {
	o     Options
	http  *http.Client
	slots chan struct{}

	random sync.Mutex // guards o.Rand

	answers cache
	lists   lists
}

// New checks the address of the responder.
func New(o Options) (*Client, error) {
	if o.Responder != "" {
		u, err := url.Parse(o.Responder)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			return nil, fmt.Errorf("%w: %q is not an http or https address", ErrAddress, o.Responder)
		}
		o.Addresses = append(slices.Clone(o.Addresses), u.Host)
	}
	span := func(p *time.Duration, d time.Duration) {
		if *p <= 0 {
			*p = d
		}
	}
	span(&o.Timeout, 5*time.Second)
	span(&o.CRLTimeout, time.Minute)
	span(&o.Skew, 24*time.Hour)
	span(&o.Keep, 5*time.Minute)
	if o.Retries == 0 {
		o.Retries = 2
	}
	if o.Parallel <= 0 {
		o.Parallel = 8
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if o.Clock == nil {
		o.Clock = func(string, time.Duration) {}
	}
	c := &Client{o: o, slots: make(chan struct{}, o.Parallel)}
	if o.Transport == nil {
		o.Transport = outbound.NewGuard(o.Proxy, o.Parallel, o.Addresses...)
	}
	c.http = &http.Client{Transport: o.Transport, CheckRedirect: checkRedirect}
	return c, nil
}

// Check asks about one certificate: OCSP first, the CRL when that does not
// work. An error means that nothing is known: it wraps those of this package, or
// that of the context.
func (c *Client) Check(ctx context.Context, certificate *pki.Certificate, issuer Issuer) (*Status, error) {
	if issuer.Key == nil {
		return nil, fmt.Errorf("%w: no key of the issuer", ErrOther)
	}
	return c.answers.get(ctx, string(issuer.Key.SPKI())+string(certificate.Raw), c.o.Now, func(ctx context.Context) (*Status, error) {
		return c.check(ctx, certificate, issuer)
	})
}

func (c *Client) check(ctx context.Context, certificate *pki.Certificate, issuer Issuer) (*Status, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, ended(ctx)
	}
	s, err := c.byOCSP(ctx, certificate, issuer)
	if err == nil || ctx.Err() != nil {
		return s, err
	}
	s, listErr := c.byCRL(ctx, certificate, issuer)
	if listErr != nil {
		if errors.Is(err, ErrNoAddress) && !errors.Is(listErr, ErrNoAddress) {
			return nil, listErr
		}
		if errors.Is(listErr, ErrNoAddress) {
			return nil, err
		}
		return nil, errors.Join(err, listErr)
	}
	if !errors.Is(err, ErrNoAddress) {
		s.Fallback = err
	}
	return s, nil
}

// Issued fetches the certificate of the issuer where the certificate says it
// lies. Whose it is, is for the caller to find out: nothing is checked but that
// the name and the key fit.
func (c *Client) Issued(ctx context.Context, certificate *pki.Certificate) (*pki.Certificate, error) {
	failure := error(ErrNoAddress)
	for _, address := range certificate.IssuerURLs {
		if c.checkAddress(address) != nil {
			continue
		}
		data, err := c.fetch(ctx, address, nil, maxResponse)
		if err != nil {
			failure = err
			continue
		}
		issuer, err := pki.ParseCertificatePEM(data)
		if err == nil {
			err = IssuerOf(issuer).issued(certificate)
		}
		if err == nil {
			return issuer, nil
		}
		failure = fmt.Errorf("%s: %w", address, err)
	}
	return nil, failure
}

// byOCSP asks the responders the certificate names, with SHA-256 and, if that is
// not taken, with SHA-1.
func (c *Client) byOCSP(ctx context.Context, certificate *pki.Certificate, issuer Issuer) (*Status, error) {
	addresses := certificate.OCSP
	if c.o.Responder != "" {
		addresses = []string{c.o.Responder}
	}
	if len(addresses) == 0 {
		return nil, ErrNoAddress
	}
	var failed []error
	for _, address := range addresses[:min(len(addresses), 4)] {
		s, err := c.askBoth(ctx, address, certificate, issuer)
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, ended(ctx)
		}
		failed = append(failed, fmt.Errorf("%s: %w", address, err))
	}
	return nil, errors.Join(failed...)
}

func (c *Client) askBoth(ctx context.Context, address string, certificate *pki.Certificate, issuer Issuer) (*Status, error) {
	if err := c.checkAddress(address); err != nil {
		return nil, err
	}
	var first *Status
	var failure error
	for _, hash := range []pki.OID{pki.OIDSHA256, pki.OIDSHA1} {
		s, err := c.ask(ctx, address, certificate, issuer, hash)
		var refused *RefusedError
		switch {
		case err == nil && s.State != Unknown:
			return s, nil
		case err == nil:
			if first == nil {
				first = s
			}
		case errors.As(err, &refused) && (refused.Status == 1 || refused.Status == 6), errors.Is(err, ErrOther):
			failure = err
		default:
			if first != nil {
				return first, nil
			}
			return nil, err
		}
	}
	if first != nil {
		return first, nil
	}
	return nil, failure
}

// ask makes one request, and again if nobody answers.
func (c *Client) ask(ctx context.Context, address string, certificate *pki.Certificate, issuer Issuer, hash pki.OID) (*Status, error) {
	return again(ctx, c, func() (*Status, error) {
		c.random.Lock()
		nonce, err := newNonce(c.o.Rand)
		c.random.Unlock()
		if err != nil {
			return nil, err
		}
		request, err := newRequest(certificate, issuer, hash, nonce)
		if err != nil {
			return nil, err
		}
		answer, err := c.fetch(ctx, address, request, maxResponse)
		if err != nil {
			return nil, err
		}
		s, err := c.judge(ctx, address, answer, nonce, certificate, issuer)
		if err != nil {
			return nil, err
		}
		s.Address = address
		c.o.Clock(address, s.ProducedAt.Sub(c.o.Now()))
		return s, nil
	})
}

// judge believes an answer in which everything is right.
func (c *Client) judge(ctx context.Context, address string, answer, nonce []byte, certificate *pki.Certificate, issuer Issuer) (*Status, error) {
	r, err := ParseResponse(answer)
	if err != nil {
		return nil, err
	}
	responder, err := r.Verify(issuer)
	if err != nil {
		return nil, err
	}
	fresh := sameNonce(r.Nonce, nonce)
	if !fresh && (r.Nonce != nil || !c.o.WithoutNonce) {
		return nil, ErrNonce
	}
	s, err := r.About(certificate, issuer)
	if err != nil {
		return nil, err
	}
	s.Responder = responder
	// A nonce proves that the answer was made just now, so its times are held
	// against the responder's own clock, and that against ours with patience.
	now, at := c.o.Now(), c.o.Now()
	if fresh {
		at = r.ProducedAt
	}
	if off := r.ProducedAt.Sub(now); off > c.o.Skew || fresh && -off > c.o.Skew {
		c.o.Clock(address, off)
		return nil, fmt.Errorf("%w: the responder says %s, this computer %s", ErrTime, stampText(r.ProducedAt), stampText(now))
	}
	if err := s.fresh(at, tolerance, c.o.Keep); err != nil {
		return nil, err
	}
	if responder != nil && !responder.NoOCSPCheck {
		if err := c.checkResponder(ctx, responder, issuer); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// checkResponder looks a responder up in the CRL, if its certificate names one
// and does not say that nobody need (RFC 6960 section 4.2.2.2.1). By OCSP it
// would be asked about itself.
func (c *Client) checkResponder(ctx context.Context, responder *pki.Certificate, issuer Issuer) error {
	s, err := c.byCRL(ctx, responder, issuer)
	switch {
	case errors.Is(err, ErrNoAddress):
		return nil
	case err != nil:
		return fmt.Errorf("%w: whether it was revoked is not known: %w", ErrSigner, err)
	case s.State != Good:
		return fmt.Errorf("%w: it was revoked on %s", ErrSigner, stampText(s.RevokedAt))
	}
	return nil
}

// sameNonce compares what came back with what was sent: the value as it was, or,
// as some responders have it, without the OCTET STRING around.
func sameNonce(got, sent []byte) bool {
	return len(got) > 0 && (string(got) == string(sent) || string(got) == string(sent[2:]))
}

// checkAddress refuses what is not followed. Transport looks once more, when it
// knows where a name leads.
func (c *Client) checkAddress(address string) error {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return fmt.Errorf("%w: %.80q", ErrAddress, address)
	}
	if slices.Contains(c.o.Addresses, u.Host) && (u.Scheme == "http" || u.Scheme == "https") {
		return nil
	}
	if err := outbound.Check(u); err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return nil
}

func ended(ctx context.Context) error { return fmt.Errorf("revocation: %w", context.Cause(ctx)) }

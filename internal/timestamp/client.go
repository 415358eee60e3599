package timestamp

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"tanba/internal/pki"
)

// Options of a Client. The zero value asks the national authority and believes
// whoever answers: set Trust.
type Options struct {
	// Addresses are asked in this order; none means DefaultAddress.
	Addresses []string
	Trust     Trust

	// Timeout of one attempt, from the connection to the last octet; 0 = 5 s.
	Timeout time.Duration
	// Retries is how often an address that did not answer is asked again; 0 = 2,
	// negative = never.
	Retries int
	// Parallel is how many requests may be under way at once; 0 = 8.
	Parallel int
	// Skew is how far the authority's time may be from this computer's; 0 =
	// 24 h. It is only there for dates that are plainly wrong: the nonce proves
	// that the token is fresh, and computers that missed the change of the time
	// zone in 2024 are an hour off.
	Skew time.Duration

	// Clock hears how far the authority's clock is ahead of this computer's, from
	// each token that was verified; see package clock.
	Clock func(service string, ahead time.Duration)
	Now   func() time.Time
	Rand  io.Reader // nonces and pauses; used by one goroutine at a time
	// Transport carries HTTP; nil = a new one that takes its proxy from the
	// environment.
	Transport http.RoundTripper
	// Wait sleeps between attempts; nil = really.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client is a Stamper that asks authorities over HTTP.
type Client struct {
	o         Options
	addresses []string
	http      *http.Client
	slots     chan struct{}

	random sync.Mutex // guards o.Rand
}

// New checks the addresses: http or https, a host, no user name.
func New(o Options) (*Client, error) {
	c := &Client{o: o, addresses: o.Addresses}
	if len(c.addresses) == 0 {
		c.addresses = []string{DefaultAddress}
	}
	for _, a := range c.addresses {
		if err := checkAddress(a); err != nil {
			return nil, err
		}
	}
	if c.o.Timeout <= 0 {
		c.o.Timeout = 5 * time.Second
	}
	if c.o.Retries == 0 {
		c.o.Retries = 2
	}
	if c.o.Parallel <= 0 {
		c.o.Parallel = 8
	}
	if c.o.Skew <= 0 {
		c.o.Skew = 24 * time.Hour
	}
	if c.o.Clock == nil {
		c.o.Clock = func(string, time.Duration) {}
	}
	if c.o.Now == nil {
		c.o.Now = time.Now
	}
	if c.o.Rand == nil {
		c.o.Rand = rand.Reader
	}
	if c.o.Wait == nil {
		c.o.Wait = wait
	}
	if c.o.Transport == nil {
		c.o.Transport = newTransport(c.o.Parallel)
	}
	c.http = &http.Client{Transport: c.o.Transport, CheckRedirect: checkRedirect}
	c.slots = make(chan struct{}, c.o.Parallel)
	return c, nil
}

func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return fmt.Errorf("timestamp: %q is not an http or https address", address)
	}
	return nil
}

// Stamp gets a token over a signature value and checks all of it. The error wraps
// those of this package, one for each address if several failed in their own way;
// or that of the context.
func (c *Client) Stamp(ctx context.Context, family pki.Family, signature []byte) ([]byte, error) {
	if !family.Known() || len(signature) == 0 {
		return nil, fmt.Errorf("timestamp: family %d, %d octets: %w", family, len(signature), pki.ErrAlgorithm)
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, ended(ctx)
	}
	failed := make([]error, len(c.addresses))
	for round := 0; ; round++ {
		again := false
		for i, address := range c.addresses {
			if failed[i] != nil && !isTemporary(failed[i]) {
				continue
			}
			token, err := c.ask(ctx, address, family, signature)
			if err == nil {
				return token, nil
			}
			if ctx.Err() != nil {
				return nil, ended(ctx)
			}
			failed[i] = err
			again = again || isTemporary(err)
		}
		if !again || round >= c.o.Retries {
			return nil, errors.Join(failed...)
		}
		pause, err := c.pause(round)
		if err != nil {
			return nil, err
		}
		if err := c.o.Wait(ctx, pause); err != nil {
			return nil, ended(ctx)
		}
	}
}

func ended(ctx context.Context) error {
	return fmt.Errorf("timestamp: %w", context.Cause(ctx))
}

// ask makes one attempt at one address. Each has a nonce of its own, so that a
// late answer to the last attempt does not pass for one to this.
func (c *Client) ask(ctx context.Context, address string, family pki.Family, signature []byte) ([]byte, error) {
	c.random.Lock()
	request, err := NewRequest(c.o.Rand, family, signature)
	c.random.Unlock()
	if err != nil {
		return nil, err
	}
	query, err := request.Marshal()
	if err != nil {
		return nil, err
	}
	answer, err := c.exchange(ctx, address, query)
	if err == nil {
		var token []byte
		if token, err = c.judge(address, request, answer); err == nil {
			return token, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", address, err)
}

// judge returns the token of an answer in which everything is right.
func (c *Client) judge(address string, request *Request, answer []byte) ([]byte, error) {
	der, err := ParseResponse(answer)
	if err != nil {
		return nil, err
	}
	token, err := ParseToken(der)
	if err != nil {
		return nil, err
	}
	if err := token.Answers(request); err != nil {
		return nil, err
	}
	verdict, err := token.Verify(c.o.Trust)
	if err != nil {
		return nil, err
	}
	now := c.o.Now()
	c.o.Clock(address, verdict.Time.Sub(now))
	if verdict.Time.Sub(now).Abs() > c.o.Skew {
		return nil, fmt.Errorf("%w: the authority says %s, this computer %s", ErrTime,
			verdict.Time.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return token.Raw, nil
}

// temporaryError marks a failure after which asking again makes sense.
type temporaryError struct{ error }

func (e temporaryError) Unwrap() error { return e.error }

func isTemporary(err error) bool {
	var t temporaryError
	var r *RefusedError
	return errors.As(err, &t) || errors.As(err, &r) && r.temporary()
}

// pause grows with the rounds, and is random so that many who lost the same
// service do not come back together.
func (c *Client) pause(round int) (time.Duration, error) {
	var random [4]byte
	c.random.Lock()
	_, err := io.ReadFull(c.o.Rand, random[:])
	c.random.Unlock()
	if err != nil {
		return 0, fmt.Errorf("timestamp: %w", err)
	}
	base := 400 * time.Millisecond << min(round, 4)
	return base/2 + time.Duration(binary.BigEndian.Uint32(random[:]))*base>>32, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

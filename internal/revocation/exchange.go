package revocation

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tanba/internal/outbound"
)

// userAgent must not be empty: on the way to the authority something sends
// requests without one to a captive portal (pki.md section 4.2).
const userAgent = "Tanba"

// national are the hosts of the authority, to which any of them may redirect.
var national = []string{"pki.gov.kz", "root.gov.kz"}

func isNational(host string) bool {
	host = strings.ToLower(host)
	for _, n := range national {
		if host == n || strings.HasSuffix(host, "."+n) {
			return true
		}
	}
	return false
}

// checkRedirect follows the same host and the authority's, keeping the method.
func checkRedirect(r *http.Request, via []*http.Request) error {
	from, to := via[0].URL, r.URL
	upgrade := from.Scheme == "http" && to.Scheme == "https" && from.Port() == "" && to.Port() == ""
	host := strings.EqualFold(from.Host, to.Host) || isNational(from.Hostname()) && isNational(to.Hostname())
	if r.Method != via[0].Method || len(via) > 3 || to.User != nil || !host || from.Scheme != to.Scheme && !upgrade {
		return fmt.Errorf("%w: to %s://%s", ErrRedirect, to.Scheme, to.Host)
	}
	return nil
}

// fetch posts an OCSP request, or gets a file when there is none, and returns at
// most limit octets of the answer. Silence of more than Options.Timeout ends it.
func (c *Client) fetch(ctx context.Context, address string, request []byte, limit int) ([]byte, error) {
	whole := c.o.Timeout
	if request == nil {
		whole = max(whole, c.o.CRLTimeout)
	}
	ctx, cancel := context.WithTimeout(ctx, whole)
	defer cancel()
	silence := time.AfterFunc(c.o.Timeout, cancel)
	defer silence.Stop()

	method, body := http.MethodGet, io.Reader(nil)
	if request != nil {
		method, body = http.MethodPost, bytes.NewReader(request)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	if request != nil {
		r.Header.Set("Content-Type", "application/ocsp-request")
		r.Header.Set("Accept", "application/ocsp-response")
	}
	r.Header.Set("User-Agent", userAgent)
	response, err := c.http.Do(r)
	if err != nil {
		return nil, failed(err)
	}
	defer response.Body.Close()
	if response.ContentLength > int64(limit) {
		return nil, fmt.Errorf("%w: %d octets", ErrTooLarge, response.ContentLength)
	}
	if response.StatusCode != http.StatusOK {
		return nil, statusError(response.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(&alive{response.Body, silence, c.o.Timeout}, int64(limit)+1))
	switch {
	case len(answer) > limit:
		return nil, fmt.Errorf("%w: more than %d octets", ErrTooLarge, limit)
	case err != nil:
		return nil, failed(err)
	case len(answer) == 0 || answer[0] != 0x30 && answer[0] != '-':
		return nil, fmt.Errorf("%w: %d octets of %.40q", ErrMalformed, len(answer), response.Header.Get("Content-Type"))
	}
	return answer, nil
}

// alive puts the end off with everything that comes.
type alive struct {
	io.Reader
	silence *time.Timer
	timeout time.Duration
}

func (a *alive) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if n > 0 {
		a.silence.Reset(a.timeout)
	}
	return n, err
}

// temporaryError marks a failure after which asking again makes sense.
type temporaryError struct{ error }

func (e temporaryError) Unwrap() error { return e.error }

func isTemporary(err error) bool {
	var t temporaryError
	var r *RefusedError
	return errors.As(err, &t) || errors.As(err, &r) && r.temporary()
}

// failed sorts what went wrong below HTTP.
func failed(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the address is in our message already
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, ErrRedirect):
		return err
	case errors.Is(err, outbound.ErrForbidden):
		return fmt.Errorf("%w: %w", ErrAddress, err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return temporaryError{fmt.Errorf("%w: %w", ErrUnreachable, err)}
}

func statusError(code int) error {
	err := fmt.Errorf("%w: status %d", ErrUnreachable, code)
	if code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout {
		return temporaryError{err}
	}
	return err
}

// again repeats what fails for a while.
func again[T any](ctx context.Context, c *Client, try func() (T, error)) (T, error) {
	for round := 0; ; round++ {
		result, err := try()
		if err == nil || !isTemporary(err) || round >= c.o.Retries {
			return result, err
		}
		if ctx.Err() != nil {
			return result, ended(ctx)
		}
		pause, pauseErr := c.pause(round)
		if pauseErr != nil {
			return result, pauseErr
		}
		if c.o.Wait(ctx, pause) != nil {
			return result, ended(ctx)
		}
	}
}

// pause grows with the rounds, and is random so that many who lost the same
// service do not come back together.
func (c *Client) pause(round int) (time.Duration, error) {
	var random [4]byte
	c.random.Lock()
	_, err := io.ReadFull(c.o.Rand, random[:])
	c.random.Unlock()
	if err != nil {
		return 0, fmt.Errorf("revocation: %w", err)
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

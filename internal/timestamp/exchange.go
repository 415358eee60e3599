package timestamp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer is as much as is read of an answer (security.md T19).
const maxAnswer = 1 << 20

// userAgent must not be empty: on the way to the authority something sends
// requests without one to a captive portal (pki.md section 4.2).
const userAgent = "Tanba"

// newTransport dials directly or through the proxy of the environment; addresses
// on loopback are always dialled directly.
func newTransport(connections int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
}

// checkRedirect follows the same host alone, by a redirect that keeps the POST.
func checkRedirect(r *http.Request, via []*http.Request) error {
	from, to := via[0].URL, r.URL
	upgrade := from.Scheme == "http" && to.Scheme == "https" && from.Port() == "" && to.Port() == ""
	switch {
	case r.Method != http.MethodPost, len(via) > 3, to.User != nil,
		!strings.EqualFold(from.Host, to.Host),
		from.Scheme != to.Scheme && !upgrade:
		return fmt.Errorf("%w: to %s://%s", ErrRedirect, to.Scheme, to.Host)
	}
	return nil
}

// exchange posts a query and returns the answer's octets. The type of the answer
// is not looked at unless there is something to complain about: what counts is
// checked, and the type is nobody's word.
func (c *Client) exchange(ctx context.Context, address string, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(query))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	r.Header.Set("Content-Type", queryType)
	r.Header.Set("Accept", replyType)
	r.Header.Set("User-Agent", userAgent)
	response, err := c.http.Do(r)
	if err != nil {
		return nil, failed(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("%w: more than %d octets", ErrTooLarge, maxAnswer)
	case response.StatusCode != http.StatusOK:
		return nil, statusError(response)
	case err != nil:
		return nil, failed(err)
	case len(answer) == 0 || answer[0] != 0x30:
		return nil, fmt.Errorf("%w: %d octets of %.40q", ErrMalformed, len(answer), response.Header.Get("Content-Type"))
	}
	return answer, nil
}

// failed sorts what went wrong below HTTP.
func failed(err error) error {
	if errors.Is(err, ErrRedirect) {
		return errors.Unwrap(err)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the address is in our message already
	}
	return temporaryError{fmt.Errorf("%w: %w", ErrUnreachable, err)}
}

func statusError(response *http.Response) error {
	err := fmt.Errorf("%w: status %d", ErrUnreachable, response.StatusCode)
	switch code := response.StatusCode; {
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return temporaryError{err}
	}
	return err
}

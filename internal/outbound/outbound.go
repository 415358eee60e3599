// Package outbound is the way from this computer to the services of the
// authority over HTTP: which proxy is taken, and which addresses are not gone to.
//
// The addresses of OCSP responders and CRLs stand in certificates, and anybody
// can make a certificate. A Guard keeps such an address from making this program
// ask a router, a printer or a service of this computer (security.md T19): it
// resolves a name first and then connects only to what is public. What a person
// or an administrator configured is not held against it.
//
// Redirects are not its business: whoever makes an http.Client decides there.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrForbidden: an address that is not gone to.
var ErrForbidden = errors.New("outbound: forbidden address")

// Dial is how long connecting may take.
const Dial = 5 * time.Second

// ProxyFunc is http.Transport.Proxy.
type ProxyFunc func(*http.Request) (*url.URL, error)

// Proxy makes one of the setting: "none", an http, https or socks5 address, or ""
// for the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY). Loopback is never
// reached through a proxy.
func Proxy(setting string) (ProxyFunc, error) {
	switch setting {
	case "":
		return http.ProxyFromEnvironment, nil
	case "none":
		return func(*http.Request) (*url.URL, error) { return nil, nil }, nil
	}
	u, err := url.Parse(setting)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
		return nil, errors.New("outbound: the proxy is not an http, https or socks5 address") // it may hold a password
	}
	return func(r *http.Request) (*url.URL, error) {
		if ip, err := netip.ParseAddr(r.URL.Hostname()); err == nil && ip.IsLoopback() || r.URL.Hostname() == "localhost" {
			return nil, nil
		}
		return u, nil
	}, nil
}

// Transport goes anywhere. A nil proxy means the environment's.
func Transport(proxy ProxyFunc, connections int) *http.Transport {
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            (&net.Dialer{Timeout: Dial}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
}

// Guard is a transport for addresses nobody vouches for. Allowed are the hosts
// (with the port, where it is not the usual one) that were configured.
type Guard struct {
	allowed []string
	proxy   ProxyFunc
	open    *http.Transport
	guarded *http.Transport
}

// NewGuard makes one.
func NewGuard(proxy ProxyFunc, connections int, allowed ...string) *Guard {
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	g := &Guard{allowed: allowed, proxy: proxy, open: Transport(proxy, connections), guarded: Transport(proxy, connections)}
	g.guarded.Proxy = nil
	g.guarded.DialContext = (&net.Dialer{Timeout: Dial, ControlContext: public}).DialContext
	return g
}

// RoundTrip refuses with ErrForbidden what it does not go to.
func (g *Guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if slices.Contains(g.allowed, r.URL.Host) {
		return g.open.RoundTrip(r)
	}
	if err := Check(r.URL); err != nil {
		return nil, err
	}
	proxy, err := g.proxy(r)
	switch {
	case err != nil:
		return nil, err
	case proxy != nil:
		return g.open.RoundTrip(r) // the proxy resolves the name, and has rules of its own
	}
	return g.guarded.RoundTrip(r)
}

// CloseIdleConnections serves http.Client.CloseIdleConnections.
func (g *Guard) CloseIdleConnections() {
	g.open.CloseIdleConnections()
	g.guarded.CloseIdleConnections()
}

// Check looks at an address without resolving it: http or https, no user, and a
// host that is public as far as its text tells.
func Check(u *url.URL) error {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: scheme %q", ErrForbidden, u.Scheme)
	case u.User != nil:
		return fmt.Errorf("%w: a user name in it", ErrForbidden)
	case host == "" || strings.ContainsAny(host, "*%"):
		return fmt.Errorf("%w: host %q", ErrForbidden, host)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return checkIP(ip)
	}
	// A name without a dot is one of the local network, and so are these, or they
	// are kept for what must not exist (RFC 2606, RFC 6761). The
	// forms of an IP address that netip does not take (0x7f.1, 017700000001)
	// end in a label of digits, which no public name does.
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == host || strings.Trim(last[:1], "0123456789") == "" ||
		slices.Contains([]string{"localhost", "local", "internal", "home", "lan", "corp", "invalid", "test", "example", "onion"}, last) {
		return fmt.Errorf("%w: host %q", ErrForbidden, host)
	}
	return nil
}

// public is what the dialer asks about the address a name has become.
func public(_ context.Context, _, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q", ErrForbidden, address)
	}
	return checkIP(a.Addr())
}

// reserved are ranges that are not the public Internet's and that netip has no
// word for.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // IPv4 inside IPv6
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
}

func checkIP(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() ||
		slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return fmt.Errorf("%w: %v is not public", ErrForbidden, ip)
	}
	return nil
}

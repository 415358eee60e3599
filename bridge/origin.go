package bridge

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// originKind says what sort of identity an Origin header is.
type originKind int

const (
	localProgram originKind = iota // no header: not a browser
	webPage                        // https, or http on loopback in developer mode
	extension                      // a browser extension
	opaque                         // "null" or file://: any document without an identity
)

// origin is who a connection speaks for. raw is the identity itself: only the
// one spelling that browsers produce is admitted, so equal strings are equal
// origins (T1).
type origin struct {
	raw  string
	kind originKind
}

// originGate parses Origin headers. It admits identities; whether one may see a
// certificate or have something signed is for the person to say.
type originGate struct{ developer bool }

var errOrigin = errors.New("bridge: origin not admitted")

// of reads the header of a request.
func (g originGate) of(h http.Header) (origin, error) {
	switch values := h["Origin"]; len(values) {
	case 0:
		return origin{}, nil
	case 1:
		return g.parse(values[0])
	default:
		return origin{}, errOrigin // which of the two would be shown?
	}
}

func (g originGate) parse(raw string) (origin, error) {
	if raw == "null" || raw == "file://" {
		return origin{raw, opaque}, nil
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return origin{}, errOrigin
	}
	switch scheme {
	case "https":
		if canonicalHost(rest, "443") {
			return origin{raw, webPage}, nil
		}
	case "http":
		if g.developer && loopbackHost(rest) && canonicalHost(rest, "80") {
			return origin{raw, webPage}, nil
		}
	case "chrome-extension", "moz-extension", "safari-web-extension", "ms-browser-extension":
		if extensionID(rest) {
			return origin{raw, extension}, nil
		}
	}
	return origin{}, errOrigin
}

// canonicalHost accepts "host" or "host:port" exactly as the URL standard
// serialises it: lower case, ASCII, valid punycode, no default port, no leading
// zeros, addresses in their one short form.
func canonicalHost(s, defaultPort string) bool {
	host, port, hasPort := cutPort(s)
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port == defaultPort || strconv.FormatUint(n, 10) != port {
			return false
		}
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return ok && err == nil && a.Is6() && a.Zone() == "" && !a.Is4In6() && a.String() == inner
	}
	if looksNumeric(host) {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is4() && a.String() == host
	}
	return canonicalName(host)
}

// cutPort splits off ":port"; the colons of an address in brackets stay.
func cutPort(s string) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// looksNumeric: the URL standard reads a host whose last label is a number as
// an IPv4 address, so anything of the kind that is not one is no origin.
func looksNumeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" {
		return false
	}
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

func canonicalName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			// The underscore is no letter of a host name, yet browsers
			// admit it and some intranets use it.
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
		if strings.HasPrefix(label, "xn--") && !validPunycode(label) {
			return false
		}
	}
	return true
}

// validPunycode: the label decodes, and encodes to itself again.
func validPunycode(label string) bool {
	u, err := idna.Lookup.ToUnicode(label)
	if err != nil || u == label {
		return false
	}
	back, err := idna.Lookup.ToASCII(u)
	return err == nil && back == label
}

func loopbackHost(s string) bool {
	host, _, _ := cutPort(s)
	return host == "localhost" || host == "127.0.0.1" || host == "[::1]"
}

// extensionID accepts the letters of Chromium's and the UUID of Firefox's
// identifiers, nothing that could be read as a path or a port.
func extensionID(s string) bool {
	if len(s) < 8 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return true
}

package bridge

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// T1: which Origin headers are an identity. 64 and more, most of them things
// that look like a portal and are not.
func TestT1Origins(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, tc := range []struct {
		name    string
		origins []string // nil = no header
		dev     bool
		want    originKind
		refused bool
	}{
		{name: "absent"},
		{name: "portal", origins: []string{"https://egov.kz"}, want: webPage},
		{name: "its subdomain", origins: []string{"https://idp.egov.kz"}, want: webPage},
		{name: "its port", origins: []string{"https://egov.kz:444"}, want: webPage},
		{name: "high port", origins: []string{"https://egov.kz:65535"}, want: webPage},
		{name: "another domain that begins like it", origins: []string{"https://egov.kz.evil"}, want: webPage},
		{name: "another domain that ends like it", origins: []string{"https://notegov.kz"}, want: webPage},
		{name: "hyphen", origins: []string{"https://e-gov.kz"}, want: webPage},
		{name: "underscore", origins: []string{"https://my_portal.local.kz"}, want: webPage},
		{name: "single label", origins: []string{"https://intranet"}, want: webPage},
		{name: "localhost over https", origins: []string{"https://localhost:8443"}, want: webPage},
		{name: "IPv4", origins: []string{"https://10.1.2.3"}, want: webPage},
		{name: "IPv4 and port", origins: []string{"https://127.0.0.1:13579"}, want: webPage},
		{name: "IPv6", origins: []string{"https://[2001:db8::1]"}, want: webPage},
		{name: "IPv6 and port", origins: []string{"https://[::1]:8443"}, want: webPage},
		{name: "punycode of Cyrillic", origins: []string{"https://xn--80aaf3b4b.xn--80ao21a"}, want: webPage},
		{name: "punycode twin of egov", origins: []string{"https://xn--egv-xtc.kz"}, want: webPage},
		{name: "null", origins: []string{"null"}, want: opaque},
		{name: "file", origins: []string{"file://"}, want: opaque},
		{name: "Chromium extension", origins: []string{"chrome-extension://nmmhkkegccagdldgiimedpiccmgmieda"}, want: extension},
		{name: "Firefox extension", origins: []string{"moz-extension://6fd0a9d4-4ad7-4b26-bbcb-2c7ab1f0e5d3"}, want: extension},
		{name: "Safari extension", origins: []string{"safari-web-extension://6FD0A9D4-4AD7-4B26-BBCB-2C7AB1F0E5D3"}, want: extension},
		{name: "developer localhost", origins: []string{"http://localhost:3000"}, dev: true, want: webPage},
		{name: "developer 127.0.0.1", origins: []string{"http://127.0.0.1:8080"}, dev: true, want: webPage},
		{name: "developer ::1", origins: []string{"http://[::1]:8080"}, dev: true, want: webPage},
		{name: "developer localhost without port", origins: []string{"http://localhost"}, dev: true, want: webPage},

		{name: "http", origins: []string{"http://egov.kz"}, refused: true},
		{name: "http in developer mode", origins: []string{"http://egov.kz"}, dev: true, refused: true},
		{name: "localhost without developer mode", origins: []string{"http://localhost:3000"}, refused: true},
		{name: "developer, name that begins with localhost", origins: []string{"http://localhost.evil:80"}, dev: true, refused: true},
		{name: "developer, name below localhost", origins: []string{"http://evil.localhost"}, dev: true, refused: true},
		{name: "developer, another loopback address", origins: []string{"http://127.0.0.2"}, dev: true, refused: true},
		{name: "developer, default port written", origins: []string{"http://localhost:80"}, dev: true, refused: true},
		{name: "empty header", origins: []string{""}, refused: true},
		{name: "NULL", origins: []string{"NULL"}, refused: true},
		{name: "Null", origins: []string{"Null"}, refused: true},
		{name: "null with space", origins: []string{"null "}, refused: true},
		{name: "upper-case host", origins: []string{"https://EGOV.kz"}, refused: true},
		{name: "upper-case scheme", origins: []string{"HTTPS://egov.kz"}, refused: true},
		{name: "no scheme", origins: []string{"egov.kz"}, refused: true},
		{name: "no host", origins: []string{"https://"}, refused: true},
		{name: "only a port", origins: []string{"https://:443"}, refused: true},
		{name: "default port written", origins: []string{"https://egov.kz:443"}, refused: true},
		{name: "port 0", origins: []string{"https://egov.kz:0"}, refused: true},
		{name: "port too large", origins: []string{"https://egov.kz:65536"}, refused: true},
		{name: "port with zero in front", origins: []string{"https://egov.kz:0444"}, refused: true},
		{name: "port with sign", origins: []string{"https://egov.kz:+444"}, refused: true},
		{name: "empty port", origins: []string{"https://egov.kz:"}, refused: true},
		{name: "two ports", origins: []string{"https://egov.kz:444:445"}, refused: true},
		{name: "trailing slash", origins: []string{"https://egov.kz/"}, refused: true},
		{name: "path", origins: []string{"https://egov.kz/sign"}, refused: true},
		{name: "query", origins: []string{"https://egov.kz?x"}, refused: true},
		{name: "fragment", origins: []string{"https://egov.kz#x"}, refused: true},
		{name: "user", origins: []string{"https://egov.kz@evil.test"}, refused: true},
		{name: "backslash", origins: []string{`https://egov.kz\evil.test`}, refused: true},
		{name: "percent", origins: []string{"https://egov%2ekz"}, refused: true},
		{name: "trailing dot", origins: []string{"https://egov.kz."}, refused: true},
		{name: "leading dot", origins: []string{"https://.egov.kz"}, refused: true},
		{name: "two dots", origins: []string{"https://egov..kz"}, refused: true},
		{name: "space in front", origins: []string{" https://egov.kz"}, refused: true},
		{name: "space inside", origins: []string{"https://egov.kz evil.test"}, refused: true},
		{name: "tab", origins: []string{"https://egov.kz\t"}, refused: true},
		{name: "control character", origins: []string{"https://egov\x01.kz"}, refused: true},
		{name: "Cyrillic letters unencoded", origins: []string{"https://еgov.kz"}, refused: true},
		{name: "full-width dot", origins: []string{"https://egov。kz"}, refused: true},
		{name: "zero-width character", origins: []string{"https://egov\u200b.kz"}, refused: true},
		{name: "broken punycode", origins: []string{"https://xn--a.kz"}, refused: true},
		{name: "punycode of ASCII", origins: []string{"https://xn--egov-.kz"}, refused: true},
		{name: "empty punycode", origins: []string{"https://xn--.kz"}, refused: true},
		{name: "label begins with a hyphen", origins: []string{"https://-egov.kz"}, refused: true},
		{name: "label of 64", origins: []string{"https://" + long + ".kz"}, refused: true},
		{name: "IPv4 as one number", origins: []string{"https://2130706433"}, refused: true},
		{name: "IPv4 short", origins: []string{"https://127.1"}, refused: true},
		{name: "IPv4 octal", origins: []string{"https://0177.0.0.1"}, refused: true},
		{name: "IPv4 hexadecimal", origins: []string{"https://0x7f.0.0.0x1"}, refused: true},
		{name: "IPv6 long form", origins: []string{"https://[0:0:0:0:0:0:0:1]"}, refused: true},
		{name: "IPv6 with zone", origins: []string{"https://[fe80::1%25eth0]"}, refused: true},
		{name: "IPv4 inside IPv6", origins: []string{"https://[::ffff:127.0.0.1]"}, refused: true},
		{name: "IPv6 without brackets", origins: []string{"https://::1"}, refused: true},
		{name: "IPv6 half bracket", origins: []string{"https://[::1"}, refused: true},
		{name: "ws", origins: []string{"ws://egov.kz"}, refused: true},
		{name: "wss", origins: []string{"wss://egov.kz"}, refused: true},
		{name: "ftp", origins: []string{"ftp://egov.kz"}, refused: true},
		{name: "data", origins: []string{"data:text/html,x"}, refused: true},
		{name: "blob", origins: []string{"blob:https://egov.kz"}, refused: true},
		{name: "javascript", origins: []string{"javascript://egov.kz"}, refused: true},
		{name: "about", origins: []string{"about:blank"}, refused: true},
		{name: "file with a path", origins: []string{"file:///etc/passwd"}, refused: true},
		{name: "extension with a path", origins: []string{"chrome-extension://nmmhkkegccagdldgiimedpiccmgmieda/x"}, refused: true},
		{name: "extension without identifier", origins: []string{"chrome-extension://"}, refused: true},
		{name: "unknown extension scheme", origins: []string{"evil-extension://nmmhkkegccagdldgiimedpiccmgmieda"}, refused: true},
		{name: "several in one header", origins: []string{"https://egov.kz https://evil.test"}, refused: true},
		{name: "list", origins: []string{"https://egov.kz, https://evil.test"}, refused: true},
		{name: "two headers", origins: []string{"https://egov.kz", "https://evil.test"}, refused: true},
		{name: "two equal headers", origins: []string{"https://egov.kz", "https://egov.kz"}, refused: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			if tc.origins != nil {
				h["Origin"] = tc.origins
			}
			got, err := originGate{developer: tc.dev}.of(h)
			if tc.refused {
				if err == nil {
					t.Fatalf("%q admitted as %v", tc.origins, got)
				}
				return
			}
			if err != nil || got.kind != tc.want {
				t.Fatalf("%q: %v, %v; want kind %v", tc.origins, got, err, tc.want)
			}
			if len(tc.origins) == 1 && got.raw != tc.origins[0] {
				t.Fatalf("identity %q of %q", got.raw, tc.origins[0])
			}
		})
	}
}

// T1, on the wire: a refused origin gets no socket, and the person no window.
func TestT1SocketRefused(t *testing.T) {
	d := &desk{ask: cancelAlways}
	r := start(t, d)
	for _, o := range []string{"http://egov.kz", "https://EGOV.kz", "https://egov.kz:443"} {
		_, resp, err := r.dial(http.Header{"Origin": {o}})
		if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %v, %v; want 403", o, resp, err)
		}
	}
	if n := r.Counters().BadOrigin.Load(); n != 3 {
		t.Errorf("counted %d refusals, want 3", n)
	}
	r.serves()
	for _, o := range []string{"", "null", "file://"} {
		r.openAs(o).Close()
	}
}

// T2: the names a page may know us by.
func TestT2Hosts(t *testing.T) {
	g := newHostGate(13579)
	for host, want := range map[string]bool{
		"127.0.0.1:13579":            true,
		"localhost:13579":            true,
		"LOCALHOST:13579":            true,
		"[::1]:13579":                true,
		"":                           false,
		"127.0.0.1":                  false,
		"localhost":                  false,
		"127.0.0.1:":                 false,
		"127.0.0.1:443":              false,
		"127.0.0.1:013579":           false,
		"127.0.0.2:13579":            false,
		"127.1:13579":                false,
		"2130706433:13579":           false,
		"0.0.0.0:13579":              false,
		"::1:13579":                  false,
		"[::]:13579":                 false,
		"[::ffff:127.0.0.1]:13579":   false,
		"localhost.:13579":           false,
		"localhost.evil.test:13579":  false,
		"evil.test:13579":            false,
		"127.0.0.1.evil.test:13579":  false,
		"127.0.0.1:13579.evil.test":  false,
		"user@127.0.0.1:13579":       false,
		"127.0.0.1:13579, evil.test": false,
		"rebind.network:13579":       false,
	} {
		if got := g.host(host); got != want {
			t.Errorf("host %q: %v, want %v", host, got, want)
		}
	}
}

// Whatever is admitted is an origin as browsers write it, and nothing else.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"https://egov.kz", "https://xn--80aaf3b4b.kz:8443", "https://[::1]:1", "http://localhost:3000", "null", "file://",
		"moz-extension://6fd0a9d4-4ad7-4b26-bbcb-2c7ab1f0e5d3", "https://0x7f.1", "https://a@b", "https://xn--.kz"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, raw string, dev bool) {
		o, err := originGate{developer: dev}.parse(raw)
		if err != nil || o.kind == opaque {
			return
		}
		if o.raw != raw {
			t.Fatalf("%q became %q", raw, o.raw)
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme+"://"+u.Host != raw || u.User != nil || u.Path != "" {
			t.Fatalf("%q admitted: %v, %v", raw, u, err)
		}
		if o.kind == webPage && strings.ToLower(raw) != raw {
			t.Fatalf("%q admitted", raw)
		}
	})
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"127.0.0.1:13579", "localhost:13579", "[::1]:13579", "evil.test:13579", ":13579"} {
		f.Add(s)
	}
	g := newHostGate(13579)
	f.Fuzz(func(t *testing.T, host string) {
		if !g.host(host) {
			return
		}
		switch strings.ToLower(host) {
		case "127.0.0.1:13579", "localhost:13579", "[::1]:13579":
		default:
			t.Fatalf("%q admitted", host)
		}
	})
}

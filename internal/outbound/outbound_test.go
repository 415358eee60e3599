package outbound

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
)

// T19: what a certificate may not make this program ask.
func TestT19Check(t *testing.T) {
	for _, text := range []string{
		"file:///etc/passwd", "ftp://pki.gov.kz/", "ldap://pki.gov.kz/", "http:///x", "http://u:p@pki.gov.kz/",
		"http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://LOCALHOST./", "http://10.0.0.1/", "http://192.168.1.1:8080/",
		"http://172.16.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://[fd00::1]/", "http://[::ffff:127.0.0.1]/",
		"http://0.0.0.0/", "http://100.64.0.1/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[64:ff9b::7f00:1]/",
		"http://router/", "http://printer.local/", "http://pki.tanba.invalid/ocsp/", "http://metadata.google.internal/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/",
		"http://pki.gov.kz*/", "http://*/x",
	} {
		u, err := url.Parse(text)
		if err != nil {
			continue // not an address at all
		}
		if err := Check(u); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"http://ocsp.pki.gov.kz", "http://crl.pki.gov.kz/nca_gost_2022.crl", "https://example.com:8443/", "http://185.120.76.1/", "http://[2a00:1450::1]/"} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(u); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// T19: a public name that leads to a private address (DNS rebinding) is caught
// when the connection is made.
func TestT19Dial(t *testing.T) {
	for _, address := range []string{"127.0.0.1:80", "10.1.2.3:80", "[::1]:80", "[fe80::1%eth0]:80", "nonsense"} {
		if err := public(t.Context(), "tcp", address, nil); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := public(t.Context(), "tcp", "185.120.76.1:80", nil); err != nil {
		t.Error(err)
	}
}

func TestGuard(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	direct, err := Proxy("none")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&http.Client{Transport: NewGuard(direct, 1)}).Get(server.URL); !errors.Is(err, ErrForbidden) {
		t.Errorf("loopback: %v", err)
	}
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r, err := (&http.Client{Transport: NewGuard(direct, 1, u.Host)}).Get(server.URL)
	if err != nil {
		t.Fatalf("configured: %v", err)
	}
	r.Body.Close()
}

func TestGuardThroughProxy(t *testing.T) {
	asked := ""
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.String() }))
	defer server.Close()
	proxy, err := Proxy(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: NewGuard(proxy, 1)}
	r, err := client.Get("http://ocsp.pki.gov.kz/x")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if asked != "http://ocsp.pki.gov.kz/x" {
		t.Errorf("the proxy was asked for %q", asked)
	}
	if _, err := client.Get("http://192.168.1.1/"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a private address through the proxy: %v", err)
	}
}

func TestProxy(t *testing.T) {
	for _, bad := range []string{"proxy", "ftp://proxy:3128", "http://", "://"} {
		if _, err := Proxy(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	p, err := Proxy("http://proxy.example:3128")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{"http://tsp.pki.gov.kz/": true, "http://127.0.0.1:18080/": false, "http://[::1]/": false, "http://localhost/": false} {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		u, err := p(r)
		if err != nil || (u != nil) != want {
			t.Errorf("%s: %v, %v", address, u, err)
		}
	}
}

func TestReservedIsNotPublic(t *testing.T) {
	for _, p := range reserved {
		if err := checkIP(p.Addr().Next()); !errors.Is(err, ErrForbidden) {
			t.Errorf("%v: %v", p, err)
		}
	}
	if err := checkIP(netip.MustParseAddr("::ffff:10.0.0.1")); !errors.Is(err, ErrForbidden) {
		t.Error(err)
	}
}

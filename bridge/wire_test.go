package bridge

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"tanba/internal/peer"
	"tanba/protocol"
)

// raw sends a request as it stands and reads the answer.
func (r *running) raw(sni, request string) (*http.Response, string) {
	r.t.Helper()
	config := r.tls()
	config.ServerName = sni
	if sni == "" {
		config.ServerName = "127.0.0.1"
	} else {
		// A name of somebody else's is in SNI and never in the certificate, which
		// is checked for the name it has.
		config.InsecureSkipVerify = true
		config.VerifyConnection = func(state tls.ConnectionState) error {
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: "127.0.0.1", Roots: r.roots, Intermediates: r.roots})
			return err
		}
	}
	c, err := tls.Dial("tcp", r.addr, config)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(c, strings.ReplaceAll(request, "\n", "\r\n")+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		r.t.Fatalf("%v after %q", err, request)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, ""
	}
	body, _ := io.ReadAll(resp.Body)
	return resp, string(body)
}

// T2, on the wire: neither Host nor the server name may be somebody else's.
func TestT2Rebinding(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	_, port, _ := net.SplitHostPort(r.addr)
	const upgrade = "\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
	for _, tc := range []struct {
		name, sni, request string
		want               int
	}{
		{"our name", "", "GET /health HTTP/1.1\nHost: 127.0.0.1:" + port, 200},
		{"localhost by SNI", "localhost", "GET /health HTTP/1.1\nHost: localhost:" + port, 200},
		{"rebound host", "", "GET /health HTTP/1.1\nHost: evil.test:" + port, 403},
		{"rebound host, upgrade", "", "GET / HTTP/1.1\nHost: evil.test:" + port + upgrade, 403},
		{"rebound server name", "evil.test", "GET /health HTTP/1.1\nHost: 127.0.0.1:" + port, 403},
		{"default port", "", "GET /health HTTP/1.1\nHost: 127.0.0.1", 403},
		{"no host", "", "GET /health HTTP/1.1", 400},
		{"two hosts", "", "GET /health HTTP/1.1\nHost: 127.0.0.1:" + port + "\nHost: evil.test", 400},
		{"absolute target", "", "GET https://evil.test:" + port + "/health HTTP/1.1\nHost: 127.0.0.1:" + port, 403},
		{"behind a proxy", "", "GET /health HTTP/1.1\nHost: 127.0.0.1:" + port + "\nX-Forwarded-Host: evil.test", 403},
	} {
		resp, body := r.raw(tc.sni, tc.request)
		if resp.StatusCode != tc.want {
			t.Errorf("%s: %s %q, want %d", tc.name, resp.Status, body, tc.want)
		}
		if tc.want == 403 && resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: CORS header on a refusal", tc.name)
		}
	}
	r.serves()
}

// T15 and protocol.md §1.4.
func TestT15HandshakeTable(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	base := "GET /any/path HTTP/1.1\nHost: " + r.addr + "\nOrigin: https://portal.test"
	const key, version = "\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "\nSec-WebSocket-Version: 13"
	const up = "\nUpgrade: websocket\nConnection: Upgrade"
	for _, tc := range []struct {
		name, headers string
		status        int
		body          string
		protocol      string
	}{
		{"usual", up + version + key, 101, "", ""},
		{"any case, list", "\nUpgrade: WebSocket\nConnection: keep-alive, uPgRaDe" + version + key, 101, "", ""},
		{"compression offered", up + version + key + "\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", 101, "", ""},
		{"first protocol echoed", up + version + key + "\nSec-WebSocket-Protocol: nca, chat", 101, "", "nca"},
		{"wrong version", up + "\nSec-WebSocket-Version: 8" + key, 400, "Invalid Websocket-Version 8", ""},
		{"no version", up + key, 400, "Invalid Websocket-Version null", ""},
		{"no key", up + version, 400, "Missing Websocket-Key", ""},
		{"no upgrade", "\nConnection: Upgrade" + version + key, 404, "Not Found", ""},
		{"no connection", "\nUpgrade: websocket" + version + key, 404, "Not Found", ""},
	} {
		resp, body := r.raw("", base+tc.headers)
		if resp.StatusCode != tc.status || body != tc.body {
			t.Errorf("%s: %s %q, want %d %q", tc.name, resp.Status, body, tc.status, tc.body)
		}
		if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != tc.protocol {
			t.Errorf("%s: protocol %q, want %q", tc.name, got, tc.protocol)
		}
		if ext := resp.Header.Get("Sec-WebSocket-Extensions"); ext != "" {
			t.Errorf("%s: extension %q negotiated", tc.name, ext)
		}
	}
	if resp, _ := r.raw("", "POST / HTTP/1.1\nHost: "+r.addr+up+version+key); resp.StatusCode != 405 {
		t.Errorf("upgrade by POST: %s", resp.Status)
	}
}

func TestPages(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	const health = `{"name":"tanba","version":"1.2.3","protocol":"1.4"}`
	for _, tc := range []struct {
		name, request string
		status        int
		body          string // exact, or a part when it ends with …
		header        map[string]string
	}{
		{"health", "GET /health HTTP/1.1", 200, health, map[string]string{"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "Access-Control-Allow-Credentials": "", "Content-Type": "application/json"}},
		{"health from a page", "GET /health HTTP/1.1\nOrigin: https://evil.test", 200, health, map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"root without html", "GET / HTTP/1.1", 200, health, nil},
		{"status page", "GET / HTTP/1.1\nAccept: text/html,*/*", 200, "Tanba работает…", map[string]string{"Content-Type": "text/html; charset=utf-8", "X-Frame-Options": "DENY", "Access-Control-Allow-Origin": ""}},
		{"in Kazakh", "GET / HTTP/1.1\nAccept: text/html\nAccept-Language: kk-KZ,ru;q=0.5", 200, "жұмыс істеп тұр…", nil},
		{"in English", "GET /?lang=en HTTP/1.1\nAccept: text/html", 200, "Tanba is running…", nil},
		{"original's page", "GET /basics/index.html HTTP/1.1", 200, "Tanba работает…", nil},
		{"anything else", "GET /favicon.ico HTTP/1.1", 404, "Not Found", map[string]string{"Content-Type": "text/plain; charset=utf-8"}},
		{"no state by POST", "POST / HTTP/1.1\nContent-Length: 0", 404, "Not Found", nil},
		{"preflight of Chromium 98 to 141", "OPTIONS / HTTP/1.1\nOrigin: https://portal.test\nAccess-Control-Request-Private-Network: true", 204, "", map[string]string{"Access-Control-Allow-Private-Network": "true", "Access-Control-Allow-Origin": "*"}},
		{"other preflight", "OPTIONS / HTTP/1.1\nOrigin: https://portal.test", 404, "Not Found", map[string]string{"Access-Control-Allow-Origin": ""}},
	} {
		first, rest, _ := strings.Cut(tc.request, "\n")
		resp, body := r.raw("", strings.TrimSuffix(first+"\nHost: "+r.addr+"\n"+rest, "\n"))
		part, partly := strings.CutSuffix(tc.body, "…")
		if resp.StatusCode != tc.status || partly && !strings.Contains(body, part) || !partly && body != tc.body {
			t.Errorf("%s: %s %q", tc.name, resp.Status, body)
		}
		if partly && (strings.Contains(body, "status.") || strings.Contains(body, "{{")) {
			t.Errorf("%s: text missing from the catalogue", tc.name)
		}
		for k, v := range tc.header {
			if got := resp.Header.Get(k); got != v {
				t.Errorf("%s: %s: %q, want %q", tc.name, k, got, v)
			}
		}
	}
}

func TestPlainHTTPRefused(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	c := r.tcp()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+r.addr+"\r\nUpgrade: websocket\r\n\r\n")
	got, _ := io.ReadAll(c)
	if !strings.HasPrefix(string(got), "HTTP/1.1 403") || !strings.Contains(string(got), "https:// and wss:// only") {
		t.Fatalf("answer %q", got)
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(got))), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Errorf("body does not have its length: %v", err)
	}
	if r.Counters().Plain.Load() != 1 {
		t.Error("not counted")
	}
	r.serves()
}

func TestPlainWebSocketWhenSet(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways}, func(o *Options) { o.PlainWS = true })
	c := r.tcp()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+r.addr+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(time.Minute))
	b := bufio.NewReader(c)
	if resp, err := http.ReadResponse(b, nil); err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	frame := make([]byte, 2+len(protocol.Greeting))
	if _, err := io.ReadFull(b, frame); err != nil || string(frame[2:]) != protocol.Greeting {
		t.Fatalf("%q, %v", frame, err)
	}
	r.serves() // TLS as well
}

// T5: a connection of somebody else ends with a TLS alert before a handshake.
func TestT5OtherUser(t *testing.T) {
	stranger := peer.Process{UID: os.Getuid() + 1}
	for _, tc := range []struct {
		name string
		look peer.Lookup
	}{
		{"another user", func(_, _ netip.AddrPort) (peer.Process, error) { return stranger, nil }},
		{"nobody the kernel knows", func(_, _ netip.AddrPort) (peer.Process, error) { return peer.Process{}, peer.ErrNotFound }},
		{"trouble", func(_, _ netip.AddrPort) (peer.Process, error) { return peer.Process{}, errors.New("netlink") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := start(t, &desk{ask: cancelAlways}, func(o *Options) { o.Peer = tc.look })
			_, _, err := r.dial(nil)
			var alert *net.OpError
			if err == nil || !errors.As(err, &alert) || !strings.Contains(err.Error(), "access denied") {
				t.Fatalf("err = %v, want the alert access denied", err)
			}
			c := r.tcp()
			io.WriteString(c, "GET / HTTP/1.1\r\n\r\n")
			if got, _ := io.ReadAll(c); !strings.Contains(string(got), "You shall not pass!") {
				t.Errorf("plain: %q", got)
			}
			if r.Counters().OtherUser.Load() != 2 {
				t.Error("not counted")
			}
		})
	}
}

func TestT5UnsupportedSystemServes(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways}, func(o *Options) {
		o.Peer = func(_, _ netip.AddrPort) (peer.Process, error) { return peer.Process{}, peer.ErrUnsupported }
	})
	_ = r
}

// T6: whoever holds the port is named.
func TestT6PortTaken(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	s, err := New(Options{Addr: r.addr, Desk: &desk{}, TLS: r.o.TLS})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Listen()
	var taken *PortTaken
	if !errors.As(err, &taken) {
		t.Fatalf("err = %v, want *PortTaken", err)
	}
	if taken.Holder.PID != os.Getpid() || taken.Holder.Name == "" || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("holder %+v: %v", taken.Holder, err)
	}
	r.serves()
}

func TestListenOnlyOnLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:13579", "[::1]:13579", "localhost:13579", "127.0.0.2:13579", ":13579", "127.0.0.1"} {
		if _, err := New(Options{Addr: addr, Desk: &desk{}, TLS: new(noCertificate)}); err == nil {
			t.Errorf("%s accepted", addr)
		}
	}
}

type noCertificate struct{}

func (noCertificate) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return nil, errors.New("none")
}

func TestPortVariable(t *testing.T) {
	for value, want := range map[string]int{"": 13579, "14000": 14000, "0": 13579, "70000": 13579, "x": 13579} {
		t.Setenv(PortVariable, value)
		if got := Port(); got != want {
			t.Errorf("%s=%q: port %d, want %d", PortVariable, value, got, want)
		}
	}
}

// T14: a client that dawdles is let go; others do not notice.
func TestT14SlowLoris(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways}, func(o *Options) { o.Limits.Header = 3 * time.Second })
	ended := func(name string, c net.Conn) {
		t.Helper()
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: still open", name)
		}
	}
	silent := r.tcp()
	hello := r.tcp()
	hello.Write([]byte{0x16, 3, 1})
	header, err := tls.Dial("tcp", r.addr, r.tls())
	if err != nil {
		t.Fatal(err)
	}
	defer header.Close()
	io.WriteString(header, "GET / HTTP/1.1\r\nHost: ")
	r.serves()
	ended("says nothing", silent)
	ended("stops in the handshake", hello)
	ended("stops in the header", header)
	r.serves()
}

func TestTLSVersions(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	for v, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		config := r.tls()
		config.MinVersion, config.MaxVersion, config.NextProtos = v, v, []string{"h2", "http/1.1"}
		c, err := tls.Dial("tcp", r.addr, config)
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(v), err)
		}
		if err != nil {
			continue
		}
		state := c.ConnectionState()
		if state.NegotiatedProtocol != "http/1.1" || len(state.PeerCertificates) != 2 {
			t.Errorf("%s: protocol %q, %d certificates", tls.VersionName(v), state.NegotiatedProtocol, len(state.PeerCertificates))
		}
		c.Close()
	}
	// What a browser that blocks local networks looks like (security.md §3.2): a handshake without a request is counted.
	eventually(t, "handshakes without a request are counted", func() bool { return r.Counters().NoRequest.Load() >= 2 })
}

package bridge

import (
	"net"
	"net/http"
	"strconv"
	"strings"
)

// hostGate admits the names under which pages may know us (T2). A page that
// reached us through DNS rebinding carries its own name in Host and, over TLS,
// in the server name indication.
type hostGate struct{ port string }

func newHostGate(port int) hostGate { return hostGate{strconv.Itoa(port)} }

// admits reports whether a request was sent to us and not to a name that
// happens to resolve to us.
func (g hostGate) admits(r *http.Request) bool {
	if r.TLS != nil && !g.name(r.TLS.ServerName) {
		return false
	}
	if len(r.Header["X-Forwarded-Host"]) > 0 {
		return false // a proxy in front of a loopback service is somebody else's page
	}
	return g.host(r.Host)
}

// host checks "name:port". Browsers always send the port, for ours is nobody's
// default.
func (g hostGate) host(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil || port != g.port {
		return false
	}
	if name == "::1" {
		return strings.HasPrefix(host, "[")
	}
	return name == "127.0.0.1" || strings.EqualFold(name, "localhost")
}

// name checks a server name. Clients send none for an address.
func (g hostGate) name(sni string) bool {
	switch strings.ToLower(sni) {
	case "", "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}

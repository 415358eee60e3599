// Package bridge is the local server that portals call at
// wss://127.0.0.1:13579 to have the person sign.
//
// What it does, in the order a connection meets it:
//
//  1. Listen binds 127.0.0.1 and nothing else. When the port is taken, the
//     error names who holds it.
//  2. Accepted connections are attributed by the kernel; those of another user
//     end with a TLS alert. The first octet tells TLS from plain HTTP, which is
//     refused unless the setting PlainWS is on.
//  3. The HTTP gates look at Host (T2) and Origin (T1) before anything else.
//     Plain requests get the status page, /health, or 404; nothing here changes
//     state.
//  4. A WebSocket becomes a session: greeting, then one reply frame per
//     request, strictly in order. Sessions are independent of each other; the
//     consent desk shows their windows one at a time. Heartbeats are answered
//     at once, also while a window is open; a socket that closes takes its
//     window along.
//  5. Dispatch turns an operation of package protocol into a question for the
//     desk and, after a yes, into signatures on all cores.
//
// A second port, off by default, serves KAZTOKEN desktop's streaming interface
// (multisign.go): one yes, then documents of any size, one per HTTPS request.
//
// What it does not do: it decides nothing about permissions (bridge/consent),
// draws nothing (bridge/prompt) and knows no family's wording (protocol).
// XAdES-T comes in a later step: it is answered with protocol.ErrNotSupported
// before any window.
//
// Only text frames are served: a binary frame closes with 1003, text that is
// not UTF-8 with 1007, a message over its limit with 1009 and the limit in the
// reason. The log holds method, origin, duration, outcome and sizes, never
// content.
package bridge

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/peer"
	"tanba/internal/state"
	"tanba/internal/timestamp"
)

// DefaultPort is NCALayer's.
const DefaultPort = 13579

// PortVariable overrides the port, as in the original.
const PortVariable = "NCALAYERPORT"

// Desk is the consent desk as the bridge uses it; *consent.Desk is one.
type Desk interface {
	Known(consent.Asker) bool
	Ask(ctx context.Context, q *consent.Question) (*consent.Grant, error)
	Record(consent.JournalEntry)
}

// CertificateSource serves the TLS leaf; *localca.Source is one.
type CertificateSource interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// Pages answers the requests it says it serves; *pages.Handler is one. Peer and
// Host have been checked before.
type Pages interface {
	Serves(*http.Request) bool
	http.Handler
}

// Options is what a Server needs. Desk and TLS are required.
type Options struct {
	Addr  string // "" = 127.0.0.1 and Port(); the host must be 127.0.0.1
	State state.Dir
	Desk  Desk
	TLS   CertificateSource

	Version string      // of the program, for /health and the status page
	Peer    peer.Lookup // nil = the kernel's answer
	// Stamper gets the time stamps of CAdES-T. nil = such requests are answered
	// with protocol.ErrNotSupported, before any window.
	Stamper timestamp.Stamper
	// Revocation is asked about keys for requests that refuse revoked ones
	// (basics without allowRevoked). nil = nobody is asked.
	Revocation Revocation
	// RequireRevocation: without an answer nothing is signed for such a request.
	// Otherwise that is a notice for the person.
	RequireRevocation bool
	Devices           Devices // nil = no token is ever there
	// Pages serves Tanba's own pages; nil = a status page without scripts.
	Pages  Pages
	Now    func() time.Time
	Log    *slog.Logger // nil = nothing is logged
	Limits Limits
	// UnknownModule hears which module a page (or, with origin "", a program)
	// asked for in vain, once the page has its answer. It must not keep module.
	UnknownModule func(module, origin string)

	// DeveloperMode also admits pages of http://localhost and
	// http://127.0.0.1, any port.
	DeveloperMode bool
	// PlainWS also serves ws:// for native programs. Pages of https sites
	// never need it.
	PlainWS bool
	// Multisign is the address of the streaming interface of KAZTOKEN desktop:
	// 127.0.0.1 and a port, MultisignPort for the clients there are. "" = off,
	// as it must be unless the person wants it (protocol.md §10.1).
	Multisign string
	// Workers is how many signatures are made at once; 0 = one per core.
	Workers int
}

// Limits bound what a client may cost. The zero value of each means the
// default given beside it.
type Limits struct {
	Message      int64         // 512 MiB: one message of an origin the person has permitted before
	FirstMessage int64         // 64 MiB: of any other origin
	Budget       int64         // 1 GiB: all messages being read or answered; a quarter for origins not permitted yet
	File         int64         // 512 MiB: a file signed by its path
	Attached     int64         // 4 GiB: a document of the streaming interface that goes into its signature
	InFlight     int           // 4 requests per socket, then the socket is not read
	Sockets      int           // 1024 per origin, then the oldest idle one is closed
	Idle         time.Duration // 10 min: "idle" for Sockets; and silence, pongs included, that closes
	Ping         time.Duration // 4 min
	Stall        time.Duration // 30 s: for each 64 KiB of a message that is coming in
	Header       time.Duration // 5 s: first octet, TLS handshake and HTTP header
	Handshake    time.Duration // 10 s: the upgrade's answer
	Write        time.Duration // 30 s, and 1 s more per 4 MiB
	Grace        time.Duration // 3 s: Serve's own shutdown
	Operation    time.Duration // 10 min: an operation of the streaming interface without a request
	Pause        time.Duration // 10 s: for which Drain waits between two documents of one
}

func (l Limits) withDefaults() Limits {
	size := func(p *int64, d int64) {
		if *p <= 0 {
			*p = d
		}
	}
	number := func(p *int, d int) {
		if *p <= 0 {
			*p = d
		}
	}
	span := func(p *time.Duration, d time.Duration) {
		if *p <= 0 {
			*p = d
		}
	}
	size(&l.Message, 512<<20)
	size(&l.FirstMessage, 64<<20)
	size(&l.Budget, 1<<30)
	size(&l.File, 512<<20)
	size(&l.Attached, 4<<30)
	number(&l.InFlight, 4)
	number(&l.Sockets, 1024)
	span(&l.Idle, 10*time.Minute)
	span(&l.Ping, 4*time.Minute)
	span(&l.Stall, 30*time.Second)
	span(&l.Header, 5*time.Second)
	span(&l.Handshake, 10*time.Second)
	span(&l.Write, 30*time.Second)
	span(&l.Grace, 3*time.Second)
	span(&l.Operation, 10*time.Minute)
	span(&l.Pause, 10*time.Second)
	return l
}

// Port returns the port to listen on: NCALAYERPORT when it is a port number,
// else DefaultPort.
func Port() int {
	if n, err := strconv.ParseUint(os.Getenv(PortVariable), 10, 16); err == nil && n > 0 {
		return int(n)
	}
	return DefaultPort
}

func (o *Options) complete() error {
	switch {
	case o.Desk == nil:
		return errors.New("bridge: no consent desk")
	case o.TLS == nil:
		return errors.New("bridge: no certificate source")
	}
	if o.Addr == "" {
		o.Addr = netip.AddrPortFrom(loopback, uint16(Port())).String()
	}
	for _, a := range []string{o.Addr, o.Multisign} {
		if addr, err := netip.ParseAddrPort(a); a != "" && (err != nil || addr.Addr() != loopback) {
			return errors.New("bridge: address must be 127.0.0.1 and a port, not " + strconv.Quote(a))
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Peer == nil {
		o.Peer = peer.Of
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Version == "" {
		o.Version = "devel"
	}
	o.Limits = o.Limits.withDefaults()
	return nil
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

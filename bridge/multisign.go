package bridge

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// MultisignPort is KAZTOKEN desktop's.
const MultisignPort = 24680

// multisign is the second port: KAZTOKEN desktop's streaming interface
// (protocol.md §10). The person is asked once, then documents of any size come
// one after another, each in a request of its own:
//
//	GET  /       200: it is there
//	POST /       {"numberOfDocuments":N,"base64":bool,"encapsulateContent":bool}
//	             200: operation id, and the cookie that goes with it
//	             409: the person refused · 400: not such a request
//	             503: about to be stopped or replaced, ask again
//	POST /<id>   one document, raw or base64
//	             200: its signature, raw or base64 · 401: not, or no longer, permitted
//	             400: not base64 · 408, 413, 429, 500, 507: as HTTP has them
//
// A document that fails for a reason of its own (not base64, connection lost)
// leaves the operation as it was. No request but POST changes anything.
//
// It stands behind the gates of the first port and asks for more: an Origin that
// names a site, since the answers are for that site alone (T3, security.md §14
// row 11). A sandboxed page ("null") and a program without Origin are refused.
type multisign struct {
	s        *Server
	http     *http.Server
	listener net.Listener
	gate     *gate
	hosts    hostGate
	err      error // why there is no listener

	mu         sync.Mutex
	operations map[string]*operation
	asking     int            // questions before the person
	resting    bool           // no new operation
	closing    sync.WaitGroup // operations whose keys are being destroyed
}

func newMultisign(s *Server) *multisign {
	m := &multisign{s: s, operations: map[string]*operation{}}
	m.http = &http.Server{
		Handler:           m,
		ReadHeaderTimeout: s.o.Limits.Header,
		IdleTimeout:       2 * time.Minute, // a page works between two documents
		MaxHeaderBytes:    64 << 10,
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no h2
		ErrorLog:          slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
		ConnContext:       connContext,
	}
	return m
}

// Multisign returns the address of the streaming interface, nil when it is off,
// or why it is not there, a *PortTaken for one: whoever holds the port may well
// be KAZTOKEN desktop, and the bridge works without it.
func (s *Server) Multisign() (net.Addr, error) {
	switch {
	case s.second == nil:
		return nil, nil
	case s.second.listener == nil:
		return nil, s.second.err
	}
	return s.second.listener.Addr(), nil
}

func (m *multisign) listen(addr string) {
	l, err := listen(addr)
	if err != nil {
		m.err = err
		m.s.o.Log.Warn("the streaming interface is not served", "error", err)
		return
	}
	m.listener = l
	m.hosts = newHostGate(l.Addr().(*net.TCPAddr).Port)
	m.gate = newGate(m.s, l, false)
}

func (m *multisign) serve() {
	if m.listener == nil {
		return
	}
	go m.gate.run()
	go m.http.Serve(m.gate)
}

// shutdown ends every operation and waits for the keys to be destroyed.
func (m *multisign) shutdown(ctx context.Context) {
	if m.listener == nil {
		return
	}
	m.listener.Close()
	m.endAll()
	if m.http.Shutdown(ctx) != nil {
		m.http.Close()
	}
	m.endAll() // what a yes began meanwhile
	closed := make(chan struct{})
	go func() {
		m.closing.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
	}
}

func (m *multisign) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(m.s, w, r)
	defer x.end()
	defer x.recovered()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Origin")
	if !m.hosts.admits(r) {
		m.s.stats.BadHost.Add(1)
		x.refuse(http.StatusForbidden, "wrong host")
		return
	}
	from, err := m.s.origins.of(r.Header)
	if err != nil {
		m.s.stats.BadOrigin.Add(1)
		x.refuse(http.StatusForbidden, "origin not admitted")
		return
	}
	x.from = from
	allowOrigin(h, from)
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if r.URL.Path != "/" {
			x.refuse(http.StatusNotFound, "not found")
			return
		}
		x.reply(http.StatusOK, "text/plain; charset=utf-8", []byte("Tanba"))
	case http.MethodOptions:
		x.status = preflight(h, r.Header, from)
		w.WriteHeader(x.status)
	case http.MethodPost:
		id, ok := strings.CutPrefix(r.URL.Path, "/")
		switch {
		case !ok || !mayPost(r.Header, from):
			x.refuse(http.StatusForbidden, "not from such a page")
		case id == "":
			m.begin(x)
		default:
			m.document(x, id)
		}
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS, POST")
		x.refuse(http.StatusMethodNotAllowed, "method not allowed")
	}
}

package bridge

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tanba/internal/peer"
)

// PortTaken: another process listens on our port.
type PortTaken struct {
	Addr   string
	Holder peer.Holder // PID 0 when it cannot be told
	Err    error
}

func (e *PortTaken) Error() string {
	if e.Holder.PID == 0 && e.Holder.User == "" {
		return fmt.Sprintf("bridge: %s is taken: %v", e.Addr, e.Err)
	}
	return fmt.Sprintf("bridge: %s is held by %s", e.Addr, e.Holder)
}

func (e *PortTaken) Unwrap() error { return e.Err }

// listen binds the address without SO_REUSEPORT, so that nobody can share it
// with us, nor we with a squatter.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp4", addr)
	if err == nil {
		return l, nil
	}
	if !addressInUse(err) {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	taken := &PortTaken{Addr: addr, Err: err}
	if ap, perr := netip.ParseAddrPort(addr); perr == nil {
		taken.Holder, _ = peer.Listening(ap)
	}
	return nil, taken
}

func addressInUse(err error) bool {
	const wsaAddrInUse = syscall.Errno(10048)
	var errno syscall.Errno
	return errors.As(err, &errno) && (errno == syscall.EADDRINUSE || errno == wsaAddrInUse)
}

// gate stands between the listener and net/http: it turns away other users and
// plain HTTP and hands on connections as *tls.Conn, whose handshake net/http
// then does under its own deadline.
type gate struct {
	s        *Server
	listener net.Listener
	plain    bool // plain HTTP may pass
	tls      *tls.Config
	ready    chan net.Conn
	done     chan struct{}
	once     sync.Once
	blind    sync.Once
}

func newGate(s *Server, l net.Listener, plain bool) *gate {
	return &gate{
		s: s, listener: l, plain: plain,
		tls: &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"http/1.1"},
			GetCertificate: s.o.TLS.GetCertificate,
			// Small first records serve slow networks; here they only cost.
			DynamicRecordSizingDisabled: true,
		},
		ready: make(chan net.Conn),
		done:  make(chan struct{}),
	}
}

// run accepts until the listener is closed. Each connection is looked at in its
// own goroutine: one that says nothing keeps nobody waiting.
func (g *gate) run() {
	defer g.Close()
	wait := 5 * time.Millisecond
	for {
		c, err := g.listener.Accept()
		if err != nil {
			if g.s.stoppingNow() || errors.Is(err, net.ErrClosed) {
				return
			}
			g.s.o.Log.Warn("accept", "error", err) // out of descriptors, most likely
			select {
			case <-g.s.stopping.Done():
				return
			case <-time.After(wait):
			}
			wait = min(2*wait, time.Second)
			continue
		}
		wait = 5 * time.Millisecond
		go g.admit(c)
	}
}

// Accept, Close and Addr make the gate a net.Listener for net/http.
func (g *gate) Accept() (net.Conn, error) {
	select {
	case c := <-g.ready:
		return c, nil
	case <-g.done:
		return nil, net.ErrClosed
	}
}

func (g *gate) Close() error {
	g.once.Do(func() { close(g.done) })
	return nil
}

func (g *gate) Addr() net.Addr { return g.listener.Addr() }

func (g *gate) admit(c net.Conn) {
	owner, err := g.attribute(c)
	switch {
	case err == nil:
		err = owner.Mine()
	case errors.Is(err, peer.ErrUnsupported):
		// Better served than not, but said aloud: on this system other
		// users of the machine can reach the bridge and make it ask.
		g.blind.Do(func() { g.s.o.Log.Warn("connections cannot be attributed to users on this system") })
		err = nil
	}
	s := &sniffed{Conn: c, owner: owner}
	c.SetReadDeadline(time.Now().Add(g.s.o.Limits.Header))
	first, perr := s.peek()
	if perr != nil {
		c.Close()
		return
	}
	secure := first == recordHandshake
	switch {
	case err != nil:
		g.s.stats.OtherUser.Add(1)
		g.s.o.Log.Warn("connection refused", "reason", err)
		refuse(c, secure)
		return
	case !secure && !g.plain:
		g.s.stats.Plain.Add(1)
		g.s.o.Log.Info("plain http refused")
		farewell(c, plainRefusal)
		return
	}
	c.SetReadDeadline(time.Time{})
	var conn net.Conn = s
	if secure {
		conn = tls.Server(s, g.tls)
	}
	select {
	case g.ready <- conn:
	case <-g.done:
		c.Close()
	}
}

// attribute asks who is at the other end. A peer outside this machine cannot
// reach a loopback address; were it to happen all the same, it is refused.
func (g *gate) attribute(c net.Conn) (peer.Process, error) {
	client, server, err := peer.Ends(c)
	if err != nil {
		return peer.Process{}, err
	}
	if client.Addr() != loopback {
		return peer.Process{}, fmt.Errorf("peer address %s", client.Addr())
	}
	return g.s.o.Peer(client, server)
}

const recordHandshake = 0x16 // first octet of a TLS ClientHello

// accessDenied is a fatal TLS alert (RFC 8446 §6.2, access_denied).
var accessDenied = []byte{0x15, 3, 3, 0, 2, 2, 49}

// plainRefusal may be read by any page: that is how one whose browser does not
// trust the certificate tells that from nobody being here (package snippet).
const plainRefusal = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\nContent-Length: 62\r\n\r\n" +
	"Tanba answers https:// and wss:// only, not http:// or ws://.\n"

const otherRefusal = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: 20\r\n\r\n" +
	"You shall not pass!\n"

func refuse(c net.Conn, secure bool) {
	if secure {
		farewell(c, string(accessDenied))
		return
	}
	farewell(c, otherRefusal)
}

// farewell writes, then reads a little: closing with unread octets would reset
// the connection and could take the answer along.
func farewell(c net.Conn, text string) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		return
	}
	if t, ok := c.(*net.TCPConn); ok {
		t.CloseWrite()
	}
	io.Copy(io.Discard, io.LimitReader(c, 64<<10))
}

// sniffed is a connection whose first octet has been looked at.
type sniffed struct {
	net.Conn
	owner     peer.Process
	head      [1]byte
	left      []byte
	requested atomic.Bool
}

func (s *sniffed) peek() (byte, error) {
	if _, err := io.ReadFull(s.Conn, s.head[:]); err != nil {
		return 0, err
	}
	s.left = s.head[:]
	return s.head[0], nil
}

func (s *sniffed) Read(b []byte) (int, error) {
	if len(s.left) > 0 {
		n := copy(b, s.left)
		s.left = s.left[n:]
		return n, nil
	}
	return s.Conn.Read(b)
}

// sniffedOf finds the accepted connection below TLS.
func sniffedOf(c net.Conn) *sniffed {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	s, _ := c.(*sniffed)
	return s
}

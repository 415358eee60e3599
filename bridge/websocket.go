package bridge

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is all the bridge knows of the WebSocket library, which is dormant:
// replacing it means writing this type again.
type socket struct {
	c     *websocket.Conn
	write time.Duration
	idle  time.Duration
	stall time.Duration

	mu       sync.Mutex
	halted   bool
	progress bool // a message is coming in
}

// Close codes of RFC 6455 §7.4.1.
const (
	closeGoingAway   = websocket.CloseGoingAway
	closeUnsupported = websocket.CloseUnsupportedData
	closeBadText     = websocket.CloseInvalidFramePayloadData
	closeTooBig      = websocket.CloseMessageTooBig
)

var errBinary = errors.New("bridge: binary frame")

// isUpgrade recognises a handshake as NanoWSD does: both headers, any case.
func isUpgrade(h http.Header) bool {
	return strings.EqualFold(strings.TrimSpace(h.Get("Upgrade")), "websocket") &&
		strings.Contains(strings.ToLower(strings.Join(h["Connection"], ",")), "upgrade")
}

// handshakeFault returns the text of NanoWSD's 400, or "".
func handshakeFault(h http.Header) string {
	const version, key = "Sec-Websocket-Version", "Sec-Websocket-Key"
	if v := h.Get(version); v != "13" {
		if len(h[version]) == 0 {
			v = "null"
		}
		return "Invalid Websocket-Version " + printable(v)
	}
	if len(h[key]) == 0 {
		return "Missing Websocket-Key"
	}
	return ""
}

// openSocket finishes the handshake for who is admitted. When it cannot, it has answered already.
func openSocket(w http.ResponseWriter, r *http.Request, l Limits, admit func(*http.Request) bool) (*socket, error) {
	// The library serves the first protocol of ours that is offered; the
	// original echoes the first that is offered, whatever it is.
	var protocols []string
	if offered := websocket.Subprotocols(r); len(offered) > 0 && printable(offered[0]) == offered[0] {
		protocols = offered[:1]
	}
	up := websocket.Upgrader{
		HandshakeTimeout:  l.Handshake,
		Subprotocols:      protocols,
		EnableCompression: false,
		CheckOrigin:       admit,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
			text(w, status, "Bad WebSocket handshake\n")
		},
	}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	// Our own limit (message.go) closes with the limit in the reason; the
	// library's closes with none, so it is only the net below.
	c.SetReadLimit(1 << 40)
	s := &socket{c: c, write: l.Write, idle: l.Idle, stall: l.Stall}
	s.alive()
	c.SetPongHandler(func(string) error { s.alive(); return nil })
	c.SetPingHandler(func(data string) error {
		s.alive()
		err := c.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		var ne net.Error
		if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, &ne) {
			return nil
		}
		return err
	})
	return s, nil
}

// alive puts the end of patience off: a message or a pong came. While a message
// is coming in, only its octets count.
func (s *socket) alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.progress {
		s.patience(s.idle)
	}
}

// patience is called with the lock held.
func (s *socket) patience(d time.Duration) {
	if !s.halted {
		s.c.SetReadDeadline(time.Now().Add(d))
	}
}

// halt ends the reader; writing goes on.
func (s *socket) halt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halted = true
	s.c.SetReadDeadline(time.Unix(1, 0))
}

// next waits for a message. The reader is valid until the next call.
func (s *socket) next() (io.Reader, error) {
	s.mu.Lock()
	s.progress = false
	s.patience(s.idle)
	s.mu.Unlock()
	kind, r, err := s.c.NextReader()
	switch {
	case err != nil:
		return nil, err
	case kind != websocket.TextMessage:
		return nil, errBinary
	}
	s.mu.Lock()
	s.progress = true
	s.patience(s.stall)
	s.mu.Unlock()
	return &movingReader{s, r, 0}, nil
}

// movingReader wants every 64 KiB of a message within the time of a stall, so
// that nobody can hold memory by stopping in the middle.
type movingReader struct {
	s *socket
	r io.Reader
	n int
}

func (m *movingReader) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	if m.n += n; m.n >= 64<<10 {
		m.n = 0
		m.s.mu.Lock()
		m.s.patience(m.s.stall)
		m.s.mu.Unlock()
	}
	return n, err
}

// send writes one text frame. Not for several goroutines at once.
func (s *socket) send(frame []byte) error {
	s.c.SetWriteDeadline(time.Now().Add(s.write + time.Duration(len(frame)>>22)*time.Second))
	return s.c.WriteMessage(websocket.TextMessage, frame)
}

// writer begins one text message that is written in pieces, each a fragment
// unless it is short, and ends with Close. The peer has the time of a write for
// each MiB. Not for several goroutines at once.
func (s *socket) writer() (io.WriteCloser, error) {
	s.c.SetWriteDeadline(time.Now().Add(s.write))
	w, err := s.c.NextWriter(websocket.TextMessage)
	if err != nil {
		return nil, err
	}
	return &patientWriter{WriteCloser: w, s: s}, nil
}

type patientWriter struct {
	io.WriteCloser
	s *socket
	n int
}

func (w *patientWriter) Write(b []byte) (int, error) {
	if w.n += len(b); w.n >= 1<<20 {
		w.n = 0
		w.s.c.SetWriteDeadline(time.Now().Add(w.s.write))
	}
	return w.WriteCloser.Write(b)
}

func (s *socket) ping() error {
	return s.c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
}

// bye sends a close frame; nothing can be sent after it.
func (s *socket) bye(code int, reason string) {
	const most = 123 // octets of a reason, RFC 6455 §5.5
	if len(reason) > most {
		reason = reason[:most]
	}
	s.c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
}

// drain throws away what a peer still sends, for a while: closing a connection
// with unread octets resets it, and the peer might never see the close frame.
func (s *socket) drain(d time.Duration) {
	n := s.c.NetConn()
	if t, ok := n.(interface{ CloseWrite() error }); ok {
		t.CloseWrite()
	}
	n.SetReadDeadline(time.Now().Add(d))
	io.Copy(io.Discard, n)
}

func (s *socket) close() { s.c.Close() }

// printable keeps what may stand in a header or a log line.
func printable(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

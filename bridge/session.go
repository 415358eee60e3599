package bridge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/peer"
	"tanba/protocol"
)

// session is one WebSocket. Its reader takes messages off the wire, answers
// heartbeats and notices when the page leaves; its worker carries the requests
// out, one after another, and writes one frame for each.
type session struct {
	s      *Server
	ws     *socket
	id     uint64
	origin origin
	owner  peer.Process
	under  syscall.Conn // the TCP connection, nil when it is something else

	ctx    context.Context // ends when the page leaves or the bridge stops
	cancel context.CancelFunc

	waiting chan *message // read, carried out by nobody yet
	writing sync.Mutex
	locale  string   // set by SetLocale, used by the worker only
	current *message // being carried out, used by the worker only

	busy atomic.Int32 // requests in flight
	last atomic.Int64 // Unix nanoseconds of the last message

	identify sync.Once
	asker    consent.Asker
}

var sessionID atomic.Uint64

// upgrade turns a request into a session and serves it until it ends.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	from, err := s.origins.of(r.Header)
	if err != nil {
		s.stats.BadOrigin.Add(1)
		s.o.Log.Info("socket refused", "reason", "origin", "origin", printable(r.Header.Get("Origin")))
		text(w, http.StatusForbidden, "Forbidden: origin not admitted\n")
		return
	}
	if fault := handshakeFault(r.Header); fault != "" {
		text(w, http.StatusBadRequest, fault)
		return
	}
	// Before the answer: who sees the socket open may ask about it at once.
	s.arrived.note(r, from)
	ws, err := openSocket(w, r, s.o.Limits, func(r *http.Request) bool {
		_, err := s.origins.of(r.Header)
		return err == nil
	})
	if err != nil {
		s.o.Log.Debug("handshake failed", "error", err)
		return
	}
	c := &session{
		s: s, ws: ws, id: sessionID.Add(1), origin: from,
		waiting: make(chan *message, s.o.Limits.InFlight-1),
	}
	c.ctx, c.cancel = context.WithCancel(s.stopping)
	if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		if below := sniffedOf(conn); below != nil {
			c.owner = below.owner
			c.under, _ = below.Conn.(syscall.Conn)
		}
	}
	s.stats.Handshakes.Add(1)
	c.serve()
}

func (c *session) serve() {
	c.touch()
	defer c.cancel()
	defer c.ws.close()
	if !c.s.sessions.add(c) {
		c.ws.bye(closeGoingAway, "")
		return
	}
	defer c.s.sessions.remove(c)
	if c.send([]byte(protocol.Greeting)) != nil {
		return
	}
	ping := c.pinging()
	defer ping()

	worked := make(chan struct{})
	go func() {
		defer close(worked)
		// A look at a message after its release must cost that request, not
		// the bridge.
		debug.SetPanicOnFault(true)
		for m := range c.waiting {
			c.handle(m)
			c.busy.Add(-1)
		}
	}()
	code, reason := c.read()
	close(c.waiting)
	if !c.s.stoppingNow() {
		c.cancel() // the page is gone, and with it the wish
	}
	if code != 0 {
		c.ws.bye(code, reason)
	}
	<-worked
	switch {
	case code != 0:
		c.ws.drain(5 * time.Second)
	case c.s.stoppingNow():
		c.ws.bye(closeGoingAway, "")
		c.ws.drain(time.Second)
	}
}

// read takes messages off the wire until there are no more. A code other than 0
// is for the close frame.
func (c *session) read() (code int, reason string) {
	limits := c.s.o.Limits
	for {
		r, err := c.ws.next()
		if errors.Is(err, errBinary) {
			return closeUnsupported, "text frames only"
		}
		if err != nil {
			return 0, ""
		}
		m, err := readMessage(r, c.s.budget, limits, c.known, c.arriving)
		var big *tooBig
		switch {
		case errors.As(err, &big):
			c.s.stats.TooBig.Add(1)
			c.s.o.Log.Info("message refused", "origin", c.origin.raw, "reason", big.reason)
			return closeTooBig, big.reason
		case errors.Is(err, errNotText):
			return closeBadText, "not UTF-8"
		case err != nil:
			return 0, ""
		}
		c.touch()
		if string(m.data) == protocol.Heartbeat {
			m.release()
			if c.send([]byte(protocol.Heartbeat)) != nil {
				return 0, ""
			}
			continue
		}
		c.busy.Add(1)
		if !c.enqueue(m) {
			c.busy.Add(-1)
			m.release()
			return 0, ""
		}
	}
}

// arriving reads a long request while it comes. Documents of origins that the
// person has permitted are hashed at the same time; others must not make us work.
func (c *session) arriving(m *message, a *assembler) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			c.s.panicked(v)
			m.call, m.failed = nil, true
		}
	}()
	var follower protocol.Follower
	if !m.stranger {
		m.ahead = newAhead(c.s, m)
		follower = m.ahead
		defer m.ahead.complete()
	}
	m.call = protocol.DecodeArriving(a, follower)
}

// known tells whether the person has permitted this origin before.
func (c *session) known() bool { return c.s.o.Desk.Known(c.who()) }

// enqueue waits for a place behind the requests in flight. Meanwhile the socket
// is not read, so that the sender feels it, but its end is still noticed.
func (c *session) enqueue(m *message) bool {
	select {
	case c.waiting <- m:
		return true
	default:
	}
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case c.waiting <- m:
			return true
		case <-c.ctx.Done():
			if !c.s.stoppingNow() {
				return false
			}
			// It has been read, so it gets its answer; the worker is
			// cancelling its way through the queue.
			select {
			case c.waiting <- m:
				return true
			case <-time.After(c.s.o.Limits.Grace):
				return false
			}
		case <-look.C:
			if c.under != nil && hungUp(c.under) {
				return false
			}
		}
	}
}

// who is the asker as the consent desk knows it. A local program is looked up
// once, when it first asks for something.
func (c *session) who() consent.Asker {
	c.identify.Do(func() {
		c.asker = consent.Asker{
			Origin: c.origin.raw, Local: c.origin.kind == localProgram,
			UID: c.owner.UID, PID: c.owner.PID, Connection: c.id,
		}
		if c.asker.Local {
			p := peer.Identify(c.owner)
			c.asker.PID, c.asker.Executable = p.PID, p.Executable
			if sum, err := peer.ImageSHA256(p); err == nil {
				c.asker.SHA256 = sum
			} else {
				c.s.o.Log.Debug("the executable of a program is not known", "error", err)
			}
		}
	})
	return c.asker
}

// send writes one frame. A peer that does not take it is gone.
func (c *session) send(frame []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.sent(c.ws.send(frame))
}

// stream writes one message of which write makes the pieces, and returns its
// length. Nothing can be said any more when write fails half-way, so that ends
// the session.
func (c *session) stream(write func(io.Writer) (int64, error)) (n int64, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	defer func() {
		if v := recover(); v != nil {
			c.s.panicked(v)
			err = c.sent(errPanicked)
		}
	}()
	w, err := c.ws.writer()
	if err != nil {
		return 0, c.sent(err)
	}
	if n, err = write(w); err == nil {
		err = w.Close()
	}
	return n, c.sent(err)
}

// sent ends the session on an error of writing.
func (c *session) sent(err error) error {
	if err != nil {
		c.cancel()
		c.ws.close()
	}
	return err
}

func (c *session) touch() { c.last.Store(c.s.o.Now().UnixNano()) }

// idleSince returns when the session last had something to do, or false while
// it has.
func (c *session) idleSince() (time.Time, bool) {
	return time.Unix(0, c.last.Load()), c.busy.Load() == 0
}

// pinging asks the peer for a sign of life now and then, without a goroutine of
// its own. The function it returns ends it.
func (c *session) pinging() func() {
	var mu sync.Mutex
	stopped := false
	var t *time.Timer
	mu.Lock()
	defer mu.Unlock()
	t = time.AfterFunc(c.s.o.Limits.Ping, func() {
		c.ws.ping()
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			t.Reset(c.s.o.Limits.Ping)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		t.Stop()
	}
}

package bridge

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server is one bridge. New makes it, Listen binds the port, Serve works until
// its context ends or Shutdown is called.
type Server struct {
	o        Options
	listener net.Listener
	gate     *gate
	http     *http.Server
	hosts    hostGate
	origins  originGate
	sessions *registry
	budget   *budget
	stats    Stats
	curious  curious
	arrived  diagnoses
	second   *multisign // nil unless Options.Multisign

	stopping context.Context // ends when the bridge is asked to stop
	stop     context.CancelFunc
	stopped  sync.Once
	down     chan struct{} // closed when Shutdown is through
	downed   sync.Once
	openFile opener
}

// Stats counts what the bridge turned away. Read it with Server.Counters.
type Stats struct {
	OtherUser  atomic.Int64 // connections of another user, or of nobody we can name
	Plain      atomic.Int64 // plain HTTP while it is off
	BadHost    atomic.Int64
	BadOrigin  atomic.Int64
	TooBig     atomic.Int64
	Panics     atomic.Int64
	NoRequest  atomic.Int64 // TLS handshake, then closed without a request: a browser's Local Network Access block looks like this
	Crowded    atomic.Int64 // idle sockets closed to make room
	Handshakes atomic.Int64 // sockets opened
}

// New checks the options; nothing is bound yet.
func New(o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	s := &Server{
		o:        o,
		origins:  originGate{developer: o.DeveloperMode},
		sessions: newRegistry(o.Limits, o.Now),
		budget:   newBudget(o.Limits),
		openFile: openRegular,
		down:     make(chan struct{}),
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: o.Limits.Header,
		ReadTimeout:       o.Limits.Handshake,
		WriteTimeout:      o.Limits.Handshake,
		IdleTimeout:       o.Limits.Header,
		MaxHeaderBytes:    64 << 10,
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no h2
		ConnState:         s.watchState,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		ConnContext:       connContext,
	}
	if o.Multisign != "" {
		s.second = newMultisign(s)
	}
	return s, nil
}

// Counters returns the live counters.
func (s *Server) Counters() *Stats { return &s.stats }

// Listen binds the address. A port that is taken gives a *PortTaken. What came
// of the port of Options.Multisign is told by Multisign.
func (s *Server) Listen() (net.Addr, error) {
	l, err := listen(s.o.Addr)
	if err != nil {
		return nil, err
	}
	s.listener = l
	s.hosts = newHostGate(l.Addr().(*net.TCPAddr).Port)
	if s.second != nil {
		s.second.listen(s.o.Multisign)
	}
	return l.Addr(), nil
}

// Serve accepts connections until ctx ends or Shutdown is called, then returns
// nil once every session is closed. When ctx ends it shuts down by itself
// within Limits.Grace.
func (s *Server) Serve(ctx context.Context) error {
	if s.listener == nil {
		return errors.New("bridge: Serve before Listen")
	}
	s.gate = newGate(s, s.listener, s.o.PlainWS)
	ended := make(chan error, 1)
	go func() { ended <- s.http.Serve(s.gate) }()
	go s.gate.run()
	if s.second != nil {
		s.second.serve()
	}
	select {
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.Background(), s.o.Limits.Grace)
		defer cancel()
		return s.Shutdown(grace)
	case <-s.stopping.Done():
		<-s.down
		return nil
	case err := <-ended:
		if s.stoppingNow() {
			<-s.down
			return nil
		}
		s.stop()
		return err
	}
}

// Shutdown stops accepting, answers every open and waiting request as
// cancelled in its family's form, closes the windows and sends close frames. It
// returns when all sessions are gone, or closes what is left and returns ctx's
// error when ctx ends first.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopped.Do(func() {
		s.stop()
		if s.listener != nil {
			s.listener.Close()
		}
		s.sessions.stopReading()
	})
	if s.second != nil {
		s.second.shutdown(ctx)
	}
	err := s.sessions.wait(ctx)
	if err != nil {
		s.sessions.closeAll()
	}
	s.http.Close()
	s.downed.Do(func() { close(s.down) })
	return err
}

// watchState counts handshakes that never became a request.
func (s *Server) watchState(c net.Conn, state http.ConnState) {
	t, ok := c.(*tls.Conn)
	if !ok {
		return
	}
	tracked, ok := t.NetConn().(*sniffed)
	if !ok {
		return
	}
	switch state {
	case http.StateActive, http.StateHijacked:
		tracked.requested.Store(true)
	case http.StateClosed:
		if !tracked.requested.Load() && t.ConnectionState().HandshakeComplete {
			s.stats.NoRequest.Add(1)
			s.o.Log.Debug("handshake without request")
		}
	}
}

type connKey struct{}

// connContext lets a handler find the connection it is served on.
func connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

func (s *Server) stoppingNow() bool { return s.stopping.Err() != nil }

func (s *Server) since(t time.Time) time.Duration { return s.o.Now().Sub(t) }

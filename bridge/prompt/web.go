package prompt

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Opener shows a page to the person. closed is closed when the window is known
// to be gone and is nil when that cannot be known (a tab of the person's own
// browser). The end of ctx closes the window as far as that is possible.
type Opener func(ctx context.Context, url string) (closed <-chan struct{}, err error)

// WebOptions say how Web works. Open is required.
type WebOptions struct {
	Open Opener
	// Peer refuses a connection that does not come from the person's own
	// processes (security.md T5, T11); nil = every local connection.
	Peer func(net.Conn) error
	Now  func() time.Time // nil = time.Now
	Rand io.Reader        // nil = crypto/rand
	Log  *slog.Logger     // nil = none
	// Language is the first language of the page when a request names none.
	Language string

	// Remind tells the person that a window waits which is not in front of
	// them, and returns what takes that back; nil = nobody is told. It is
	// called at most three times for a request (security.md §13).
	Remind func(r *Request) (withdraw func())
	// Patience is how long a window waits before the first reminder, Again how
	// long before each further one. Zero values: 10 s, 30 s.
	Patience, Again time.Duration

	// OpenFile opens a copy of a document in the person's own viewer; nil = none
	// is opened. Copies is the folder for them, of ours alone, emptied by
	// NewWeb; "" = that of the system.
	OpenFile func(path string) error
	Copies   string

	// Load is how long the browser may take to show the page, Gone how long
	// a page may be silent before it counts as closed, Breath how long the
	// page says "done". Zero values: 60 s, 3 s, 1.2 s.
	Load, Gone, Breath time.Duration
}

// NewWeb asks in a page of its own, shown in an app window or a browser. The
// page is served for one request on a random port of 127.0.0.1 and is hardened
// as security.md §8.2 demands; its texts and scripts are in bridge/web.
func NewWeb(o WebOptions) Prompter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Load = cmp.Or(o.Load, time.Minute)
	o.Patience = cmp.Or(o.Patience, 10*time.Second)
	o.Again = cmp.Or(o.Again, 30*time.Second)
	o.Gone = cmp.Or(o.Gone, 3*time.Second)
	o.Breath = cmp.Or(o.Breath, 1200*time.Millisecond)
	if o.Copies != "" {
		_ = os.RemoveAll(o.Copies) // what a crash left behind; at worst it stays
	}
	return &webPrompter{o}
}

type webPrompter struct{ o WebOptions }

func (w *webPrompter) Approve(ctx context.Context, r *Request) (Decision, error) {
	d, err := w.approve(ctx, r)
	if errors.Is(err, ErrUnavailable) {
		w.o.Log.Warn("prompt: no window, asking otherwise", "error", err)
	}
	return d, err
}

func (w *webPrompter) approve(ctx context.Context, r *Request) (Decision, error) {
	if ctx.Err() != nil {
		return Decision{}, ErrCancelled
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return Decision{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	s, err := newSession(w.o, r, l.Addr().(*net.TCPAddr).Port)
	if err != nil {
		l.Close()
		return Decision{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	// The window outlives ctx while the work is done; close ends all of it.
	window, closeWindow := context.WithCancel(context.WithoutCancel(ctx))
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(w.o.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return window },
	}
	go s.watchTokens(window)
	go s.remind()
	go server.Serve(&ownPeers{l, w.o.Peer, w.o.Log})
	end := sync.OnceFunc(func() {
		s.leave()
		closeWindow()
		server.Close()
		s.copies.Wait()
		s.removeCopies()
	})
	defer s.copies.Wait() // the octets are ours until Approve returns

	url := fmt.Sprintf("http://127.0.0.1:%d/#%s", s.port, base64.RawURLEncoding.EncodeToString(s.token))
	closed, err := w.o.Open(window, url)
	if err != nil {
		end()
		return Decision{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	load := time.NewTimer(w.o.Load)
	defer load.Stop()
	for {
		select {
		case <-s.decided:
			if d, ok := s.decision(); ok {
				d.Progress = s
				go s.linger(closed, end)
				return d, nil
			}
			end()
			return Decision{}, s.refusal()
		case <-closed:
			seen := s.exchanged()
			end()
			if !seen {
				return Decision{}, fmt.Errorf("%w: the browser ended before it showed the page", ErrUnavailable)
			}
			return Decision{}, ErrCancelled
		case <-load.C:
			if s.exchanged() {
				continue
			}
			end()
			return Decision{}, fmt.Errorf("%w: no browser showed the page", ErrUnavailable)
		case <-ctx.Done():
			end()
			return Decision{}, ErrCancelled
		}
	}
}

// linger keeps the window until the work is done and the person has seen how it
// ended.
func (s *session) linger(closed <-chan struct{}, end func()) {
	defer end()
	select {
	case <-s.finished:
	case <-closed:
		s.abandoned()
		return
	case <-s.left: // a tab of the person's own browser
		s.abandoned()
		return
	}
	// The page closes itself after a breath; a failure stays until it is read.
	stay := time.Duration(s.breaths())*s.o.Breath + s.o.Gone
	if s.failure() != "" {
		stay = 10 * time.Minute
	}
	select {
	case <-closed:
	case <-s.left:
	case <-time.After(stay):
	}
}

// abandoned: whoever closes the window on work means Stop.
func (s *session) abandoned() {
	s.stop()
	<-s.finished
}

// ownPeers is a listener that drops connections of other people's processes.
type ownPeers struct {
	net.Listener
	check func(net.Conn) error
	log   *slog.Logger
}

func (l *ownPeers) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || l.check == nil {
			return c, err
		}
		if err := l.check(c); err == nil {
			return c, nil
		} else {
			l.log.Warn("prompt: a connection to the window was refused", "error", err)
		}
		c.Close()
	}
}

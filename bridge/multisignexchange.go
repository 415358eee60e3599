package bridge

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// exchange is one request of the streaming interface and its answer. As an
// io.Reader it is the body, as an io.Writer the rest of an answer: both want to
// move on within the limits, and both end when the operation does.
type exchange struct {
	s       *Server
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	from    origin
	started time.Time
	method  string // for the log

	status  int
	in, out int64
	credit  int   // octets read since the deadline was put off
	failed  error // what ended the body, unless it was its end
	rest    bool  // of the body is to be thrown away

	mu     sync.Mutex
	halted bool
	closed bool // the answer is decided: halt comes too late
}

var errHalted = errors.New("bridge: the operation is over")

func newExchange(s *Server, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{s: s, w: w, r: r, control: http.NewResponseController(w), started: s.o.Now(), method: "multisign " + r.Method}
	// An answer need not wait for the whole of a large document.
	x.control.EnableFullDuplex()
	x.patience()
	return x
}

// patience gives the next octets of the body their time.
func (x *exchange) patience() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.halted {
		x.credit = 0
		x.control.SetReadDeadline(time.Now().Add(x.s.o.Limits.Stall))
	}
}

// halt makes the body end at once with errHalted. An answer that is still being
// made is given up as well: it is the beginning of a signature. The connection
// does not survive that; a whole answer is left alone.
func (x *exchange) halt() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return
	}
	x.halted = true
	x.control.SetReadDeadline(time.Unix(1, 0))
	if x.status != 0 {
		x.control.SetWriteDeadline(time.Unix(1, 0))
	}
}

func (x *exchange) over() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.halted
}

// Read takes from the body.
func (x *exchange) Read(b []byte) (int, error) {
	n, err := x.r.Body.Read(b)
	x.in += int64(n)
	if x.over() {
		n, err = 0, errHalted
	}
	if err != nil && !errors.Is(err, io.EOF) {
		x.failed = err
		return n, err
	}
	if x.credit += n; x.credit >= 64<<10 {
		x.patience()
	}
	return n, err
}

// promise begins a successful answer of which Write sends the rest.
func (x *exchange) promise(contentType string) error {
	x.w.Header().Set("Content-Type", contentType)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.halted {
		return errHalted
	}
	x.status = http.StatusOK
	return nil
}

// Write sends what was promised.
func (x *exchange) Write(b []byte) (int, error) {
	x.mu.Lock()
	if x.halted {
		x.mu.Unlock()
		return 0, errHalted
	}
	x.control.SetWriteDeadline(time.Now().Add(x.s.o.Limits.Write))
	x.mu.Unlock()
	n, err := x.w.Write(b)
	x.out += int64(n)
	return n, err
}

// reply is a whole answer.
func (x *exchange) reply(status int, contentType string, body []byte) {
	h := x.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.mu.Lock()
	x.status, x.closed = status, true
	x.control.SetWriteDeadline(time.Now().Add(x.s.o.Limits.Write))
	x.mu.Unlock()
	x.w.WriteHeader(status)
	n, err := x.w.Write(body)
	x.out += int64(n)
	if err == nil {
		x.control.Flush()
	}
}

// refuse answers without having taken the body, or all of it.
//
// The answer goes out at once, but browsers look for it only when they have sent
// everything, and a connection closed under their hands is for them a broken
// network and not an answer. So the rest is thrown away, for a while.
func (x *exchange) refuse(status int, reason string) {
	x.reply(status, "text/plain; charset=utf-8", []byte(reason+"\n"))
	// A page that expects 100-continue waits for our leave to send.
	x.rest = x.in > 0 || x.r.Header.Get("Expect") == ""
}

// drain throws the rest of a refused body away. By then nobody waits for the
// request any more.
func (x *exchange) drain() {
	x.control.SetReadDeadline(time.Now().Add(x.s.o.Limits.Write))
	defer context.AfterFunc(x.s.stopping, func() { x.control.SetReadDeadline(time.Unix(1, 0)) })()
	io.Copy(io.Discard, x.r.Body)
}

// abort breaks an answer off, in such a way that nobody takes it for whole.
func (x *exchange) abort() { panic(http.ErrAbortHandler) }

// recovered is deferred: a fault of ours costs this request its result, not the
// bridge.
func (x *exchange) recovered() {
	v := recover()
	switch {
	case v == nil:
	case v == http.ErrAbortHandler:
		panic(v)
	default:
		x.s.panicked(v)
		if x.status != 0 {
			x.abort()
		}
		x.refuse(http.StatusInternalServerError, "internal error")
	}
}

// end lets go of the connection and writes the log.
func (x *exchange) end() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	if x.rest {
		x.drain()
	}
	level := slog.LevelInfo
	if x.r.Method != http.MethodPost {
		level = slog.LevelDebug // the probe of each page that connects
	}
	x.s.o.Log.Log(context.Background(), level, "request", "method", x.method, "origin", x.from.raw,
		"ms", x.s.since(x.started).Milliseconds(), "status", x.status, "in", x.in, "out", x.out)
}

// stalled: the sender stopped in the middle.
func stalled(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"tanba/bridge/prompt"
	"tanba/protocol"
)

// Outcomes of a request, for the log.
const (
	outcomeDone      = "done"
	outcomeImmediate = "immediate" // answered without asking: a fault of the request, mostly
	outcomeSilent    = "silent"
	outcomeCancelled = "cancelled"
	outcomeFailed    = "failed"
	outcomePanic     = "panic"
)

var errInternal = errors.New("bridge: internal error")

// handle carries one request out and sends its one reply.
func (c *session) handle(m *message) {
	size := int64(len(m.data))
	c.current = m
	replied := c.carryOut(m)
	c.current = nil
	m.ahead.stop()
	m.release()
	if size+replied >= large {
		// The next such document must not find this one still in memory,
		// nor should a bridge at rest hold on to it.
		debug.FreeOSMemory()
	}
}

// large is when memory is given back to the system at once.
const large = 16 << 20

// carryOut returns the length of the reply.
func (c *session) carryOut(m *message) int64 {
	started, size := c.s.o.Now(), len(m.data)
	if c.ctx.Err() != nil && !c.s.stoppingNow() {
		return 0 // the page has left; nobody reads the answer
	}
	call, reply, outcome := c.answer(m)
	n, err := c.reply(reply)
	if err != nil {
		outcome = "unread"
	}
	c.touch()
	if call != nil && call.Unknown() && c.s.o.UnknownModule != nil {
		c.s.o.UnknownModule(call.Module, c.origin.raw)
	}
	method := "?"
	if call != nil {
		method = methodName(call)
	}
	level := slog.LevelInfo
	if outcome == outcomeSilent {
		level = slog.LevelDebug // keep-alives of pages
	}
	c.s.o.Log.Log(context.Background(), level, "request", "method", method, "origin", c.origin.raw, "socket", c.id,
		"ms", c.s.since(started).Milliseconds(), "outcome", outcome, "in", size, "out", n)
	return n
}

// reply sends what answer returned.
func (c *session) reply(r reply) (int64, error) {
	switch {
	case r.write != nil:
		return c.stream(r.write)
	case r.frame != nil:
		return int64(len(r.frame)), c.send(r.frame)
	}
	return 0, nil
}

// reply is the one answer to a request: a frame, or what writes a long one. The
// zero value means that nothing is sent.
type reply struct {
	frame []byte
	write func(io.Writer) (int64, error)
}

// whole is up to which length a reply is one frame.
const whole = 1 << 20

// buffers are those of WriteReply.
var buffers sync.Pool

// answer never panics: a fault of ours costs this request its result, not the
// bridge.
func (c *session) answer(m *message) (call *protocol.Call, r reply, outcome string) {
	defer func() {
		if v := recover(); v != nil {
			c.s.panicked(v)
			r, outcome = reply{frame: fault(call)}, outcomePanic
		}
	}()
	if call = m.call; m.failed {
		return nil, reply{frame: fault(nil)}, outcomePanic
	} else if call == nil {
		call = protocol.Decode(m.data)
	}
	if answer, silent, ok := call.Immediate(); ok {
		if silent {
			return call, reply{}, outcomeSilent
		}
		return call, reply{frame: answer}, outcomeImmediate
	}
	if !wantsDigests(call.Op) {
		m.ahead.stop()
	}
	res, err := c.dispatch(call)
	if err == nil && protocol.ReplySize(res) > whole {
		r.write = func(w io.Writer) (int64, error) {
			b, _ := buffers.Get().(*[]byte)
			if b == nil {
				b = new(make([]byte, 0, protocol.Window))
			}
			defer buffers.Put(b)
			return call.WriteReply(w, *b, res, nil)
		}
	} else {
		r.frame = call.Reply(res, err)
	}
	return call, r, outcomeOf(err)
}

// fault is the reply to a call during which we panicked, in its family's form
// when that much is known.
func fault(call *protocol.Call) (frame []byte) {
	// What is answered to an object that cannot be read (protocol.md §2.5).
	const unread = `{"success":false,"code":"COMMON_JSON_WRAPPING_EXCEPTION"}`
	defer func() {
		if recover() != nil {
			frame = []byte(unread)
		}
	}()
	if call == nil {
		return []byte(unread)
	}
	return call.Reply(nil, errInternal)
}

// panicked logs where it happened. The value of a panic may hold content of the
// person, unless the runtime made it.
func (s *Server) panicked(v any) {
	s.stats.Panics.Add(1)
	what := fmt.Sprintf("%T", v)
	if e, ok := v.(runtime.Error); ok {
		what = e.Error()
	}
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	var at []string
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "tanba/") {
			at = append(at, fmt.Sprintf("%s:%d", f.Function, f.Line))
		}
		if !more || len(at) == 8 {
			break
		}
	}
	s.o.Log.Error("panic", "what", what, "at", strings.Join(at, " < "))
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return outcomeDone
	case errors.Is(err, prompt.ErrUnavailable):
		return "nobody to ask" // no display, no browser, no terminal
	case errors.Is(err, protocol.ErrCancelled):
		return outcomeCancelled
	case errors.Is(err, protocol.ErrNoDevice):
		return "no device"
	case errors.Is(err, protocol.ErrFileNotFound):
		return "no file"
	case errors.Is(err, protocol.ErrNotSupported):
		return "not supported"
	}
	return outcomeFailed
}

// methodName is what a page called, if it is a name: the member could hold
// anything, also what must not be in a log.
func methodName(call *protocol.Call) string {
	name := call.Module + "." + call.Method
	if name == "." {
		return "-"
	}
	if len(name) > 80 {
		return "?"
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' {
			return "?"
		}
	}
	return name
}

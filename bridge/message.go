package bridge

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"tanba/protocol"
)

// budget is the memory that messages in flight may take in the whole process:
// from the first octet read until the reply is sent. Origins the person has not
// permitted share a part of it: any page may open sockets and send, and must not
// be able to keep a portal the person works with from being served.
type budget struct {
	limit, strangersLimit int64

	mu              sync.Mutex
	used, strangers int64
}

func newBudget(l Limits) *budget {
	return &budget{limit: l.Budget, strangersLimit: min(l.Budget, max(l.Budget/4, l.FirstMessage))}
}

// take returns 0, or the limit that stands in the way.
func (b *budget) take(n int64, stranger bool) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.used+n > b.limit:
		return b.limit
	case stranger && b.strangers+n > b.strangersLimit:
		return b.strangersLimit
	}
	b.used += n
	if stranger {
		b.strangers += n
	}
	return 0
}

func (b *budget) give(n int64, stranger bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if stranger {
		b.strangers -= n
	}
}

// tooBig is the reason of a close 1009.
type tooBig struct{ reason string }

func (e *tooBig) Error() string { return "bridge: " + e.reason }

// Sizes in the life of a message.
const (
	small = 64 << 10 // up to here it lies in the Go heap, and nobody asks who sends it
	chunk = 1 << 20  // by which a long one grows
)

// message is one text frame and what it takes from the budget.
type message struct {
	data     []byte
	long     *region // where data lies, nil for the Go heap
	budget   *budget
	taken    int64
	stranger bool // taken from the strangers' part

	call   *protocol.Call // decoded while it came
	failed bool           // we panicked then
	ahead  *ahead         // of its documents, nil = not begun

	more atomic.Int32 // holders besides the one who read it
}

// hold keeps the data when others release it. Goroutines that outlive a request,
// because it was cancelled, may still be looking at a document.
func (m *message) hold() {
	if m != nil {
		m.more.Add(1)
	}
}

// release is called once by each holder. The last one gives the memory and the
// budget back; the data is not to be used any more.
func (m *message) release() {
	if m == nil || m.more.Add(-1) >= 0 {
		return
	}
	m.data = nil
	if m.long != nil {
		m.long.free()
		m.long = nil
	}
	m.budget.give(m.taken, m.stranger)
	m.taken = 0
}

// readMessage reads a whole message. known tells whether the person has permitted
// the origin; it is asked once, when the message turns out not to be small. The
// error is errNotText as soon as an octet is not UTF-8.
//
// A message of hundreds of MiB is held once and never moves (region), although
// its length is not known before its end: browsers send it in many frames. It
// is looked at while it comes, when it is in the processor's cache: arriving, if
// not nil, is called once it is known to be long, and may take from a as much as
// it likes of what is still to come. What it has taken it may change.
func readMessage(r io.Reader, b *budget, l Limits, known func() bool, arriving func(m *message, a *assembler)) (*message, error) {
	m := &message{budget: b}
	a := assembler{m: m, r: r, limits: l, known: known}
	a.begin()
	for a.step() {
		if arriving != nil && m.long != nil {
			arriving(m, &a)
			arriving = nil
		}
	}
	if a.err != nil {
		m.ahead.stop()
		m.release()
		return nil, a.err
	}
	m.data = a.in[:a.n:a.n]
	return m, nil
}

var errNotText = errors.New("bridge: not UTF-8")

type assembler struct {
	m      *message
	r      io.Reader
	limits Limits
	known  func() bool
	most   int64  // 0 = not asked yet
	in     []byte // memory there is
	n      int    // octets read
	text   int    // octets of them that are whole characters of UTF-8
	given  int    // octets of them that More has given
	ended  bool
	err    error
}

func (a *assembler) begin() {
	const begin = 4 << 10
	a.in = make([]byte, begin)
	a.err = a.pay()
}

// More makes assembler a protocol.Arrival.
func (a *assembler) More() ([]byte, bool) {
	for a.given == a.text && a.step() {
	}
	if a.err != nil || a.given == a.text {
		return nil, false
	}
	a.given = a.text
	return a.in[:a.text:a.text], true
}

// step reads once. It returns false when there is nothing more to be read.
func (a *assembler) step() bool {
	if a.err == nil && !a.ended && a.n == len(a.in) {
		a.err = a.grow()
	}
	if a.err != nil || a.ended {
		return false
	}
	n, err := a.r.Read(a.in[a.n:])
	a.n += n
	a.ended = errors.Is(err, io.EOF)
	switch {
	case a.most > 0 && int64(a.n) > a.most:
		a.err = &tooBig{fmt.Sprintf("message is over the limit of %d bytes", a.most)}
	case err != nil && !a.ended:
		a.err = err
	case !a.isText():
		a.err = errNotText
	}
	return a.err == nil
}

// isText looks at what came since the last time; a character may be cut at the
// end unless the message is.
func (a *assembler) isText() bool {
	part := a.in[a.text:a.n]
	if !a.ended {
		for k := 1; k <= min(utf8.UTFMax, len(part)); k++ {
			if c := part[len(part)-k]; utf8.RuneStart(c) {
				if c >= utf8.RuneSelf && !utf8.FullRune(part[len(part)-k:]) {
					part = part[:len(part)-k]
				}
				break
			}
		}
	}
	if !utf8.Valid(part) {
		return false
	}
	a.text += len(part)
	return true
}

// grow finds memory for more, having paid for it.
func (a *assembler) grow() error {
	m := a.m
	if m.long == nil && len(a.in) < small {
		grown := make([]byte, 4*len(a.in))
		copy(grown, a.in)
		a.in = grown
		return a.pay()
	}
	first := m.long == nil
	if first {
		a.ask()
		long, err := reserve(a.most + chunk)
		if err != nil {
			return err
		}
		m.long = long
	}
	if err := a.take(int64(len(a.in)) + chunk); err != nil {
		return err
	}
	in, err := m.long.grow(chunk)
	if err != nil {
		return err
	}
	if first {
		copy(in, a.in)
	}
	a.in = in
	return a.pay()
}

// pay pays for the memory there is.
func (a *assembler) pay() error { return a.take(int64(len(a.in))) }

func (a *assembler) take(held int64) error {
	if limit := a.m.budget.take(held-a.m.taken, a.m.stranger); limit > 0 {
		return &tooBig{fmt.Sprintf("messages in flight are over the limit of %d bytes", limit)}
	}
	a.m.taken = held
	return nil
}

// ask learns the limit of the message. What it has cost so far moves to the part
// of the budget it belongs to.
func (a *assembler) ask() {
	a.most = a.limits.Message
	if !a.known() {
		a.most = min(a.limits.FirstMessage, a.limits.Message)
		a.m.budget.give(a.m.taken, false)
		a.m.stranger, a.m.taken = true, 0
	}
}

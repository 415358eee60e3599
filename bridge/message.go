package bridge

import (
	"errors"
	"fmt"
	"io"
	"sync"
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

// A long message is read in chunks.
const (
	chunk = 1 << 20
	small = 64 << 10 // up to here nobody asks who sends it
)

// message is one text frame and what it takes from the budget.
type message struct {
	data     []byte
	budget   *budget
	taken    int64
	stranger bool // taken from the strangers' part
}

// release gives the budget back; the data is not to be used any more.
func (m *message) release() {
	m.budget.give(m.taken, m.stranger)
	m.data, m.taken = nil, 0
}

// readMessage reads a whole message. known tells whether the person has permitted
// the origin; it is asked once, when the message turns out not to be small.
//
// A message of hundreds of MiB is held once. Its length is not known before its
// end (browsers send it in many frames), so it is read into chunks outside the
// Go heap, and each of them is given back to the system as soon as it has been
// copied into its final place.
func readMessage(r io.Reader, b *budget, l Limits, known func() bool) (*message, error) {
	m := &message{budget: b}
	a := assembler{m: m, limits: l, known: known}
	defer a.free()
	if err := a.read(r); err != nil {
		m.release()
		return nil, err
	}
	m.data = a.join()
	return m, nil
}

type assembler struct {
	m      *message
	limits Limits
	known  func() bool
	most   int64 // 0 = not asked yet
	n      int64
	small  []byte   // the message while it fits one chunk
	chunks [][]byte // full but the last
	last   int      // octets in the last chunk
}

func (a *assembler) read(r io.Reader) error {
	const begin = 4 << 10
	a.small = make([]byte, 0, begin)
	for {
		dst, err := a.space()
		if err != nil {
			return err
		}
		n, err := r.Read(dst)
		a.n += int64(n)
		if len(a.chunks) == 0 {
			a.small = a.small[:len(a.small)+n]
		} else {
			a.last += n
		}
		if a.most > 0 && a.n > a.most {
			return &tooBig{fmt.Sprintf("message is over the limit of %d bytes", a.most)}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// space returns where the next octets go, having paid for it.
func (a *assembler) space() ([]byte, error) {
	switch {
	case len(a.chunks) == 0 && len(a.small) < cap(a.small):
	case len(a.chunks) == 0 && cap(a.small) < chunk:
		// Small messages grow as slices do.
		grown := make([]byte, len(a.small), min(4*cap(a.small), chunk))
		copy(grown, a.small)
		a.small = grown
	case len(a.chunks) == 0 || a.last == len(a.chunks[len(a.chunks)-1]):
		c, err := allocChunk()
		if err != nil {
			return nil, err
		}
		a.chunks, a.last = append(a.chunks, c), 0
	}
	if held := a.held(); held > a.m.taken {
		if a.most == 0 && held > small {
			a.ask()
		}
		if limit := a.m.budget.take(held-a.m.taken, a.m.stranger); limit > 0 {
			return nil, &tooBig{fmt.Sprintf("messages in flight are over the limit of %d bytes", limit)}
		}
		a.m.taken = held
	}
	if len(a.chunks) == 0 {
		return a.small[len(a.small):cap(a.small)], nil
	}
	return a.chunks[len(a.chunks)-1][a.last:], nil
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

func (a *assembler) held() int64 { return int64(cap(a.small)) + int64(len(a.chunks))*chunk }

func (a *assembler) join() []byte {
	if len(a.chunks) == 0 {
		return a.small
	}
	out := make([]byte, 0, a.n)
	out = append(out, a.small...)
	a.small = nil
	for i, c := range a.chunks {
		if i == len(a.chunks)-1 {
			c = c[:a.last]
		}
		out = append(out, c...)
		freeChunk(a.chunks[i])
		a.chunks[i] = nil
	}
	a.chunks = nil
	return out
}

func (a *assembler) free() {
	for _, c := range a.chunks {
		freeChunk(c)
	}
	a.chunks = nil
}

package bridge

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// budget is the memory that messages in flight may take in the whole process:
// from the first octet read until the reply is sent.
type budget struct {
	mu    sync.Mutex
	used  int64
	limit int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit {
		return false
	}
	b.used += n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	b.used -= n
	b.mu.Unlock()
}

// tooBig is the reason of a close 1009.
type tooBig struct{ reason string }

func (e *tooBig) Error() string { return "bridge: " + e.reason }

// chunk is how much of a long message is read at once.
const chunk = 4 << 20

// message is one text frame and what it takes from the budget.
type message struct {
	data   []byte
	budget *budget
	taken  int64
}

// release gives the budget back; the data is not to be used any more.
func (m *message) release() {
	m.budget.give(m.taken)
	m.data, m.taken = nil, 0
}

// readMessage reads a whole message. limit is asked when more than first octets
// have come: by then the person may have permitted the origin.
//
// A message of hundreds of MiB is held once. Its length is not known before its
// end (browsers send it in many frames), so it is read into chunks outside the
// Go heap, and each of them is given back to the system as soon as it has been
// copied into its final place.
func readMessage(r io.Reader, b *budget, first int64, limit func() int64) (*message, error) {
	m := &message{budget: b}
	a := assembler{m: m, most: first}
	defer a.free()
	if err := a.read(r, limit); err != nil {
		m.release()
		return nil, err
	}
	m.data = a.join()
	return m, nil
}

type assembler struct {
	m      *message
	most   int64
	asked  bool
	n      int64
	small  []byte   // the message while it fits one chunk
	chunks [][]byte // full but the last
	last   int      // octets in the last chunk
}

func (a *assembler) read(r io.Reader, limit func() int64) error {
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
		if a.n > a.most && !a.asked {
			a.most, a.asked = max(a.most, limit()), true
		}
		if a.n > a.most {
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
		if !a.m.budget.take(held - a.m.taken) {
			return nil, &tooBig{fmt.Sprintf("messages in flight are over the limit of %d bytes", a.m.budget.limit)}
		}
		a.m.taken = held
	}
	if len(a.chunks) == 0 {
		return a.small[len(a.small):cap(a.small)], nil
	}
	return a.chunks[len(a.chunks)-1][a.last:], nil
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

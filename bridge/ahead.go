package bridge

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"tanba/internal/pki"
	"tanba/internal/streebog"
)

// ahead hashes the documents of a request while the person reads the window, so
// that only the signatures are left to be made after the yes. A digest is no
// signature: when the answer is no, it is forgotten.
//
// Which hash will be needed is known with the key; nearly all keys are of the
// family hashed for here. For others the work was in vain.
type ahead struct {
	documents [][]byte
	digests   [][streebog.Size512]byte
	per       int // documents of a part
	parts     []part
	next      atomic.Int64
	enough    atomic.Bool // no new parts are begun
	cancel    context.CancelFunc
}

// part is locked while somebody hashes it.
type part struct {
	mu           sync.Mutex
	done, theirs bool // hashed here; left to who signs
}

// worthHashing is the size of documents from which on it is done ahead.
const worthHashing = 1 << 20

// hashAhead begins; stop must be called.
func (c *session) hashAhead(documents [][]byte, size int64) *ahead {
	n := len(documents)
	if size < worthHashing {
		return nil
	}
	ctx, cancel := context.WithCancel(c.ctx)
	a := &ahead{documents: documents, digests: make([][streebog.Size512]byte, n), per: groupOf(n, c.s.o.Workers, size), cancel: cancel}
	a.parts = make([]part, (n+a.per-1)/a.per)
	for range min(len(a.parts), c.s.o.Workers) {
		m := c.current
		m.hold()
		go func() {
			defer m.release()
			defer func() {
				if v := recover(); v != nil {
					c.s.panicked(v)
				}
			}()
			debug.SetPanicOnFault(true) // see session.serve
			for ctx.Err() == nil && !a.enough.Load() {
				i := int(a.next.Add(1)) - 1
				if i >= len(a.parts) {
					return
				}
				a.hash(ctx, i)
			}
		}()
	}
	return a
}

func (a *ahead) hash(ctx context.Context, i int) {
	p := &a.parts[i]
	p.mu.Lock()
	defer p.mu.Unlock()
	first, last := i*a.per, min((i+1)*a.per, len(a.documents))
	switch {
	case p.theirs:
		return
	case last-first > 1 || len(a.documents[first]) <= worthHashing:
		streebog.Sum512Each(a.digests[first:last], a.documents[first:last])
		p.done = true
		return
	}
	h := streebog.New512()
	for rest := a.documents[first]; len(rest) > 0; {
		if ctx.Err() != nil {
			return
		}
		n := min(len(rest), worthHashing)
		h.Write(rest[:n])
		rest = rest[n:]
	}
	h.Sum(a.digests[first][:0])
	p.done = true
}

// digest returns what is known of document i. It waits for a part that is being
// hashed.
func (a *ahead) digest(i int) []byte {
	p := &a.parts[i/a.per]
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.theirs = true
		return nil
	}
	return a.digests[i][:]
}

// serve says what the digests are for, and returns the function that gives them;
// nil when they are of no use.
func (a *ahead) serve(f pki.Family) func(i int) []byte {
	if a == nil {
		return nil
	}
	a.enough.Store(true)
	if f != pki.GOST512 {
		a.cancel()
		return nil
	}
	return a.digest
}

func (a *ahead) stop() {
	if a != nil {
		a.cancel()
	}
}

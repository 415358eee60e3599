package bridge

import (
	"runtime"
	"runtime/debug"
	"sync"

	"tanba/internal/pki"
	"tanba/internal/streebog"
	"tanba/protocol"
)

// ahead hashes the documents of a request before they are signed: while they
// arrive, and while the person reads the window. Only the signatures are left to
// be made after the yes. A digest is no signature: when the answer is no, it is
// forgotten.
//
// Which hash will be needed is known with the key; nearly all keys are of the
// family hashed for here. For others the work was in vain. Nor is it known of
// every long string of base64 that it is a document; a digest is found by where
// its octets lie.
type ahead struct {
	s *Server
	m *message

	mu       sync.Mutex
	change   sync.Cond // of what follows, for who waits
	parts    []*part
	next     int // part that nobody has begun
	group    [][]byte
	grouped  int   // octets in group
	arriving *part // a long document
	workers  int
	limit    int
	enough   bool // no part is begun any more
	stopped  bool
}

// part is documents that are hashed in one go.
type part struct {
	documents [][]byte // the last one may still be growing
	ended     bool     // not

	mu           sync.Mutex // held while somebody hashes
	done, theirs bool       // hashed here; left to who signs
	digests      [][streebog.Size512]byte
}

const (
	worthHashing = 1 << 20   // octets from which on it is done
	inOnePart    = 256 << 10 // octets after which a part is complete
	documents512 = 64        // documents after which it is
)

func newAhead(s *Server, m *message) *ahead {
	a := &ahead{s: s, m: m, limit: max(1, s.o.Workers-1)}
	a.change.L = &a.mu
	return a
}

// hashAhead begins with documents that are there; stop must be called.
func (c *session) hashAhead(documents [][]byte, size int64) *ahead {
	if size < worthHashing {
		return nil
	}
	a := newAhead(c.s, c.current)
	for _, d := range documents {
		a.Follow(d, true)
	}
	a.complete()
	return a
}

// Follow makes ahead a protocol.Follower.
func (a *ahead) Follow(octets []byte, ended bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.stopped || len(octets) == 0:
	case a.arriving != nil:
		a.arriving.documents[0], a.arriving.ended = octets, ended
		if ended {
			a.arriving = nil
		}
		a.change.Broadcast()
	case len(octets) >= worthHashing:
		p := &part{documents: [][]byte{octets}, ended: ended}
		if !ended {
			a.arriving = p
		}
		a.add(p)
	case ended:
		a.group, a.grouped = append(a.group, octets), a.grouped+len(octets)
		if len(a.group) == documents512 || a.grouped >= inOnePart {
			a.flush()
		}
	}
}

// complete: no more documents come, and nobody needs the core they came by.
func (a *ahead) complete() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = a.s.o.Workers
	a.flush()
}

// flush, add and help are called with the lock held.
func (a *ahead) flush() {
	if len(a.group) > 0 {
		a.add(&part{documents: a.group, ended: true})
		a.group, a.grouped = nil, 0
	}
	a.help()
}

func (a *ahead) add(p *part) {
	a.parts = append(a.parts, p)
	a.help()
}

func (a *ahead) help() {
	for begun := a.next; begun < len(a.parts) && a.workers < a.limit && !a.enough && !a.stopped; begun++ {
		a.workers++
		a.m.hold()
		go a.work()
	}
}

func (a *ahead) work() {
	defer a.m.release()
	defer func() {
		if v := recover(); v != nil {
			a.s.panicked(v)
		}
		a.mu.Lock()
		a.workers--
		a.change.Broadcast()
		a.mu.Unlock()
	}()
	debug.SetPanicOnFault(true) // see session.serve
	for {
		a.mu.Lock()
		if a.next == len(a.parts) || a.enough || a.stopped {
			a.mu.Unlock()
			return
		}
		p := a.parts[a.next]
		a.next++
		a.mu.Unlock()
		a.hash(p)
		runtime.Gosched() // who reads the socket goes first
	}
}

func (a *ahead) hash(p *part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.theirs {
		return
	}
	digests := make([][streebog.Size512]byte, len(p.documents))
	if !a.long(p) {
		streebog.Sum512Each(digests, p.documents)
		p.digests, p.done = digests, true
		return
	}
	h := streebog.New512()
	for at, ended := 0, false; !ended; {
		var octets []byte
		if octets, ended = a.more(p, at); octets == nil {
			return
		}
		h.Write(octets)
		at += len(octets)
	}
	h.Sum(digests[0][:0])
	p.digests, p.done = digests, true
}

func (a *ahead) long(p *part) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(p.documents[0]) >= worthHashing
}

// more waits until there is more of a long document than at octets, and tells
// whether that is all. It returns nil when it is not wanted any more.
func (a *ahead) more(p *part, at int) ([]byte, bool) {
	const most, least = 1 << 20, 64 << 10
	a.mu.Lock()
	defer a.mu.Unlock()
	for !p.ended && len(p.documents[0])-at < least && !a.stopped {
		a.change.Wait()
	}
	if a.stopped {
		return nil, true
	}
	octets := p.documents[0][at:]
	n := min(len(octets), most)
	return octets[:n:n], p.ended && n == len(octets)
}

// Recall makes ahead a protocol.Follower.
func (a *ahead) Recall() {
	a.stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.workers > 0 {
		a.change.Wait()
	}
	a.parts, a.group = nil, nil
}

// serve says what the digests are for, and returns the function that gives that
// of document i if it is known; nil when they are of no use. The function waits
// for a part that is being hashed.
func (a *ahead) serve(f pki.Family, documents [][]byte) func(i int) []byte {
	if a == nil {
		return nil
	}
	if f != pki.GOST512 {
		a.stop()
		return nil
	}
	type place struct {
		part  *part
		index int
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.enough = true
	places := make(map[*byte]place, len(documents))
	for _, p := range a.parts {
		for i := range p.documents {
			places[&p.documents[i][0]] = place{p, i}
		}
	}
	return func(i int) []byte {
		if len(documents[i]) == 0 {
			return nil
		}
		at, ok := places[&documents[i][0]]
		if !ok || len(at.part.documents[at.index]) != len(documents[i]) {
			return nil
		}
		return at.part.digest(at.index)
	}
}

func (p *part) digest(i int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.theirs = true
		return nil
	}
	return p.digests[i][:]
}

// stop may be called at any time and more than once.
func (a *ahead) stop() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	a.change.Broadcast()
}

// digests returns what has been hashed while the documents arrived, or begins
// now. stop must be called.
func (c *session) digests(documents [][]byte, size int64) *ahead {
	if a := c.current.arrived(); a != nil {
		return a
	}
	return c.hashAhead(documents, size)
}

// wantsDigests tells whether an operation makes use of them.
func wantsDigests(op protocol.Operation) bool {
	switch op := op.(type) {
	case protocol.SignCMS:
		return inBulk(op) && !op.Digests
	case protocol.SignRaw:
		return !op.Digests
	}
	return false
}

// arrived returns what has been hashed of a message while it came, or nil.
func (m *message) arrived() *ahead {
	if m == nil || m.ahead == nil {
		return nil
	}
	m.ahead.mu.Lock()
	defer m.ahead.mu.Unlock()
	if m.ahead.stopped || len(m.ahead.parts) == 0 {
		return nil
	}
	return m.ahead
}

package bridge

import (
	"context"
	"sync"
	"time"
)

// registry knows the open sessions.
type registry struct {
	limits Limits
	now    func() time.Time

	mu      sync.Mutex
	all     map[*session]struct{}
	origins map[string]int
	closed  bool
	changed chan struct{} // closed at each removal
}

func newRegistry(l Limits, now func() time.Time) *registry {
	return &registry{limits: l, now: now, all: map[*session]struct{}{}, origins: map[string]int{}, changed: make(chan struct{})}
}

// add takes a session in; false when the bridge is stopping. An origin that has
// too many gives up the one that has been idle longest: some portals open a
// socket for every request and forget it.
func (r *registry) add(c *session) bool {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return false
	}
	var oldest *session
	if r.origins[c.origin.raw] >= r.limits.Sockets {
		oldest = r.oldestIdle(c.origin.raw)
	}
	r.all[c] = struct{}{}
	r.origins[c.origin.raw]++
	r.mu.Unlock()
	if oldest != nil {
		c.s.stats.Crowded.Add(1)
		oldest.evict()
	}
	return true
}

func (r *registry) oldestIdle(origin string) (oldest *session) {
	var since time.Time
	for c := range r.all {
		if c.origin.raw != origin {
			continue
		}
		t, idle := c.idleSince()
		if idle && r.now().Sub(t) >= r.limits.Idle && (oldest == nil || t.Before(since)) {
			oldest, since = c, t
		}
	}
	return oldest
}

func (r *registry) remove(c *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.all[c]; !ok {
		return
	}
	delete(r.all, c)
	if r.origins[c.origin.raw]--; r.origins[c.origin.raw] == 0 {
		delete(r.origins, c.origin.raw)
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// stopReading lets every session answer what it has and end.
func (r *registry) stopReading() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for c := range r.all {
		c.ws.halt()
	}
}

func (r *registry) closeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.all {
		c.cancel()
		c.ws.close()
	}
}

// wait returns nil when no session is left, or ctx's error.
func (r *registry) wait(ctx context.Context) error {
	for {
		r.mu.Lock()
		n, changed := len(r.all), r.changed
		r.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// evict closes an idle session.
func (c *session) evict() {
	c.ws.bye(closeGoingAway, "idle")
	c.ws.halt()
}

package bridge

import (
	"context"
	"time"
)

// Drain lets the bridge come to rest before it is stopped or replaced: sockets
// that ask for nothing are closed with 1001, new ones are turned away in the same
// form, so that their pages connect again later, and what is being answered, also
// by a person, is finished; so are operations of the streaming interface whose
// page is at work. It returns when nothing is open any more, or with ctx's error;
// either way end Serve's context next.
func (s *Server) Drain(ctx context.Context) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		busy := s.sessions.rest()
		if s.second != nil {
			busy += s.second.rest()
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-look.C:
		case <-s.stopping.Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rest turns new sessions away, ends those that are idle and returns how many are
// at work.
func (r *registry) rest() (busy int) {
	r.mu.Lock()
	r.closed = true
	var idle []*session
	for c := range r.all {
		if c.busy.Load() == 0 {
			idle = append(idle, c)
		}
	}
	busy = len(r.all) - len(idle)
	r.mu.Unlock()
	for _, c := range idle {
		c.ws.bye(closeGoingAway, "restart")
		c.ws.halt()
	}
	return busy
}

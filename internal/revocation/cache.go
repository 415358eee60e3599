package revocation

import (
	"context"
	"sync"
	"time"
)

// Bounds of what is remembered.
const (
	maxAnswers = 4096
	// failures are remembered so that a batch does not ask a dead service once
	// for each document.
	keepFailure = 30 * time.Second
	keepAnswer  = 5 * time.Minute
)

// cache remembers answers by certificate, and lets those who ask for the same
// one wait for the first.
type cache struct {
	mu      sync.Mutex
	answers map[string]*answer
}

type answer struct {
	done   chan struct{} // closed when it is there
	status *Status
	err    error
	until  time.Time
}

func (c *cache) get(ctx context.Context, key string, now func() time.Time, ask func() (*Status, error)) (*Status, error) {
	for {
		c.mu.Lock()
		a := c.answers[key]
		if a == nil {
			break
		}
		select {
		case <-a.done:
			if now().Before(a.until) {
				c.mu.Unlock()
				return a.result()
			}
			delete(c.answers, key)
			c.mu.Unlock()
			continue
		default:
		}
		c.mu.Unlock()
		select {
		case <-a.done:
			// Whoever asked may have been called off; then we ask ourselves.
			if a.err == nil || now().Before(a.until) {
				return a.result()
			}
		case <-ctx.Done():
			return nil, ended(ctx)
		}
	}
	if c.answers == nil || len(c.answers) >= maxAnswers {
		c.answers = map[string]*answer{}
	}
	a := &answer{done: make(chan struct{})}
	c.answers[key] = a
	c.mu.Unlock()

	a.status, a.err = ask()
	switch {
	case a.err == nil:
		a.until = now().Add(keepAnswer)
		if next := a.status.NextUpdate; !next.IsZero() && next.Before(a.until) {
			a.until = next
		}
	case ctx.Err() == nil:
		a.until = now().Add(keepFailure)
	}
	close(a.done)
	return a.result()
}

// result is a copy, so that nobody changes what the others get.
func (a *answer) result() (*Status, error) {
	if a.err != nil {
		return nil, a.err
	}
	s := *a.status
	return &s, nil
}

package revocation

import (
	"context"
	"fmt"
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
	// linger is for how long a question goes on when whoever asked is gone. The
	// answer is for the next one: without it each of a thousand requests would
	// wait anew for a service that is slow.
	linger = 15 * time.Second
)

// cache remembers answers by certificate. Those who want the same one wait for one
// question, which is not given up when the first of them leaves.
type cache struct {
	mu      sync.Mutex
	answers map[string]*answer
}

type answer struct {
	done   chan struct{} // closed when it is there
	status *Status
	err    error
	until  time.Time
	fault  any // what a panic said; whoever asked has it, as if it had happened there
}

func (c *cache) get(ctx context.Context, key string, now func() time.Time, ask func(context.Context) (*Status, error)) (*Status, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	a := c.find(ctx, key, now, ask)
	select {
	case <-a.done:
		return a.result()
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// find returns what is remembered or being asked, and begins to ask otherwise.
func (c *cache) find(ctx context.Context, key string, now func() time.Time, ask func(context.Context) (*Status, error)) *answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.answers[key]; a != nil {
		select {
		case <-a.done:
			if now().Before(a.until) {
				return a
			}
		default:
			return a
		}
	}
	if c.answers == nil || len(c.answers) >= maxAnswers {
		c.answers = map[string]*answer{}
	}
	a := &answer{done: make(chan struct{})}
	c.answers[key] = a
	go func() {
		defer close(a.done)
		defer func() { a.fault = recover() }()
		on, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		defer cancel(nil)
		defer context.AfterFunc(ctx, func() { time.AfterFunc(linger, func() { cancel(errNoAnswer) }) })()
		a.status, a.err = ask(on)
		a.until = now().Add(keepFailure)
		if a.err == nil {
			a.until = now().Add(keepAnswer)
			if next := a.status.NextUpdate; !next.IsZero() && next.Before(a.until) {
				a.until = next
			}
		}
	}()
	return a
}

var errNoAnswer = fmt.Errorf("%w: no answer came", ErrUnreachable)

// result is a copy, so that nobody changes what the others get.
func (a *answer) result() (*Status, error) {
	if a.fault != nil {
		panic(a.fault)
	}
	if a.err != nil {
		return nil, a.err
	}
	s := *a.status
	return &s, nil
}

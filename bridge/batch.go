package bridge

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

var (
	errStopped  = errors.New("bridge: the person pressed Stop")
	errPanicked = errors.New("bridge: panic while signing")
)

// batch does a job for documents 0 … n-1 on several goroutines and tells step
// how many are done, a few times a second and at the end. The first error ends
// it; the context of the work ends with it.
//
// When ctx ends, batch returns its cause at once, in the middle of a document
// if need be; finished is closed when the last goroutine has let go of its
// document and of the key. Until then the message is held.
func (c *session) batch(ctx context.Context, n int, j job, step func(done int)) (finished <-chan struct{}, err error) {
	m := c.current
	m.hold()
	ctx, cancel := context.WithCancelCause(ctx)
	var (
		wg         sync.WaitGroup
		next, done atomic.Int64
		report     = reporter{step: step}
	)
	one := func(first, last int) (err error) {
		defer func() {
			if v := recover(); v != nil {
				c.s.panicked(v)
				err = errPanicked
			}
		}()
		if err := j.work(ctx, first, last); err != nil {
			return err
		}
		report.done(int(done.Add(int64(last-first))), n)
		return nil
	}
	for range min((n+j.group-1)/j.group, j.workers) {
		wg.Go(func() {
			debug.SetPanicOnFault(true) // see session.serve
			for ctx.Err() == nil {
				last := int(next.Add(int64(j.group)))
				first := last - j.group
				if first >= n {
					return
				}
				last = min(last, n)
				if err := one(first, last); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	all := make(chan struct{})
	go func() {
		wg.Wait()
		m.release()
		close(all)
	}()
	select {
	case <-all:
	case <-ctx.Done():
	}
	if done.Load() < int64(n) {
		<-ctx.Done()
		err = context.Cause(ctx)
	}
	cancel(nil)
	return all, err
}

// reporter keeps the window from being told of every document of ten thousand.
type reporter struct {
	step func(int)
	mu   sync.Mutex
	told int
	last time.Time
}

func (r *reporter) done(done, n int) {
	switch {
	case r.step == nil:
		return
	case done == n:
		r.mu.Lock()
	case !r.mu.TryLock():
		return // somebody is telling it right now
	}
	defer r.mu.Unlock()
	now := time.Now()
	if done > r.told && (done == n || now.Sub(r.last) >= 50*time.Millisecond) {
		r.told, r.last = done, now
		r.step(done)
	}
}

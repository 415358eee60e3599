package bridge

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

var (
	errStopped  = errors.New("bridge: the person pressed Stop")
	errPanicked = errors.New("bridge: panic while signing")
)

// batch does work(0) … work(n-1) on several goroutines and tells step how many
// are done, a few times a second and at the end. The first error ends it.
//
// When ctx ends, batch returns its cause at once, in the middle of a document
// if need be; finished is closed when the last goroutine has let go of its
// document and of the key.
func (s *Server) batch(ctx context.Context, n int, work func(i int) error, step func(done int)) (finished <-chan struct{}, err error) {
	return s.batchOf(ctx, s.o.Workers, n, func(_ context.Context, i int) error { return work(i) }, step)
}

// batchOf is batch on so many goroutines; ctx of the work ends with the batch.
func (s *Server) batchOf(ctx context.Context, workers, n int, work func(ctx context.Context, i int) error, step func(done int)) (finished <-chan struct{}, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var (
		wg         sync.WaitGroup
		next, done atomic.Int64
		report     = reporter{step: step}
	)
	one := func(i int) (err error) {
		defer func() {
			if v := recover(); v != nil {
				s.panicked(v)
				err = errPanicked
			}
		}()
		return work(ctx, i)
	}
	for range min(n, workers) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := one(i); err != nil {
					cancel(err)
					return
				}
				report.done(int(done.Add(1)), n)
			}
		})
	}
	all := make(chan struct{})
	go func() {
		wg.Wait()
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

package bridge

import (
	"context"
	"sync"

	"tanba/bridge/consent"
)

// retrier is what a prompt.Progress may be besides: it asks the person whether
// to try again what failed, named by one of prompt.Failed…, and returns false
// also when ctx ends or nobody can be asked.
type retrier interface {
	Retry(ctx context.Context, failed string) bool
}

// retryGate asks the person once for all documents that failed in one round: a
// thousand documents that wait for a service out of reach are one question.
type retryGate struct {
	retrier retrier
	mu      sync.Mutex
	round   int
	refused bool
}

type retryKey struct{}

// withRetry lets work done for a grant ask again.
func withRetry(ctx context.Context, g *consent.Grant) context.Context {
	r, ok := g.Progress.(retrier)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, retryKey{}, &retryGate{retrier: r})
}

// retryable runs what may be tried again; try must have no effect when it fails.
// failed says which failure the person is asked about, "" = none.
func retryable(ctx context.Context, try func() error, failed func(error) string) error {
	gate, _ := ctx.Value(retryKey{}).(*retryGate)
	for {
		round := gate.now()
		err := try()
		if err == nil || gate == nil || ctx.Err() != nil {
			return err
		}
		key := failed(err)
		if key == "" || !gate.again(ctx, round, key) {
			return err
		}
	}
}

func (g *retryGate) now() int {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.round
}

// again reports whether what failed in a round is to be tried once more.
func (g *retryGate) again(ctx context.Context, round int, failed string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.refused, ctx.Err() != nil:
		return false
	case round < g.round:
		return true // the person has said so meanwhile
	}
	if g.refused = !g.retrier.Retry(ctx, failed); g.refused {
		return false
	}
	g.round++
	return true
}

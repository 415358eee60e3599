package consent

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Limits of security.md T8.
const (
	queuedPerOrigin = 3
	dismissals      = 2
	coolDown        = 5 * time.Minute
	hour            = time.Hour
)

var errLimit = errors.New("too many questions")

// queue gives turns in the order of asking, one at a time.
type queue struct {
	now       func() time.Time
	perHour   int
	unlimited bool // no person is there to be protected

	mu     sync.Mutex
	line   []*turn // line[0] has the turn, the rest wait
	last   uint64
	shown  []time.Time // within the last hour
	origin map[string]*history
}

// history is what a site did lately.
type history struct {
	dismissed []time.Time // since its last approval
	approved  time.Time
}

// turn is a place in the line. It must be ended.
type turn struct {
	id     string
	origin string
	ready  chan struct{} // closed when it has the turn
	queue  *queue
}

// wait returns when the turn has come; the error wraps protocol.ErrCancelled
// and is errLimit if a limit refused it.
func (q *queue) wait(ctx context.Context, origin string) (*turn, error) {
	t, err := q.join(origin)
	if err != nil {
		return nil, err
	}
	select {
	case <-t.ready:
	case <-ctx.Done():
		q.leave(t)
		return nil, &refusal{context.Cause(ctx)}
	}
	// Others may have been dismissed while this one waited.
	q.mu.Lock()
	err = q.admit(origin)
	if err == nil {
		q.shown = append(q.shown, q.now())
	}
	q.mu.Unlock()
	if err != nil || ctx.Err() != nil {
		q.leave(t)
		if err == nil {
			err = &refusal{context.Cause(ctx)}
		}
		return nil, err
	}
	return t, nil
}

func (q *queue) join(origin string) (*turn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.admit(origin); err != nil {
		return nil, err
	}
	mine := 0
	for i, t := range q.line {
		if i > 0 && t.origin == origin {
			mine++
		}
	}
	if mine >= queuedPerOrigin && !q.unlimited {
		return nil, &refusal{errLimit}
	}
	q.last++
	t := &turn{id: strconv.FormatUint(q.last, 10), origin: origin, ready: make(chan struct{}), queue: q}
	q.line = append(q.line, t)
	if len(q.line) == 1 {
		close(t.ready)
	}
	return t, nil
}

// admit applies the cool-down and the hourly limit.
func (q *queue) admit(origin string) error {
	if q.unlimited {
		return nil
	}
	now := q.now()
	h := q.history(origin)
	h.dismissed = slices.DeleteFunc(h.dismissed, func(t time.Time) bool { return now.Sub(t) >= coolDown })
	if len(h.dismissed) >= dismissals {
		return &refusal{errLimit}
	}
	q.shown = slices.DeleteFunc(q.shown, func(t time.Time) bool { return now.Sub(t) >= hour })
	atWork := !h.approved.IsZero() && now.Sub(h.approved) < hour
	if len(q.shown) >= q.perHour && !atWork {
		return &refusal{errLimit}
	}
	return nil
}

func (q *queue) history(origin string) *history {
	if q.origin == nil {
		q.origin = map[string]*history{}
	}
	h := q.origin[origin]
	if h == nil {
		// Sites that did nothing for an hour need no memory.
		for name, old := range q.origin {
			if len(old.dismissed) == 0 && q.now().Sub(old.approved) >= hour {
				delete(q.origin, name)
			}
		}
		h = &history{}
		q.origin[origin] = h
	}
	return h
}

// approved notes the person's yes: the site is trusted to be at work.
func (t *turn) approved() {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	*t.queue.history(t.origin) = history{approved: t.queue.now()}
}

// dismissed notes a no, a closed window or a time-out, which count against the
// site.
func (t *turn) dismissed() {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	h := t.queue.history(t.origin)
	h.dismissed = append(h.dismissed, t.queue.now())
}

// end gives the turn to the next in line.
func (t *turn) end() { t.queue.leave(t) }

func (q *queue) leave(t *turn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.line, t)
	if i < 0 {
		return
	}
	q.line = slices.Delete(q.line, i, i+1)
	if i == 0 && len(q.line) > 0 {
		close(q.line[0].ready)
	}
}

// waiting is the number of questions behind the visible one.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(0, len(q.line)-1)
}

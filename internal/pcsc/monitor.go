package pcsc

import (
	"bytes"
	"context"
	"sync"
	"time"
)

// linger is how long a Monitor follows the readers for one call of Changed: a
// little longer than a question to the person may stay open.
const linger = 6 * time.Minute

// asking bounds one question to the service. Starting it and its drivers may
// take seconds.
const asking = 5 * time.Second

// Monitor knows which cards are in. It asks when it is asked, and follows the
// readers only after Changed, until six minutes after the last call of it; at
// rest it has no connection, no goroutine and no timer. The zero value is ready.
type Monitor struct {
	// Failed, if set, is told why the service does not answer.
	Failed func(error)
	// Noticed, if set, is called at each change, before the channels of
	// Changed are closed.
	Noticed func()

	once   sync.Once
	asking chan struct{} // one question at a time, however many pages ask

	mu  sync.Mutex
	now *following // nil = nobody wants to know

	// What the tests replace.
	read   func(context.Context) ([]Reader, error)
	follow func(context.Context, func([]Reader, error)) error
	linger time.Duration
}

// following is one run of Follow.
type following struct {
	changed chan struct{} // replaced after each change, guarded by Monitor.mu
	begun   chan struct{} // closed once the state to compare with is known
	until   *time.Timer
	cancel  context.CancelFunc
}

// ATRs returns those of the cards that are in; one without an ATR counts with an
// empty one. The error is that of Readers.
func (m *Monitor) ATRs(ctx context.Context) ([][]byte, error) {
	return m.ask(ctx, asking)
}

// Present reports whether a card is in some reader. A service that does not
// answer at once, because it has to be started, has none.
func (m *Monitor) Present() bool {
	atrs, err := m.ask(context.Background(), glance)
	return err == nil && len(atrs) > 0
}

// glance bounds Present, for which a window waits.
const glance = 300 * time.Millisecond

func (m *Monitor) ask(ctx context.Context, limit time.Duration) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m.once.Do(func() { m.asking = make(chan struct{}, 1) })
	select {
	case m.asking <- struct{}{}:
		defer func() { <-m.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	read := m.read
	if read == nil {
		read = Readers
	}
	readers, err := read(ctx)
	if err != nil {
		m.failed(err)
		return nil, err
	}
	var atrs [][]byte
	for _, r := range readers {
		if r.Present {
			atrs = append(atrs, bytes.Clone(r.ATR))
		}
	}
	return atrs, nil
}

// Changed returns a channel that is closed when a card is next put in or taken
// out, when the service comes or goes, or, with nothing changed, when the
// Monitor stops following. What is asked after Changed returned misses nothing.
func (m *Monitor) Changed() <-chan struct{} {
	m.mu.Lock()
	span := m.linger
	if span == 0 {
		span = linger
	}
	f := m.now
	if f == nil {
		f = m.begin(span)
	}
	f.until.Reset(span)
	changed := f.changed
	m.mu.Unlock()
	select {
	case <-f.begun:
	case <-time.After(beginning):
	}
	return changed
}

// beginning bounds how long Changed waits for the state to compare with.
const beginning = time.Second

func (m *Monitor) begin(span time.Duration) *following {
	ctx, cancel := context.WithCancel(context.Background())
	f := &following{changed: make(chan struct{}), begun: make(chan struct{}), cancel: cancel}
	f.until = time.AfterFunc(span, func() { m.end(f) })
	m.now = f
	run := m.follow
	if run == nil {
		run = Follow
	}
	go func() {
		first := true
		run(ctx, func(_ []Reader, err error) {
			if err != nil {
				m.failed(err)
			}
			if first {
				first = false
				close(f.begun)
				return
			}
			if m.Noticed != nil && ctx.Err() == nil {
				m.Noticed()
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.now == f {
				close(f.changed)
				f.changed = make(chan struct{})
			}
		})
	}()
	return f
}

func (m *Monitor) end(f *following) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now != f {
		return
	}
	m.now = nil
	f.until.Stop()
	f.cancel()
	close(f.changed)
}

// Close stops following.
func (m *Monitor) Close() {
	m.mu.Lock()
	f := m.now
	m.mu.Unlock()
	if f != nil {
		m.end(f)
	}
}

func (m *Monitor) failed(err error) {
	if m.Failed != nil {
		m.Failed(err)
	}
}

package bridge

import (
	"context"
	"sync"
	"testing"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/testpki"
)

// profile is the key of most tests: GOST 512, for logging in and signing.
var profile = testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"}

// clock is a time that moves when told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// prompter hands its windows to the test.
type prompter struct{ windows chan *window }

type window struct {
	request *prompt.Request
	ctx     context.Context
	answer  chan answer
}

type answer struct {
	decision prompt.Decision
	err      error
}

func newPrompter() *prompter { return &prompter{make(chan *window, 16)} }

func (p *prompter) Approve(ctx context.Context, r *prompt.Request) (prompt.Decision, error) {
	w := &window{r, ctx, make(chan answer, 1)}
	p.windows <- w
	select {
	case a := <-w.answer:
		return a.decision, a.err
	case <-ctx.Done():
		return prompt.Decision{}, prompt.ErrCancelled
	}
}

func (p *prompter) window(t testing.TB) *window {
	t.Helper()
	select {
	case w := <-p.windows:
		return w
	case <-time.After(time.Minute):
		t.Fatal("no window within a minute")
		return nil
	}
}

func (w *window) cancel() { w.answer <- answer{err: prompt.ErrCancelled} }

// progress records what a window is told.
type progress struct {
	stop chan struct{}
	once sync.Once

	mu       sync.Mutex
	steps    []int
	finished []string
}

func newProgress() *progress { return &progress{stop: make(chan struct{})} }

func (p *progress) Step(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, n)
}

func (p *progress) Finish(failed string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = append(p.finished, failed)
}

func (p *progress) Stopped() <-chan struct{} { return p.stop }
func (p *progress) press()                   { p.once.Do(func() { close(p.stop) }) }

func (p *progress) end() (steps []int, finished []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]int(nil), p.steps...), append([]string(nil), p.finished...)
}

package prompt

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"tanba/internal/i18n"
)

// unseen is for how long work may go on without a dialog: most of it is over by then.
const unseen = 400 * time.Millisecond

// meter is a dialog that stays while the work is done.
type meter interface {
	step(done int)            // never waits
	stopped() <-chan struct{} // closed when the person pressed Stop or closed it
	end()
}

// dialogProgress shows how far the signing of several documents is, and how it ended,
// if badly. A meter that fails leaves the work alone: only a person stops it.
type dialogProgress struct {
	q       *dialogQuestion
	total   int
	stopped chan struct{}

	mu    sync.Mutex
	meter meter // nil = none is shown
	begin *time.Timer
	done  int
	ended bool
	short *Shortfall
}

func newDialogProgress(q *dialogQuestion) *dialogProgress {
	p := &dialogProgress{q: q, total: max(q.r.Total, len(q.r.Documents)), stopped: make(chan struct{})}
	p.show(unseen)
	return p
}

// show begins to show the work after a while.
func (p *dialogProgress) show(after time.Duration) {
	if p.total < 2 || p.q.window != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin = time.AfterFunc(after, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ended || p.meter != nil {
			return
		}
		q := p.q
		m, err := q.meter(context.Background(), q.tool, dialog{
			kind: stopOnly, title: q.title(), text: harmless(q.r.Site.Name) + ": " + q.t("work.title"), no: q.t("button.stop"),
		}, p.total)
		if err != nil {
			return // the work goes on unseen
		}
		p.meter = m
		m.step(p.done)
		go func() {
			<-m.stopped()
			p.stop(m)
		}()
	})
}

// stop is the person's Stop, unless the meter was taken away by us.
func (p *dialogProgress) stop(m meter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.meter != m {
		return
	}
	p.meter = nil
	m.end()
	select {
	case <-p.stopped:
	default:
		close(p.stopped)
	}
}

// hide takes the meter away.
func (p *dialogProgress) hide() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begin != nil {
		p.begin.Stop()
	}
	if m := p.meter; m != nil {
		p.meter = nil
		m.end()
	}
}

func (p *dialogProgress) Step(done int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = done
	if p.meter != nil {
		p.meter.step(done)
	}
}

func (p *dialogProgress) Stopped() <-chan struct{} { return p.stopped }

func (p *dialogProgress) Finish(failed string) {
	p.mu.Lock()
	p.ended = true
	short := p.short
	p.mu.Unlock()
	p.hide()
	q := p.q
	switch {
	case failed == "":
	case short != nil && short.worthNaming():
		p.later(q.t(failed) + ". " + q.t(failed+".hint") + "\n\n" + q.describeShortfall(short))
	default:
		p.later(q.t(failed) + ". " + q.t(failed+".hint"))
	}
}

// Partly tells which documents failed; Finish shows it.
func (p *dialogProgress) Partly(short Shortfall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.short = &short
}

// Retry asks whether to try again what failed, with the PIN where a token wants it.
func (p *dialogProgress) Retry(ctx context.Context, short Shortfall) bool {
	select {
	case <-p.stopped:
		return false
	default:
	}
	p.hide()
	q := *p.q
	text := q.t(short.reason()) + ". " + q.t(short.again())
	if short.worthNaming() {
		text += "\n\n" + q.describeShortfall(&short)
	}
	if _, err := q.put(ctx, dialog{kind: askConsent, text: text, yes: q.t("button.again"), no: q.t("button.stop")}); err != nil {
		return false
	}
	if short.Unlock != nil {
		r := *q.r
		r.UnlockToken = func(ctx context.Context, _ string, secret []byte, last bool) ([]Key, error) {
			return []Key{}, short.Unlock(ctx, secret, last)
		}
		q.r = &r
		if keys, err := q.openToken(ctx, Token{PIN: short.PIN}); err != nil || keys == nil {
			return false
		}
	}
	p.show(0)
	return true
}

// describeShortfall names what failed: as many documents as a dialog takes.
func (q *dialogQuestion) describeShortfall(short *Shortfall) string {
	const few = 10
	lines := []string{q.t("failed.partly", short.Signed, short.Total) + ". " + i18n.N(q.lang, "retry.failed", len(short.Failed)+short.More)}
	for _, f := range short.Failed[:min(len(short.Failed), few)] {
		line := "• " + q.t("document.numbered", f.Document+1)
		if f.Document < len(q.r.Documents) {
			if name := harmless(q.r.Documents[f.Document].Name); name != "" {
				line += " · " + name
			}
		}
		if short.several() {
			line += ": " + q.t(f.Reason)
		}
		lines = append(lines, line)
	}
	if more := short.More + len(short.Failed) - min(len(short.Failed), few); more > 0 {
		lines = append(lines, i18n.N(q.lang, "retry.more", more))
	}
	if n := short.waiting(); n > 0 {
		lines = append(lines, i18n.N(q.lang, "retry.waiting", n))
	}
	return strings.Join(lines, "\n")
}

// Notice is told beside the work.
func (p *dialogProgress) Notice(key string) { p.later(p.q.t(key)) }

// later shows a sentence nobody waits for.
func (p *dialogProgress) later(text string) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		p.q.tell(ctx, text)
	}()
}

// toolMeter is a dialog of a tool: a bar, or words with a Stop where there is none.
type toolMeter struct {
	total  int
	cancel context.CancelFunc
	latest chan int
	gone   chan struct{}
}

func newMeter(ctx context.Context, t *tool, d dialog, total int) (meter, error) {
	if t.path == theKDialog.path {
		if m, err := newKDEMeter(ctx, t, d, total); err == nil {
			return m, nil
		} // without a bus there is no bar
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd, said := t.command(ctx, d)
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("prompt: %w", err)
	}
	m := &toolMeter{total: total, cancel: cancel, latest: make(chan int, 1), gone: make(chan struct{})}
	go func() {
		defer cancel()
		if _, err := t.verdict(cmd.Wait(), said.String()); err == nil && ctx.Err() == nil {
			close(m.gone) // a button or a closed window: either is a Stop
		}
	}()
	go func() {
		for {
			select {
			case done := <-m.latest:
				if !t.percent {
					continue
				}
				// A hundred would close it; the work says itself when it is over.
				fmt.Fprintf(in, "%d\n# %s\n", min(99, done*100/max(1, total)), fmt.Sprintf("%d / %d", done, total))
			case <-ctx.Done():
				in.Close()
				return
			}
		}
	}()
	return m, nil
}

func (m *toolMeter) step(done int) {
	select {
	case <-m.latest: // what was not shown yet is old
	default:
	}
	select {
	case m.latest <- done:
	default:
	}
}

func (m *toolMeter) stopped() <-chan struct{} { return m.gone }

func (m *toolMeter) end() { m.cancel() }

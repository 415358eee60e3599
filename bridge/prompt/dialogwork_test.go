//go:build !windows

package prompt

import (
	"context"
	"strings"
	"testing"
	"time"

	"tanba/internal/i18n"
)

const patience = time.Minute

// await waits for what comes.
func await[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("%s does not come", what)
	}
	return v
}

// working is the work after a yes in dialogs, for some documents; told are the texts
// shown meanwhile.
func working(total int, answers ...bool) (p *dialogProgress, d *desktop, told chan dialog) {
	d, told = &desktop{meters: make(chan *bar, 9)}, make(chan dialog, 9)
	prompter := d.prompter()
	prompter.run = func(_ context.Context, _ *tool, q dialog) ([]byte, bool, error) {
		told <- q
		if q.kind == tellOnly {
			return nil, true, nil
		}
		if len(answers) == 0 {
			return nil, false, nil
		}
		yes := answers[0]
		answers = answers[1:]
		return []byte("24681357"), yes, nil
	}
	r := minimal()
	r.Total = total
	return newDialogProgress(&dialogQuestion{dialogs: prompter, tool: prompter.find(), r: r, lang: "en"}), d, told
}

// What is told when the work is over is told, and nobody waits for it.
func TestDialogProgress(t *testing.T) {
	p, _, told := working(1)
	p.Finish("")
	p.Finish(FailedTimestamp)
	if got := await(t, told, "a failure").text; !strings.Contains(got, i18n.T("en", FailedTimestamp)) {
		t.Fatalf("%q", got)
	}
	p.Notice(unknownRevocation)
	if got := await(t, told, "a notice").text; !strings.Contains(got, i18n.T("en", unknownRevocation)) {
		t.Error(got)
	}
}

// Stop stops, the end of the work takes the meter away and is no Stop.
func TestDialogStop(t *testing.T) {
	p, d, _ := working(500)
	p.Step(7)
	b := await(t, d.meters, "a meter")
	for await(t, b.steps, "a step") != 7 {
	}
	close(b.gone)
	await(t, p.Stopped(), "Stop")
	await(t, b.ended, "the end of the meter")
	p.Step(8)
	p.Finish(FailedStopped)

	p, d, _ = working(500)
	b = await(t, d.meters, "a meter")
	p.Finish("")
	await(t, b.ended, "the end of the meter")
	close(b.gone)
	select {
	case <-p.Stopped():
		t.Error("the end of the work reads as Stop")
	case <-time.After(50 * time.Millisecond):
	}
}

// A batch that fails in the middle names its documents and asks whether to try them
// again, with the PIN where the token forgot it.
func TestDialogRetry(t *testing.T) {
	short := Shortfall{Failed: []Failure{{0, FailedTokenGone}, {4, FailedTokenGone}}, Signed: 490, Total: 500, More: 1}
	for _, c := range []struct {
		name    string
		unlock  bool
		answers []bool
		want    bool
	}{
		{"again", false, []bool{true}, true},
		{"enough", false, []bool{false}, false},
		{"again with the PIN", true, []bool{true, true}, true},
		{"no PIN", true, []bool{true, false}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, d, told := working(500, c.answers...)
			b := await(t, d.meters, "a meter")
			s := short
			tried := ""
			if c.unlock {
				s.PIN = PIN{Left: -1}
				s.Unlock = func(_ context.Context, secret []byte, _ bool) error { tried = string(secret); return nil }
			}
			if got := p.Retry(t.Context(), s); got != c.want {
				t.Errorf("%t", got)
			}
			await(t, b.ended, "the end of the first meter")
			text := (<-told).text
			for _, says := range []string{i18n.T("en", FailedTokenGone), i18n.T("en", "failed.partly", 490, 500), i18n.T("en", "document.numbered", 5)} {
				if !strings.Contains(text, says) {
					t.Errorf("%q is not in %q", says, text)
				}
			}
			if c.want {
				await(t, d.meters, "the meter of the second round")
			}
			if c.unlock && c.want && tried != "24681357" {
				t.Errorf("tried %q", tried)
			}
			p.Partly(short)
			p.Finish(FailedTokenGone)
			for q := range told {
				if q.kind == tellOnly {
					if !strings.Contains(q.text, i18n.T("en", "failed.partly", 490, 500)) {
						t.Errorf("at the end: %q", q.text)
					}
					break
				}
			}
		})
	}
}

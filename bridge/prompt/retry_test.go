package prompt

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// approved is a window whose person has said yes.
func approved(t *testing.T) (*window, Decision) {
	t.Helper()
	w := open(t, minimal())
	w.exchange()
	w.unlock("/x.p12", "Qwerty12")
	w.look()
	w.send("POST", "/approve", map[string]any{"key": "a"})
	d, err := w.wait()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Progress.Finish("") })
	return w, d
}

func TestRetryIsThePersonsWord(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *window, cancel func())
		want bool
	}{
		"again":                 {func(w *window, _ func()) { w.send("POST", "/retry", nil) }, true},
		"pressed twice":         {func(w *window, _ func()) { w.send("POST", "/retry", nil); w.send("POST", "/retry", nil) }, true},
		"stop":                  {func(w *window, _ func()) { w.send("POST", "/stop", nil) }, false},
		"window closed":         {func(w *window, _ func()) { close(w.closed) }, false},
		"page of the site gone": {func(_ *window, cancel func()) { cancel() }, false},
	} {
		w, d := approved(t)
		ctx, cancel := context.WithCancel(context.Background())
		got := make(chan bool, 1)
		go func() { got <- d.Progress.(*session).Retry(ctx, shortOf(FailedTimestamp)) }()
		for range 6000 {
			if _, data, _ := w.send("POST", "/poll", map[string]string{"tag": ""}); bytes.Contains(data, []byte(`"state":"retry"`)) && bytes.Contains(data, []byte(FailedTimestamp)) {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		c.do(w, cancel)
		select {
		case again := <-got:
			if again != c.want {
				t.Errorf("%s: %t", name, again)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: no answer", name)
		}
		cancel()
	}
	w, _ := approved(t)
	if code, _, _ := w.send("POST", "/retry", nil); code != 409 {
		t.Errorf("nothing failed: %d", code)
	}
}

func TestRetryInBrowser(t *testing.T) {
	ctx := tab(t)
	got := make(chan Decision, 1)
	go func() {
		d, _ := NewWeb(WebOptions{Open: in(ctx), Breath: time.Minute}).Approve(context.Background(), minimal())
		got <- d
	}()
	do(t, ctx, ready, unlock, chromedp.Click(`button.primary`))
	d := <-got
	answer := make(chan bool, 1)
	for range 2 { // it may fail again
		go func() { answer <- d.Progress.(*session).Retry(context.Background(), shortOf(FailedTimestamp)) }()
		do(t, ctx, chromedp.WaitVisible(`[data-focus=again]`), chromedp.Click(`[data-focus=again]`))
		if !<-answer {
			t.Error("a click on Try again is a no")
		}
		do(t, ctx, chromedp.WaitVisible(`progress`))
	}
	d.Progress.Finish("")
	do(t, ctx, chromedp.WaitVisible(`[data-focus=close]`))
}

func TestRetryOnATerminal(t *testing.T) {
	for input, want := range map[string]bool{"да\n": true, "\n": false} {
		term, _ := typed(input)
		l := &lines{q: &question{terminal: term, r: sampleRequest(), lang: "ru"}}
		if got := l.Retry(context.Background(), shortOf(FailedTimestamp)); got != want {
			t.Errorf("%q: %t", input, got)
		}
	}
}

package prompt

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestT8BlockAsksTwice: the link, then a button of its own; and a page that posts
// the end of it at once is refused.
func TestT8BlockAsksTwice(t *testing.T) {
	r := minimal()
	r.MayBlock = true
	w := open(t, r)
	w.exchange()
	if code, _, _ := w.send("POST", "/block", map[string]any{"sure": true}); code != http.StatusTooEarly {
		t.Errorf("at once: %d", code)
	}
	w.look()
	if code, _, _ := w.send("POST", "/block", nil); code != http.StatusBadRequest {
		t.Errorf("not sure: %d", code)
	}
	w.undecided()
	w.send("POST", "/block", map[string]any{"sure": true})
	if _, err := w.wait(); !errors.Is(err, ErrBlocked) || !errors.Is(err, ErrCancelled) {
		t.Errorf("err = %v", err)
	}
	w = open(t, minimal())
	w.exchange()
	w.look()
	if code, _, _ := w.send("POST", "/block", map[string]any{"sure": true}); code != http.StatusConflict {
		t.Errorf("an asker that cannot be blocked: %d", code)
	}
}

func TestT8BlockInBrowser(t *testing.T) {
	ctx := tab(t)
	r := minimal()
	r.MayBlock = true
	failed := make(chan error, 1)
	go func() {
		_, err := NewWeb(WebOptions{Open: in(ctx)}).Approve(context.Background(), r)
		failed <- err
	}()
	do(t, ctx, ready, chromedp.Click(`[data-focus=block]`), chromedp.WaitVisible(`[data-focus=sure]`),
		chromedp.Click(`[data-focus=back]`), chromedp.WaitVisible(`#password`), // one may think better of it
		chromedp.Click(`[data-focus=block]`), chromedp.WaitVisible(`[data-focus=sure]`), chromedp.Sleep(800*time.Millisecond),
		chromedp.Click(`[data-focus=sure]`))
	select {
	case err := <-failed:
		if !errors.Is(err, ErrBlocked) {
			t.Errorf("err = %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("not blocked")
	}
}

// TestT22RememberIsTheProgramsToOffer: what a page ticks counts only where it was
// offered, and never for a token.
func TestT22RememberIsTheProgramsToOffer(t *testing.T) {
	body := map[string]any{"key": "a", "remember": true, "always": true}
	for name, c := range map[string]struct {
		change func(*Request)
		want   bool
	}{
		"not offered": {func(*Request) {}, false},
		"offered":     {func(r *Request) { r.RememberFor, r.MayAlways = time.Minute, true }, true},
	} {
		r := minimal()
		c.change(r)
		w := open(t, r)
		w.exchange()
		w.unlock("/x.p12", "Qwerty12")
		w.look()
		w.send("POST", "/approve", body)
		if d, err := w.wait(); err != nil || d.Remember != c.want || d.Always != c.want {
			t.Errorf("%s: %+v, %v", name, d, err)
		} else {
			d.Progress.Finish("")
		}
	}
	var box tray
	r := box.request()
	r.RememberFor = time.Minute
	w := open(t, r)
	w.exchange()
	w.unlockStore(map[string]any{"token": "t1"}, "24681357")
	w.look()
	w.send("POST", "/approve", body)
	if d, err := w.wait(); err != nil || d.Remember {
		t.Errorf("token: %+v, %v", d, err)
	} else {
		d.Progress.Finish("")
	}
}

// TestRememberedInBrowser: the key is open from the start; "forget now" brings the
// password field back.
func TestT22RememberedInBrowser(t *testing.T) {
	ctx := tab(t)
	r := minimal()
	r.RememberFor, r.MayAlways = 5*time.Minute, true
	r.Open, r.OpenUntil = []Key{sampleKey()}, now.Add(time.Minute)
	var forgotten atomic.Bool
	r.Forget = func() { forgotten.Store(true) }
	got := make(chan Decision, 1)
	go func() {
		d, _ := NewWeb(WebOptions{Open: in(ctx), Breath: time.Minute}).Approve(context.Background(), r)
		got <- d
	}()
	do(t, ctx, ready, chromedp.Click(`[data-focus=language-ru]`), chromedp.WaitVisible(`.key input:checked`), armed, chromedp.Click(`[data-focus=forget]`), chromedp.WaitVisible(`#password`))
	if !forgotten.Load() {
		t.Error("nothing was forgotten")
	}
	do(t, ctx, chromedp.Click(`[data-focus=remember]`), unlock, chromedp.Click(`[data-focus=always]`), chromedp.Click(`button.primary`))
	if d := <-got; d.KeyID != "a" || !d.Remember || !d.Always {
		t.Errorf("%+v", d)
	} else {
		d.Progress.Finish("")
	}
}

func TestListTokens(t *testing.T) {
	r := minimal()
	r.Purpose, r.Documents, r.Total, r.Unlock = ListTokens, nil, 0, nil
	w := open(t, r)
	v := w.exchange()
	if v["purpose"] != "list" {
		t.Errorf("purpose %v", v["purpose"])
	}
	if code, _, _ := w.send("POST", "/approve", nil); code != http.StatusTooEarly {
		t.Errorf("T9 at once: %d", code)
	}
	w.look()
	w.send("POST", "/approve", map[string]any{})
	d, err := w.wait()
	if err != nil {
		t.Fatal(err)
	}
	d.Progress.Finish("")

	for input, want := range map[string]bool{"да\n": true, "\n": false} {
		term, _ := typed(input)
		if _, err := term.Approve(context.Background(), r); (err == nil) != want {
			t.Errorf("%q: %v", input, err)
		}
	}
	script := NewScript([]Answer{{Approve: true, Key: "a", Password: "Qwerty12"}, {}})
	for range 3 { // it takes no answer away
		if _, err := script.Approve(context.Background(), r); err != nil {
			t.Error(err)
		}
	}
	if d, err := script.Approve(context.Background(), sampleRequest()); err != nil || d.KeyID != "a" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := script.Approve(context.Background(), r); !errors.Is(err, ErrCancelled) {
		t.Errorf("after the first answer: %v", err)
	}
}

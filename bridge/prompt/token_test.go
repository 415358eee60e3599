package prompt

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// tray is a place for tokens that the test puts in and takes out.
type tray struct {
	mu     sync.Mutex
	tokens []Token
	change chan struct{}
	tried  []string
	pin    PIN
}

func (c *tray) put(tokens ...Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens = tokens
	close(c.change)
	c.change = make(chan struct{})
}

// request offers the tray; the PIN of its tokens is 24681357, and the second
// wrong one leaves one try.
func (c *tray) request() *Request {
	r := minimal()
	c.change = make(chan struct{})
	c.pin = sampleToken().PIN
	r.NoFiles, r.Recent, r.TokensFirst = true, nil, true
	r.Tokens = func(context.Context) ([]Token, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.tokens, nil
	}
	r.TokenChange = func() <-chan struct{} {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.change
	}
	r.UnlockToken = func(_ context.Context, id string, secret []byte, last bool) ([]Key, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.tried = append(c.tried, id+" "+string(secret))
		pin := c.pin
		switch {
		case pin.LastTry && !last:
			return nil, &UnlockError{Code: UnlockLastTry, PIN: &pin}
		case string(secret) != "24681357":
			c.pin.LastTry, c.pin.Low = c.pin.Low, true
			pin = c.pin
			return nil, &UnlockError{Code: UnlockWrongPIN, PIN: &pin}
		}
		return []Key{sampleKey()}, nil
	}
	return r
}

func (w *window) tokens() []any {
	w.t.Helper()
	_, data, _ := w.send("POST", "/tokens", nil)
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		w.t.Fatalf("tokens: %s", data)
	}
	return v["tokens"].([]any)
}

// TestTokenTakenOutLosesItsKeys: the program, not only the page, forgets them.
func TestTokenTakenOutLosesItsKeys(t *testing.T) {
	var c tray
	w := open(t, c.request())
	w.exchange()
	if got := w.tokens(); len(got) != 0 {
		t.Fatalf("tokens %v", got)
	}
	_, data, _ := w.send("POST", "/poll", map[string]string{"tag": ""})
	var before, after status
	json.Unmarshal(data, &before)
	c.put(sampleToken())
	for range 5 { // one poll may have been on its way
		_, data, _ = w.send("POST", "/poll", map[string]string{"tag": before.Tag})
		if json.Unmarshal(data, &after); after.Tokens > before.Tokens {
			break
		}
	}
	if after.Tokens != before.Tokens+1 {
		t.Fatalf("the page is not told: %+v, then %+v", before, after)
	}
	if got := w.tokens(); len(got) != 1 {
		t.Fatalf("tokens %v", got)
	}
	if v := w.unlockStore(map[string]any{"token": "t1"}, "24681357"); v["keys"] == nil {
		t.Fatalf("unlock: %v", v)
	}
	w.look()
	c.put()
	w.tokens()
	if code, _, _ := w.send("POST", "/approve", map[string]any{"key": "a"}); code != 409 {
		t.Errorf("a key of a token that is gone: %d", code)
	}
	w.undecided()
}

// TestNoFilesMeansNoFiles: a page that takes tokens only cannot have a file tried.
func TestNoFilesMeansNoFiles(t *testing.T) {
	var c tray
	r := c.request()
	r.Unlock = func(context.Context, string, []byte) ([]Key, error) {
		t.Error("a file was tried")
		return nil, nil
	}
	w := open(t, r)
	w.exchange()
	if v := w.unlock("/x.p12", "Qwerty12"); v["error"] != UnlockFailed {
		t.Errorf("%v", v)
	}
}

// TestT23TokenInBrowser: the token is put in while the window waits, a wrong PIN,
// another one, the tick before the last try, taken out and put back, signed.
func TestT23TokenInBrowser(t *testing.T) {
	ctx := tab(t)
	var c tray
	r := c.request()
	r.Locale = "ru"
	got := make(chan Decision, 1)
	go func() {
		d, _ := NewWeb(WebOptions{Open: in(ctx), Breath: time.Minute}).Approve(context.Background(), r)
		got <- d
	}()
	text := func() string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.TextContent(`main`))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	says := func(want string) {
		t.Helper()
		if s := text(); !strings.Contains(s, want) {
			t.Errorf("the window does not say %q: %q", want, s)
		}
	}
	wrong := chromedp.Steps(chromedp.WaitVisible(`#password`), chromedp.KeyEvent("1234"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(`.trouble`))
	do(t, ctx, ready, chromedp.WaitVisible(`main .notice`))
	says("Токен не найден")
	c.put(sampleToken())
	do(t, ctx, chromedp.WaitVisible(`#password`), chromedp.KeyEvent("\r")) // nothing typed: nothing tried
	do(t, ctx, wrong)
	says("Неверный ПИН-код")
	says("один раз или больше")
	says("12345678. Его знают все")
	do(t, ctx, wrong, chromedp.WaitVisible(`[data-focus=last]`))
	says("Последняя попытка")
	do(t, ctx, chromedp.Focus(`#password`), chromedp.KeyEvent("24681357"), chromedp.KeyEvent("\r"), chromedp.Click(`button.primary`), chromedp.Sleep(100*time.Millisecond))
	c.mu.Lock()
	if len(c.tried) != 2 {
		t.Errorf("T23: without the tick a third PIN was tried: %q", c.tried)
	}
	c.mu.Unlock()
	do(t, ctx, chromedp.Click(`[data-focus=last]`), chromedp.Click(`button.primary`), chromedp.WaitVisible(`.key input:checked`))
	c.put()
	do(t, ctx, chromedp.WaitVisible(`main .notice`))
	says("Токен вынут")
	c.mu.Lock()
	c.pin = sampleToken().PIN
	c.mu.Unlock()
	c.put(sampleToken())
	do(t, ctx, chromedp.WaitVisible(`#password`), chromedp.KeyEvent("24681357"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(`.key input:checked`), armed, chromedp.Click(`button.primary`))
	if d := <-got; d.KeyID != "a" {
		t.Fatalf("decision %+v", d)
	} else {
		d.Progress.Finish("")
	}
	if n := len(c.tried); n != 4 || c.tried[3] != "t1 24681357" {
		t.Errorf("tried %q", c.tried)
	}
}

// TestTokenPadInBrowser: no field, one click, and the device is waited for.
func TestTokenPadInBrowser(t *testing.T) {
	ctx := tab(t)
	r := minimal()
	x := sampleToken()
	x.PIN.Pad = true
	onlyTokens(r, x)
	typed := make(chan struct{})
	r.UnlockToken = func(_ context.Context, _ string, secret []byte, _ bool) ([]Key, error) {
		if len(secret) > 0 {
			t.Errorf("a PIN came from the page: %q", secret)
		}
		<-typed
		return []Key{sampleKey()}, nil
	}
	asked, cancel := context.WithCancel(context.Background())
	defer cancel()
	go NewWeb(WebOptions{Open: in(ctx)}).Approve(asked, r)
	do(t, ctx, ready, chromedp.WaitVisible(`.pin`), chromedp.WaitNotPresent(`#password`), chromedp.Click(`button.primary`), chromedp.WaitVisible(`button.primary[aria-disabled=true]`))
	if s, err := chromedp.Run(ctx, chromedp.TextContent(`main`)); err != nil || !strings.Contains(s, "Наберите ПИН-код на устройстве") {
		t.Errorf("%q, %v", s, err)
	}
	close(typed)
	do(t, ctx, chromedp.WaitVisible(`.key input:checked`))
}

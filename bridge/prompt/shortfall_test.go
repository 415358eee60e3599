package prompt

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// shortOf is a request for one document that failed.
func shortOf(reason string) Shortfall {
	return Shortfall{Failed: []Failure{{0, reason}}, Total: 1}
}

// tokenShort is a batch that stopped at document 37 of 100.
func tokenShort(pin string) (s Shortfall, tries *[]string) {
	tries = &[]string{}
	s = Shortfall{Failed: []Failure{{36, FailedTokenGone}, {37, FailedTokenGone}}, Signed: 36, Total: 100, PIN: PIN{Min: 4, Max: 32, Left: -1}}
	s.Unlock = func(_ context.Context, secret []byte, last bool) error {
		*tries = append(*tries, string(secret))
		defer clear(secret)
		if string(secret) != pin {
			return &UnlockError{Code: UnlockWrongPIN, PIN: &PIN{Min: 4, Left: 2, Low: true}}
		}
		return nil
	}
	return s, tries
}

// TestT23RetryNeedsThePIN: nothing goes on without it, a wrong one is one try, and
// what comes over the wire unsealed is none.
func TestT23RetryNeedsThePIN(t *testing.T) {
	w, d := approved(t)
	short, tries := tokenShort("24681357")
	got := make(chan bool, 1)
	go func() { got <- d.Progress.(*session).Retry(context.Background(), short) }()
	w.until("retry")
	if code, _, _ := w.send("POST", "/retry", map[string]any{}); code == 500 || len(*tries) != 0 {
		t.Errorf("without a PIN: %d, tried %q", code, *tries)
	}
	if code, _, _ := w.send("POST", "/retry", map[string]any{"box": []byte("24681357")}); code == 500 || len(*tries) != 0 {
		t.Errorf("unsealed: %d, tried %q", code, *tries)
	}
	_, data, _ := w.send("POST", "/retry", w.sealed("1111"))
	var answer struct {
		Error string
		PIN   struct{ Left int }
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Error != UnlockWrongPIN || answer.PIN.Left != 2 {
		t.Errorf("wrong PIN: %s", data)
	}
	select {
	case again := <-got:
		t.Fatalf("the work goes on: %t", again)
	default:
	}
	w.send("POST", "/retry", w.sealed("24681357"))
	if !<-got || len(*tries) != 2 {
		t.Errorf("tried %q", *tries)
	}
}

// until polls until the window is in a state.
func (w *window) until(state string) (s status) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		_, data, _ := w.send("POST", "/poll", map[string]string{"tag": ""})
		if s = (status{}); json.Unmarshal(data, &s) == nil && s.State == state {
			return s
		}
	}
	w.t.Fatalf("the window is never in state %q: %+v", state, s)
	return s
}

// TestShortfallInBrowser: the window names the documents by number and name, takes
// the PIN, and says at the end what failed.
func TestShortfallInBrowser(t *testing.T) {
	ctx := tab(t)
	r := minimal()
	r.Locale, r.Documents, r.Total = "ru", nil, 100
	for range 100 {
		r.Documents = append(r.Documents, Document{Kind: "xml", Size: 10})
	}
	r.Documents[36].Name = "договор <b>37</b>.xml"
	got := make(chan Decision, 1)
	go func() {
		d, _ := NewWeb(WebOptions{Open: in(ctx), Breath: time.Minute, Gone: time.Minute}).Approve(context.Background(), r)
		got <- d
	}()
	do(t, ctx, ready, unlock, chromedp.Click(`button.primary`))
	d := <-got
	s := d.Progress.(*session)
	text := func() string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.TextContent(`main`))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	short, tries := tokenShort("24681357")
	answer := make(chan bool, 1)
	go func() { answer <- s.Retry(context.Background(), short) }()
	do(t, ctx, chromedp.WaitVisible(`.failures`), chromedp.WaitVisible(`#password`))
	for _, want := range []string{"Токен вынули", "Документ 37", "договор <b>37</b>.xml", "Документ 38", "Подписано 36 из 100", "Ещё 62 документа", "сайт не получит ни одной подписи"} {
		if !strings.Contains(text(), want) {
			t.Errorf("%q is not in %q", want, text())
		}
	}
	do(t, ctx, chromedp.SendKeys(`#password`, "1111"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(`.trouble`))
	if v, _ := chromedp.Run(ctx, chromedp.Value(`#password`)); v != "" {
		t.Errorf("the wrong PIN stays: %q", v)
	}
	do(t, ctx, chromedp.SendKeys(`#password`, "24681357"), chromedp.Click(`button.primary`), chromedp.WaitVisible(`progress`))
	if !<-answer || strings.Join(*tries, " ") != "1111 24681357" {
		t.Errorf("tried %q", *tries)
	}

	// A document that is at fault itself: no button but Close.
	s.Partly(Shortfall{Failed: []Failure{{36, FailedXML}, {51, FailedPart}}, Signed: 90, Total: 100})
	s.Finish(FailedXML)
	do(t, ctx, chromedp.WaitVisible(`[data-focus=close]`), chromedp.WaitVisible(`.failures`))
	for _, want := range []string{"Документ 37", "Документ 52", "В документе нет части", "сайт не получил ни одной подписи"} {
		if !strings.Contains(text(), want) {
			t.Errorf("%q is not in %q", want, text())
		}
	}
	if n, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll('footer button').length`)); err != nil || n != 1 {
		t.Errorf("%d buttons, %v", n, err)
	}
}

func TestShortfallOnATerminal(t *testing.T) {
	for input, want := range map[string]bool{"1111\r24681357\r": true, "\r": false} {
		term, out := typed(input)
		r := sampleRequest()
		r.Total = 100
		short, _ := tokenShort("24681357")
		l := &lines{q: &question{terminal: term, r: r, lang: "ru"}}
		if got := l.Retry(context.Background(), short); got != want {
			t.Errorf("%q: %t\n%s", input, got, out)
		}
		for _, text := range []string{"Токен вынули", "Документ 37\n", "Документ 38\n", "Ещё 62 документа"} {
			if !strings.Contains(strings.ReplaceAll(out.String(), "\r\n", "\n"), text) {
				t.Errorf("%q is not in\n%s", text, out)
			}
		}
	}
}

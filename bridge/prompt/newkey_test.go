package prompt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func makeRequest(newFile func(context.Context, string, []byte) ([]Key, error)) *Request {
	r := minimal()
	r.Purpose, r.Unlock, r.Recent, r.Documents, r.Total = MakeKey, nil, nil, nil, 0
	r.NewFile, r.Folder, r.Directory = newFile, "/home/x/Documents/Tanba keys", true
	r.Facts = []Field{{Key: "fact.subject", Value: "CN=ТЕСТОВ ТЕСТ"}, {Key: "fact.algorithm", Value: "ГОСТ 34.10-2015 (512)"}}
	return r
}

// TestNewKeyInBrowser drives the real page: passwords that differ, one the rules
// refuse, the right one, the yes, done.
func TestNewKeyInBrowser(t *testing.T) {
	ctx := tab(t)
	var tried []string
	r := makeRequest(func(_ context.Context, place string, secret []byte) ([]Key, error) {
		tried = append(tried, place+" "+string(secret))
		if string(secret) == "qwerty12" {
			return nil, &UnlockError{Code: NewUpper}
		}
		return []Key{{ID: "new", Owner: "ТЕСТОВ ТЕСТ", Fits: true}}, nil
	})
	r.Locale = "ru"
	got, failed := make(chan Decision, 1), make(chan error, 1)
	go func() {
		d, err := NewWeb(WebOptions{Open: in(ctx), Breath: time.Minute}).Approve(context.Background(), r)
		got <- d
		failed <- err
	}()
	says := func(selector, want string) {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.TextContent(selector))
		if err != nil || !strings.Contains(s, want) {
			t.Errorf("%s says %q, %v; want %q", selector, s, err, want)
		}
	}
	type_ := func(first, again string) chromedp.Action[chromedp.Void] {
		return chromedp.Steps(emptied,
			chromedp.SendKeys(`#new-password`, first), chromedp.SendKeys(`#new-again`, again))
	}
	do(t, ctx, ready, type_("Qwerty12", "Qwerty13"))
	says(`.sentence`, "просит создать новый ключ")
	says(`dl.facts`, "ТЕСТОВ ТЕСТ")
	says(`main`, "Пароль никто не восстановит")
	says(`#new-hints`, "не совпадают")
	do(t, ctx, chromedp.KeyEvent("\r"), type_("qwerty12", "qwerty12"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(`.trouble`))
	says(`.trouble`, "нет большой латинской буквы")
	if dir := os.Getenv("TANBA_SCREENS"); dir != "" {
		if png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
			os.WriteFile(filepath.Join(dir, "newkey.png"), png, 0o600)
		}
	}
	do(t, ctx, type_("Qwerty12", "Qwerty12"), chromedp.KeyEvent("\r"), chromedp.WaitNotPresent(`#new-password`), armed,
		chromedp.Click(`button.primary`))
	d := <-got
	if err := <-failed; err != nil || d.KeyID != "new" {
		t.Fatalf("decision %+v, %v", d, err)
	}
	place := "/home/x/Documents/Tanba keys "
	if len(tried) != 2 || tried[0] != place+"qwerty12" || tried[1] != place+"Qwerty12" {
		t.Errorf("tried %q", tried)
	}
	d.Progress.Finish("")
	do(t, ctx, chromedp.WaitVisible(`[data-focus=close]`))
	says(`main`, "запрос передан сайту")
}

// emptied clears the fields of the new password.
var emptied = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	_, err := chromedp.Evaluate[string](`document.querySelector('#new-password').value = document.querySelector('#new-again').value = ''`)(ctx, t)
	return err
})

// TestT9NewKeyNeedsTime: a yes to a new key counts no earlier than any other, and
// only for what was opened.
func TestT9NewKeyNeedsTime(t *testing.T) {
	w := open(t, makeRequest(func(context.Context, string, []byte) ([]Key, error) {
		return []Key{{ID: "new", Fits: true}}, nil
	}))
	w.exchange()
	if v := w.unlockStore(map[string]any{"path": "/home/x"}, "Qwerty12"); v["error"] != UnlockFailed {
		t.Errorf("an old file is opened: %v", v)
	}
	w.send("POST", "/focus", map[string]bool{"focused": true})
	if code, _, _ := w.send("POST", "/approve", map[string]any{"key": "new"}); code != 425 {
		t.Errorf("early: %d", code)
	}
	w.look()
	if code, _, _ := w.send("POST", "/approve", map[string]any{"key": "new"}); code != 409 {
		t.Errorf("nothing is open: %d", code)
	}
	if v := w.unlockStore(map[string]any{"path": "/home/x", "new": true}, "Qwerty12"); v["keys"] == nil {
		t.Fatalf("%v", v)
	}
	if code, _, _ := w.send("POST", "/approve", map[string]any{"key": "new"}); code != 200 {
		t.Errorf("approve: %d", code)
	}
	if d, err := w.wait(); err != nil || d.KeyID != "new" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestScriptMakesKeys(t *testing.T) {
	dir := t.TempDir()
	var place string
	r := makeRequest(func(_ context.Context, p string, secret []byte) ([]Key, error) {
		place = p + " " + string(secret)
		return []Key{{ID: "new", Fits: true}}, nil
	})
	s := NewScript([]Answer{{Approve: true, File: filepath.Join(dir, "new.p12"), Password: "Qwerty12"}, {Approve: false}})
	if d, err := s.Approve(t.Context(), r); err != nil || d.KeyID != "new" || place != filepath.Join(dir, "new.p12")+" Qwerty12" {
		t.Errorf("%+v %v %q", d, err, place)
	}
	if _, err := s.Approve(t.Context(), r); !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
}

// On a terminal the proposed folder is taken with an empty line, and the password
// is typed until both times agree.
func TestTerminalMakesKeys(t *testing.T) {
	var tried []string
	r := makeRequest(func(_ context.Context, p string, secret []byte) ([]Key, error) {
		tried = append(tried, p+" "+string(secret))
		return []Key{{ID: "new", Owner: "ТЕСТОВ ТЕСТ", Fits: true}}, nil
	})
	r.Locale = "ru"
	out := &strings.Builder{}
	term := &terminal{
		in: strings.NewReader("\nQwerty12\rQwerty13\rQwerty12\rQwerty12\rда\n"), out: out, lang: "ru",
		is: func() bool { return true }, raw: func() (func(), error) { return func() {}, nil },
		wait: func(context.Context) error { return nil }, now: time.Now,
	}
	d, err := term.Approve(t.Context(), r)
	if err != nil || d.KeyID != "new" || len(tried) != 1 || tried[0] != r.Folder+" Qwerty12" {
		t.Fatalf("%+v %v %q\n%s", d, err, tried, out)
	}
	for _, want := range []string{"просит создать новый ключ", "Кому: CN=ТЕСТОВ ТЕСТ", "Пароль никто не восстановит", "Пароли не совпадают"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing of %q in\n%s", want, out)
		}
	}
}

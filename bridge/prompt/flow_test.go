package prompt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tanba/internal/state"
	"tanba/internal/testdata"
)

// TestPageInBrowser drives the real page: another file, a wrong password, the
// right one, the key, the signature, done.
func TestPageInBrowser(t *testing.T) {
	ctx := tab(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	path := filepath.Join(home, "Кілттер", "GOST512_x.p12")
	os.Mkdir(filepath.Dir(path), 0o700)
	os.WriteFile(path, []byte("key"), 0o600)
	os.WriteFile(filepath.Join(home, "Кілттер", "notes.txt"), []byte("x"), 0o600)

	r := minimal()
	r.Recent, r.Locale = nil, "kk"
	var tried []string
	r.Unlock = func(ctx context.Context, path string, secret []byte) ([]Key, error) {
		tried = append(tried, path+" "+string(secret))
		return unlocks(sampleKey())(ctx, path, secret)
	}
	got := make(chan Decision, 1)
	failed := make(chan error, 1)
	go func() {
		d, err := NewWeb(WebOptions{Open: in(ctx), Breath: time.Minute}).Approve(context.Background(), r)
		got <- d
		failed <- err
	}()
	text := func(selector string) string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.TextContent(selector))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	do(t, ctx, ready, chromedp.Click(`[data-focus=browse]`), chromedp.WaitVisible(`.items button`))
	if items := text(`.items`); strings.Contains(items, "notes") {
		t.Errorf("the browser lists %q", items)
	}
	do(t, ctx, chromedp.Click(`.items button`), chromedp.WaitVisible(`.items .file`))
	if items := text(`.items`); strings.Contains(items, "notes") || !strings.Contains(items, "GOST512_x.p12") {
		t.Errorf("the browser lists %q", items)
	}
	do(t, ctx, chromedp.Click(`.items .file`), chromedp.WaitVisible(`#password`),
		chromedp.KeyEvent("\r"), // nothing is typed yet
		chromedp.KeyEvent("кате"), chromedp.WaitVisible(`.password .hint:not([hidden])`),
		chromedp.KeyEvent("\r"), chromedp.WaitVisible(`.trouble`))
	if s := text(`.trouble`); !strings.Contains(s, "Құпиясөз дұрыс емес") {
		t.Errorf("wrong password: %q", s)
	}
	if v, _ := chromedp.Run(ctx, chromedp.Value(`#password`)); v != "" {
		t.Errorf("the wrong password stays: %q", v)
	}
	do(t, ctx, chromedp.KeyEvent("Qwerty12"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(`.key input:checked`),
		chromedp.KeyEvent("\r"), // too early: the key has just appeared
		chromedp.Sleep(50*time.Millisecond))
	select {
	case d := <-got:
		t.Fatalf("T9: signed by the Enter that opened the key: %+v", d)
	default:
	}
	do(t, ctx, armed, chromedp.Click(`[data-focus=language-ru]`), chromedp.Click(`button.primary`))
	d := <-got
	if err := <-failed; err != nil || d.KeyID != "a" {
		t.Fatalf("decision %+v, %v", d, err)
	}
	if want := []string{path + " кате", path + " Qwerty12"}; len(tried) != 2 || tried[0] != want[0] || tried[1] != want[1] {
		t.Errorf("tried %q, want %q", tried, want)
	}
	if hash, _ := chromedp.Run(ctx, chromedp.Location()); strings.Contains(hash, "#") {
		t.Errorf("the address keeps the token: %s", hash)
	}
	d.Progress.Step(1)
	d.Progress.Finish("")
	do(t, ctx, chromedp.WaitVisible(`[data-focus=close]`))
	if s := text(`main`); !strings.Contains(s, "Готово") {
		t.Errorf("at the end: %q", s)
	}
}

// TestT29PageShowsTextOnly: what a site, a document and a certificate say is never
// markup (security.md §8.2 row 8).
func TestT29PageShowsTextOnly(t *testing.T) {
	ctx := tab(t)
	const evil = `<img src=x onerror=document.title='pwned'><script>document.title='pwned'</script>`
	r := sampleRequest()
	r.Site = Site{Name: evil, Detail: evil}
	r.Documents = []Document{{Name: evil, Kind: "text", Text: evil, Size: 9}, {Name: evil, Kind: "text", Text: evil, Size: 9}}
	k := sampleKey()
	k.Owner, k.Organisation, k.Issuer = evil, evil, evil
	r.Unlock = unlocks(k)
	asked, cancel := context.WithCancel(context.Background())
	defer cancel()
	go NewWeb(WebOptions{Open: in(ctx)}).Approve(asked, r)
	do(t, ctx, ready, toTop, chromedp.Click(`.documents summary`), chromedp.WaitVisible(`.documents .text`), unlock)
	n, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll('img, #window script, iframe, object').length`))
	if err != nil || n != 0 {
		t.Errorf("%d foreign elements, %v", n, err)
	}
	if title, _ := chromedp.Run(ctx, chromedp.Title()); title == "pwned" {
		t.Error("a script ran")
	}
}

// TestClosedPageCancels: the page goes away and the person has said no.
func TestClosedPageCancels(t *testing.T) {
	ctx := tab(t)
	for name, leave := range map[string]chromedp.Action[chromedp.Void]{
		"another page": chromedp.Navigate("about:blank"),
		"reload":       chromedp.Reload(),
		"Escape":       chromedp.Steps(chromedp.Focus(`#password`), chromedp.KeyEvent("\x1b")),
	} {
		failed := make(chan error, 1)
		go func() {
			_, err := NewWeb(WebOptions{Open: in(ctx)}).Approve(context.Background(), minimal())
			failed <- err
		}()
		do(t, ctx, ready, leave)
		select {
		case err := <-failed:
			if !errors.Is(err, ErrCancelled) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: the request is still open", name)
		}
	}
}

// TestAppWindow starts the system's browser as the program does, but headless.
func TestAppWindow(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		testdata.Missing(t, "chromium")
	}
	path, _ = filepath.Abs(path)
	t.Setenv("DISPLAY", ":none")
	args := []string{"--headless", "--disable-gpu"}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	dir := state.Dir(t.TempDir())
	exchanged := make(chan struct{})
	var once bool
	r := minimal()
	r.Waiting = func() int { // called by the page's polls
		if !once {
			once = true
			close(exchanged)
		}
		return 0
	}
	app := AppWindow(Launch{Browser: path, State: dir, Args: args})
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	closed := make(chan (<-chan struct{}), 1)
	go func() {
		_, err := NewWeb(WebOptions{Open: func(ctx context.Context, url string) (<-chan struct{}, error) {
			c, err := app(ctx, url)
			closed <- c
			return c, err
		}}).Approve(ctx, r)
		failed <- err
	}()
	select {
	case <-exchanged:
	case err := <-failed:
		t.Fatalf("the page did not load: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("the page did not load")
	}
	cancel()
	if err := <-failed; !errors.Is(err, ErrCancelled) {
		t.Errorf("err = %v", err)
	}
	select {
	case <-(<-closed):
	case <-time.After(time.Minute):
		t.Error("the browser still runs")
	}
	if fi, err := os.Stat(dir.Path("window", "0")); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("profile: %v, %v", fi, err)
	}
}

func TestArgumentsAreAVector(t *testing.T) {
	args := arguments("http://127.0.0.1:1/#a b;$(x)", "/p q")
	for _, want := range []string{"--app=http://127.0.0.1:1/#a b;$(x)", "--user-data-dir=/p q", "--disable-extensions", "--no-first-run"} {
		found := false
		for _, a := range args {
			found = found || a == want
		}
		if !found {
			t.Errorf("no %q in %q", want, args)
		}
	}
	for _, path := range browsers() {
		if !filepath.IsAbs(path) {
			t.Errorf("browser %q is not absolute", path)
		}
	}
}

// TestBrowserThatGivesUp: the person's own browser gets the page instead.
func TestBrowserThatGivesUp(t *testing.T) {
	t.Setenv("DISPLAY", ":none")
	for _, c := range []struct {
		browser string
		tab     bool
	}{
		{"/bin/false", true},
		{"/bin/true", false}, // a window that was closed in order
		{"/no/such/browser", true},
		{"relative", true},
	} {
		opened := make(chan string, 1)
		open := fallback(Launch{Browser: c.browser, State: state.Dir(t.TempDir())}, func(_ context.Context, url string) (<-chan struct{}, error) {
			opened <- url
			return nil, nil
		})
		closed, err := open(context.Background(), "http://127.0.0.1:1/")
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-opened:
			if !c.tab {
				t.Errorf("%s: a tab was opened", c.browser)
			}
		case <-closed:
			if c.tab {
				t.Errorf("%s: counts as closed", c.browser)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: neither", c.browser)
		}
	}
}

// TestT29FieldsThenTextThenSource: the fields stand first, the text is one click
// away and the source, exactly as it came, one more; a name of an element is not
// looked up among ours, and nothing is markup.
func TestT29FieldsThenTextThenSource(t *testing.T) {
	ctx := tab(t)
	const evil = `<img src=x onerror=document.title='pwned'>`
	r := sampleRequest()
	r.Locale = "ru"
	d := &r.Documents[0]
	d.Fields = []Field{{Key: "key.iin", Value: evil}, {Name: "key.iin", Value: "1"}, {Name: evil, Value: evil}}
	d.Text, d.Source, d.Part = "<a>\n  "+evil+"\n</a>", "<a>"+evil+"</a>", "/a[@x='"+evil+"']"
	asked, cancel := context.WithCancel(context.Background())
	defer cancel()
	go NewWeb(WebOptions{Open: in(ctx)}).Approve(asked, r)
	do(t, ctx, ready, chromedp.WaitVisible(`.fields`), toTop)
	text := func(selector string) string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.TextContent(selector))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if got, want := text(`.fields`), "ИИН"+evil+"key.iin1"+evil+evil; got != want {
		t.Errorf("fields %q, want %q", got, want)
	}
	if got, want := text(`.document .notice`), "Подписывается часть документа: "+d.Part; !strings.Contains(got, want) {
		t.Errorf("part: %q", got)
	}
	hidden, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector('.text').hidden && document.querySelector('[data-focus^=source-button]').hidden`))
	if err != nil || !hidden {
		t.Errorf("the text is there before the click: %v", err)
	}
	do(t, ctx, chromedp.Click(`[data-focus^=text-button]`), chromedp.WaitVisible(`.text.whole`))
	if got := text(`.text`); got != d.Text {
		t.Errorf("text %q, want %q", got, d.Text)
	}
	do(t, ctx, chromedp.Click(`[data-focus^=source-button]`))
	if got := text(`.text`); got != d.Source {
		t.Errorf("source %q, want %q", got, d.Source)
	}
	if n, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll('img, iframe, object').length`)); err != nil || n != 0 {
		t.Errorf("%d foreign elements, %v", n, err)
	}
}

package prompt

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tanba/internal/testdata"
)

// tab starts a headless Chromium and returns the context of its one tab, at the
// size of the prompt window.
func tab(t *testing.T, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		testdata.Missing(t, "chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(440, 680),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("no-proxy-server", true),
	)
	options = append(options, flags...)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf))
	ctx, timeout := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(func() { timeout(); cancel(); stop() })
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(440, 680)); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return ctx
}

// in opens the window in a tab.
func in(ctx context.Context) Opener {
	return func(_ context.Context, url string) (<-chan struct{}, error) {
		return nil, chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	}
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, s := range steps {
		step, cancel := context.WithTimeout(ctx, time.Minute)
		err := chromedp.Do(step, s)
		cancel()
		if err != nil {
			html, _ := chromedp.Run(ctx, chromedp.OuterHTML("#window"))
			t.Fatalf("step %d: %v\n%s", i, err, html)
		}
	}
}

// toTop scrolls the page up: a click where the head covers an element would hit
// the head, as it would for a person.
var toTop = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	_, err := chromedp.Evaluate[float64](`document.querySelector('main').scrollTop = 0`)(ctx, t)
	return err
})

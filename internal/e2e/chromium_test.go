package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tanba/internal/testdata"
)

// startChromium runs a headless Chromium with the given HOME, for which
// portal.test is this machine. There is no flag about certificates: what is in
// HOME/.pki/nssdb decides.
func startChromium(t testing.TB, home string, extra ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		testdata.Missing(t, "chromium")
	}
	profile, err := os.MkdirTemp(home, "chromium-profile-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.Env("HOME="+home, "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=", "XDG_DATA_HOME="),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP "+portalHost+" 127.0.0.1"),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, stopAll := chromedp.NewExecAllocator(context.Background(), append(options, extra...)...)
	t.Cleanup(stopAll)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return ctx
}

// chromiumSession opens the portal and lets its page run a session.
func chromiumSession(t testing.TB, ctx context.Context, p *portal, b *bridge, calls []call) session {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 3*time.Minute)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(p.Origin+"/")); err != nil {
		t.Fatalf("chromium: %s: %v", p.Origin, err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](sessionScript(t, b, calls), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("chromium: session: %v", err)
	}
	return readSession(t, []byte(text))
}

// chromiumConnects tells whether a page of the portal gets a WebSocket open.
func chromiumConnects(t testing.TB, ctx context.Context, p *portal, b *bridge) bool {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	script := fmt.Sprintf(`new Promise(done => {
		const ws = new WebSocket(%q);
		ws.onopen = () => { done(true); ws.close(); };
		ws.onerror = () => done(false);
	})`, b.URL)
	if err := chromedp.Do(ctx, chromedp.Navigate(p.Origin+"/")); err != nil {
		t.Fatalf("chromium: %s: %v", p.Origin, err)
	}
	opened, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// freshChromiumConnects asks the same of a browser that is started for it, as
// trust is read when a browser starts.
func freshChromiumConnects(t *testing.T, p *portal, b *bridge) bool {
	t.Helper()
	opened := false
	t.Run("chromium", func(t *testing.T) { opened = chromiumConnects(t, startChromium(t, b.Home), p, b) })
	return opened
}

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// interceptor is what an extension puts into every page: sockets to the bridge are
// answered by itself, and look as if they were the browser's own.
const interceptor = `(() => {
	const Own = WebSocket;
	window.WebSocket = function WebSocket(url) {
		if (!url.includes('127.0.0.1')) return new Own(url);
		setTimeout(() => this.onmessage?.({ data: '{"result":{"version":"1.4"}}' }), 10);
		this.close = () => {};
	};
	const source = Function.prototype.toString;
	Function.prototype.toString = function () { return source.call(this === window.WebSocket ? Own : this); };
})()`

// TestChromiumPageNoticesInterception: the page of the bridge opens a socket and
// asks whether it arrived (product.md §3, fault 5).
func TestChromiumPageNoticesInterception(t *testing.T) {
	b := startBridge(t)
	trustInNSS(t, chromiumNSS(b.Home), b.CA)
	browser := startChromium(t, b.Home)
	// faults are the codes the page shows once it has looked.
	faults := func() string {
		t.Helper()
		ctx, stop := context.WithTimeout(browser, 60*time.Second)
		defer stop()
		if err := chromedp.Do(ctx, chromedp.Navigate(fmt.Sprintf("https://127.0.0.1:%d/?lang=en", b.port))); err != nil {
			t.Fatal(err)
		}
		codes, err := chromedp.Run(ctx, chromedp.Evaluate[string](`new Promise(done => {
			const look = () => document.querySelector('ul.checks, [role=alert]')
				? done([...document.querySelectorAll('p.code')].map(p => p.textContent).join(' ') + (document.querySelector('[role=alert]')?.textContent ?? ''))
				: setTimeout(look, 50);
			look();
		})`, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		return codes
	}
	if codes := faults(); strings.Contains(codes, "EXTENSION") {
		t.Errorf("nobody intercepts, and the page says %s", codes)
	}
	if _, err := chromedp.Call(browser, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: interceptor}); err != nil {
		t.Fatal(err)
	}
	if codes := faults(); !strings.Contains(codes, "EXTENSION") {
		t.Errorf("the bridge never saw the socket, and the page says %q", codes)
	}
}

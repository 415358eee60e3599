package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// TestChromiumNeedsTrust: without the local CA in the person's database a page
// gets no connection. It is what gives the other browser tests their meaning.
func TestChromiumNeedsTrust(t *testing.T) {
	b := startBridge(t)
	p := startPortal(t)
	trustInNSS(t, chromiumNSS(b.Home), p.CA)
	if chromiumConnects(t, startChromium(t, b.Home), p, b) {
		t.Error("a page connected although nobody trusts the local CA")
	}
}

// TestChromiumLocalNetworkAccess: for a portal on a public address Chromium wants
// the person's leave; with it, and only with it, the bridge is reached.
func TestChromiumLocalNetworkAccess(t *testing.T) {
	b := startBridge(t)
	p := startPortal(t)
	trustInNSS(t, chromiumNSS(b.Home), p.CA, b.CA)
	ctx := startChromium(t, b.Home, chromedp.Flag("ip-address-space-overrides", p.address()+"=public"))
	if chromiumConnects(t, ctx, p, b) {
		t.Error("a public page connected without leave; does this Chromium check local network access?")
	}
	_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "loopback-network"},
		Setting:    browser.PermissionSettingGranted,
		Origin:     p.Origin,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !chromiumConnects(t, ctx, p, b) {
		t.Error("a public page did not connect although it had leave")
	}
}

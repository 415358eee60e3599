package e2e

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tanba/internal/pki"
)

// TestTwoBrowsersTogether: two tabs of Chromium and a Firefox ask at the same
// time, on two sites never seen before. Each gets its signatures, one window after
// the other. Then one site is revoked and one is blocked on Tanba's own pages: the
// blocked one is answered as cancelled without a question, the other is new again.
func TestTwoBrowsersTogether(t *testing.T) {
	k := throwawayKey(t, pki.GOST512)
	plan := signingPlan(k, judges{})
	var signing []step
	for _, s := range plan {
		if s.call.Method != "getActiveTokens" && s.call.Method != "changeLocale" {
			signing = append(signing, s)
		}
	}
	signing = signing[:2]
	b := startBridge(t, approve(k).after(200*time.Millisecond))
	hideDocuments(b)
	one, two := startPortal(t), startPortal(t)
	profile := filepath.Join(b.Home, "firefox-profile")
	trustInNSS(t, chromiumNSS(b.Home), one.CA, b.CA)
	trustInNSS(t, profile, two.CA, b.CA)
	chromium := startChromium(t, b.Home)
	firefox := startFirefox(t, b.Home, profile)

	t.Run("at once", func(t *testing.T) {
		for _, tab := range []string{"first tab", "second tab"} {
			ctx, stop := chromedp.NewContext(chromium)
			t.Cleanup(stop)
			t.Run(tab, func(t *testing.T) {
				t.Parallel()
				judge(t, chromiumSession(t, ctx, one, b, calls(signing)), signing)
			})
		}
		t.Run("firefox", func(t *testing.T) {
			t.Parallel()
			judge(t, firefoxSession(t, firefox, two, b, calls(signing)), signing)
		})
	})

	permissions := ownPage(t, b, "permissions", "")
	for _, p := range []*portal{one, two} {
		if permissions[p.Origin] == "" {
			t.Errorf("%s is not among the permissions: %v", p.Origin, permissions)
		}
	}
	permissions = ownPage(t, b, "revoke", one.Origin)
	if permissions[one.Origin] != "" {
		t.Errorf("revoked and still there: %v", permissions)
	}
	permissions = ownPage(t, b, "block", two.Origin)
	if permissions[two.Origin] != "blocked" {
		t.Errorf("not blocked: %v", permissions)
	}
	// The person would say yes; nobody asks.
	blocked := cancelPlan()[:1]
	t.Run("blocked", func(t *testing.T) { judge(t, firefoxSession(t, firefox, two, b, calls(blocked)), blocked) })
	t.Run("revoked, asked anew", func(t *testing.T) { judge(t, chromiumSession(t, chromium, one, b, calls(signing[:1])), signing[:1]) })
	if permissions = ownPage(t, b, "unblock", two.Origin); permissions[two.Origin] != "" {
		t.Errorf("unblocked and still known: %v", permissions)
	}
	t.Run("unblocked", func(t *testing.T) { judge(t, firefoxSession(t, firefox, two, b, calls(signing[:1])), signing[:1]) })
}

// ownPage calls what Tanba's permissions page calls and returns the permissions
// by origin: "allowed" or "blocked".
func ownPage(t *testing.T, b *bridge, name, id string) map[string]string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"ID": id})
	if err != nil {
		t.Fatal(err)
	}
	host := fmt.Sprintf("127.0.0.1:%d", b.port)
	r, err := http.NewRequest("POST", "https://"+host+"/api/"+name, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://"+host)
	r.Header.Set("Tanba-Page", "1")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.pool}}, Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	var list []struct{ Detail, Blocked string }
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(data, &list) != nil {
		t.Fatalf("%s: %d %s %v", name, resp.StatusCode, data, err)
	}
	out := map[string]string{}
	for _, p := range list {
		out[p.Detail] = "allowed"
		if p.Blocked != "" {
			out[p.Detail] = "blocked"
		}
	}
	return out
}

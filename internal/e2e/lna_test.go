package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tanba/internal/snippet"
)

// diagnosis is what the snippet for portals tells a page.
type diagnosis struct {
	Code, Detail string
	OK           bool
	Text         map[string]string
}

func (d diagnosis) String() string {
	if d.Detail != "" {
		return d.Code + "." + d.Detail
	}
	return d.Code
}

const (
	diagnose    = `Promise.resolve(tanbaDiagnose(%s)).then(JSON.stringify)`
	frameOrigin = `new Promise(done => { addEventListener('message', e => done(e.data)); })`
)

// lnaPortals are a site, the same over plain http, and another one it embeds.
type lnaPortals struct {
	site, plain, embedded *httptest.Server
	ca                    string // file
}

func (p *lnaPortals) at(s *httptest.Server) string {
	scheme, _, _ := strings.Cut(s.URL, ":")
	return fmt.Sprintf("%s://%s:%d", scheme, portalHost, s.Listener.Addr().(*net.TCPAddr).Port)
}

// public is the flag that makes them sites of the internet for Chromium.
func (p *lnaPortals) public() chromedp.ExecAllocatorOption {
	var all []string
	for _, s := range []*httptest.Server{p.site, p.plain, p.embedded} {
		all = append(all, s.Listener.Addr().String()+"=public")
	}
	return chromedp.Flag("ip-address-space-overrides", strings.Join(all, ","))
}

func startLNAPortals(t *testing.T, port int) *lnaPortals {
	t.Helper()
	p := &lnaPortals{}
	html := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if r.URL.Path == "/csp" {
				w.Header().Set("Content-Security-Policy", "connect-src 'self'")
			}
			fmt.Fprint(w, `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script src="/diagnose.js"></script><body>`+body)
		}
	}
	script := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		fmt.Fprint(w, snippet.Diagnose)
	}
	ca, leaf := portalCertificates(t)
	start := func(mux *http.ServeMux, secure bool) *httptest.Server {
		mux.HandleFunc("GET /diagnose.js", script)
		s := httptest.NewUnstartedServer(mux)
		if secure {
			s.TLS = &tls.Config{Certificates: []tls.Certificate{leaf}}
			s.StartTLS()
		} else {
			s.Start()
		}
		t.Cleanup(s.Close)
		return s
	}
	pages := func() *http.ServeMux {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /", html(""))
		return mux
	}
	inner := pages()
	inner.HandleFunc("GET /{$}", html(fmt.Sprintf("<script>tanbaDiagnose({port: %d}).then(r => parent.postMessage(JSON.stringify(r), '*'))</script>", port)))
	p.embedded = start(inner, true)
	p.site, p.plain = start(pages(), true), start(pages(), false)
	p.ca = filepath.Join(t.TempDir(), "portals-ca.pem")
	if err := os.WriteFile(p.ca, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// lnaBrowser is a Chromium at one of the portals.
type lnaBrowser struct {
	t      *testing.T
	ctx    context.Context
	origin string
}

func (b *lnaBrowser) permit(s browser.PermissionSetting) {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "loopback-network"}, Setting: s, Origin: b.origin,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// run opens a page and has an expression evaluated that gives a diagnosis.
func (b *lnaBrowser) run(url, expression string) diagnosis {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 30*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
	return readDiagnosis(b.t, text)
}

func readDiagnosis(t *testing.T, text string) diagnosis {
	t.Helper()
	var d diagnosis
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, lang := range []string{"kk", "ru", "en"} {
		if d.Text[lang] == "" {
			t.Errorf("%s: no text in %s", d, lang)
		}
	}
	return d
}

func wantDiagnosis(t *testing.T, got diagnosis, want string, ok bool) {
	t.Helper()
	if got.String() != want || got.OK != ok {
		t.Errorf("%s (ok %v), want %s (ok %v): %s", got, got.OK, want, ok, got.Text["en"])
	}
}

// TestChromiumSnippet: on a page of the internet the snippet names what is wrong,
// each fault of product.md §3 a page can see.
func TestChromiumSnippet(t *testing.T) {
	b := startBridge(t)
	p := startLNAPortals(t, b.port)
	rootFile, leaf := loopbackCertificates(t)
	trustInNSS(t, chromiumNSS(b.Home), p.ca, b.CA, rootFile)
	site := p.at(p.site)
	c := &lnaBrowser{t, startChromium(t, b.Home, p.public()), site}
	port := func(n int) string { return fmt.Sprintf(diagnose, fmt.Sprintf("{port: %d, wait: 3000}", n)) }
	compatible, mute, plain := foreignPrograms(t, leaf)

	for _, s := range []struct {
		name       string
		permission browser.PermissionSetting
		url        string
		expression string
		want       string
		ok         bool
	}{
		// A permission set by the debugger is no longer the browser's own: it stays
		// "prompt" after the question. So these come first, on sites that are new.
		{"frame without allow", "", site + "/frame", frame(p.at(p.embedded), ""), "LNA_BLOCKED.frame", false},
		{"frame with allow", "", site + "/frame", frame(p.at(p.embedded), "loopback-network"), "LNA_BLOCKED.prompt", false},
		{"not asked yet", "", p.at(p.embedded) + "/site", port(b.port), "LNA_BLOCKED.prompt", false},
		{"asked and not allowed", "", p.at(p.embedded) + "/site", port(b.port), "LNA_BLOCKED.denied", false},
		{"denied", browser.PermissionSettingDenied, site, port(b.port), "LNA_BLOCKED.denied", false},
		{"granted", browser.PermissionSettingGranted, site, port(b.port), "OK", true},
		{"bridge down", browser.PermissionSettingGranted, site, port(freePort(t)), "NOT_RUNNING", false},
		{"bridge down, not asked yet", browser.PermissionSettingPrompt, site, port(freePort(t)), "NOT_RUNNING", false},
		{"NCALayer on the port", browser.PermissionSettingGranted, site, port(compatible), "PORT_TAKEN.compatible", true},
		{"a web server on the port", browser.PermissionSettingGranted, site, port(mute), "PORT_TAKEN", false},
		{"a plain web server on the port", browser.PermissionSettingGranted, site, port(plain), "PORT_TAKEN", false},
		{"content security policy", browser.PermissionSettingGranted, site + "/csp", port(b.port), "UNKNOWN.csp", false},
		{"http page", browser.PermissionSettingPrompt, p.at(p.plain), port(b.port), "LNA_BLOCKED.insecure", false},
		{"old browser", browser.PermissionSettingGranted, site, "delete window.fetch; window.fetch = undefined; " +
			"new Promise(d => tanbaDiagnose().then(d)).then(JSON.stringify)", "UNKNOWN.browser", false},
	} {
		t.Run(s.name, func(t *testing.T) {
			c := &lnaBrowser{t, c.ctx, c.origin}
			if s.permission != "" {
				c.permit(s.permission)
			}
			wantDiagnosis(t, c.run(s.url, s.expression), s.want, s.ok)
		})
	}
	for name, replacement := range map[string]string{
		"class":    "window.WebSocket = class WebSocket extends EventTarget {}",
		"function": "window.WebSocket = function WebSocket(u) { setTimeout(() => this.onmessage({data: ''})) }",
		"proxy":    "window.WebSocket = new Proxy(WebSocket, {})",
		"bound":    "window.WebSocket = WebSocket.bind(null)",
	} {
		t.Run("extension replaces WebSocket by a "+name, func(t *testing.T) {
			c := &lnaBrowser{t, c.ctx, c.origin}
			c.permit(browser.PermissionSettingGranted)
			added, err := chromedp.Call(c.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: replacement})
			if err != nil {
				t.Fatal(err)
			}
			wantDiagnosis(t, c.run(site, port(b.port)), "EXTENSION", false)
			if _, err := chromedp.Call(c.ctx, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(added)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestChromiumSnippetNotTrusted: the browser has never heard of the local CA.
func TestChromiumSnippetNotTrusted(t *testing.T) {
	b := startBridge(t)
	p := startLNAPortals(t, b.port)
	trustInNSS(t, chromiumNSS(b.Home), p.ca)
	c := &lnaBrowser{t, startChromium(t, b.Home, p.public()), p.at(p.site)}
	c.permit(browser.PermissionSettingGranted)
	wantDiagnosis(t, c.run(c.origin, fmt.Sprintf(diagnose, fmt.Sprintf("{port: %d}", b.port))), "NOT_TRUSTED", false)
}

// TestFirefoxSnippet: Firefox lets sockets of public pages through, and the
// snippet does nothing that would make it ask. It has a question for sockets, too,
// which is not yet switched on: then the snippet speaks of it.
func TestFirefoxSnippet(t *testing.T) {
	b := startBridge(t)
	p := startLNAPortals(t, b.port)
	_, leaf := loopbackCertificates(t)
	_, mute, _ := foreignPrograms(t, leaf)
	nobody := freePort(t)
	type look struct {
		name       string
		permission string // set before, "" = left as it is
		port       int
		want       string
		ok         bool
	}
	for _, s := range []struct {
		name    string
		trusted bool
		prefs   string
		looks   []look
	}{
		{"as it is", true, "", []look{
			{"works", "", b.port, "OK", true},
			{"bridge down", "", nobody, "NOT_RUNNING", false},
			{"denied, for fetch only", "denied", b.port, "OK", true},
			{"another program", "granted", mute, "PORT_TAKEN", false},
		}},
		{"not trusted", false, "", []look{
			{"not asked", "", b.port, "NOT_TRUSTED", false},
			{"allowed", "granted", b.port, "NOT_TRUSTED", false},
		}},
		{"asks for sockets", true, firefoxAsks, []look{
			{"bridge down", "", nobody, "NOT_RUNNING", false},
			{"asks", "", b.port, "LNA_BLOCKED.prompt", false},
			{"denied", "denied", b.port, "LNA_BLOCKED.denied", false},
			{"granted", "granted", b.port, "OK", true},
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			profile := t.TempDir()
			roots := []string{p.ca}
			if s.trusted {
				roots = append(roots, b.CA)
			}
			trustInNSS(t, profile, roots...)
			driver := startFirefoxWith(t, b.Home, profile, firefoxPublic(p.site), s.prefs)
			for _, l := range s.looks {
				if l.permission != "" {
					driver.permit(t, p.at(p.site), l.permission)
				}
				tab, err := driver.open(p.at(p.site))
				if err != nil {
					t.Fatal(err)
				}
				wait := 30000
				if l.want == "LNA_BLOCKED.prompt" {
					wait = 3000 // nobody will answer
				}
				text, err := driver.evaluate(tab, fmt.Sprintf(diagnose, fmt.Sprintf("{port: %d, wait: %d}", l.port, wait)))
				if err != nil {
					t.Fatal(err)
				}
				t.Run(l.name, func(t *testing.T) { wantDiagnosis(t, readDiagnosis(t, text), l.want, l.ok) })
			}
		})
	}
}

// frame embeds the other site and waits for what it says.
func frame(url, allow string) string {
	return fmt.Sprintf(`(() => { const f = document.createElement('iframe'); f.allow = %q; f.src = %q; document.body.append(f); return %s })()`,
		allow, url, frameOrigin)
}

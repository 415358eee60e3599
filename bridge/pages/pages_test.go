package pages_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/pages"
	"tanba/bridge/prompt"
	"tanba/internal/settings"
)

// desk is a consent desk that notes what was asked of it.
type desk struct{ did []string }

func (d *desk) Permissions() []consent.Permission {
	return []consent.Permission{{
		ID: "https://egov.kz", Site: prompt.Site{Name: "egov.kz", Detail: "https://egov.kz", Secure: true},
		Created: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Count: 3,
		Scopes: []consent.ScopeUse{{Scope: consent.ScopeSign, Count: 3}},
	}}
}
func (d *desk) Revoke(id string) bool  { d.did = append(d.did, "revoke "+id); return true }
func (d *desk) Block(id string)        { d.did = append(d.did, "block "+id) }
func (d *desk) Unblock(id string) bool { d.did = append(d.did, "unblock "+id); return true }
func (d *desk) Journal(q consent.JournalQuery) ([]consent.JournalEntry, int, error) {
	return []consent.JournalEntry{{Origin: "https://egov.kz", Operation: "signXml", Outcome: "done", Signed: 7, Failed: []int{3}, Names: []string{"акт.xml"}}}, 1, nil
}
func (d *desk) ExportJournal(w io.Writer, format string, _ consent.JournalQuery) error {
	_, err := io.WriteString(w, format+" of the journal")
	return err
}
func (d *desk) ClearJournal() error                      { d.did = append(d.did, "clear"); return nil }
func (d *desk) VerifyJournal() ([]consent.Breach, error) { return nil, nil }

const host = "127.0.0.1:13579"

// post is a call as our own page makes it, changed by edit.
func post(h http.Handler, name, body string, edit func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/api/"+name, strings.NewReader(body))
	r.Host = host
	r.Header.Set("Origin", "https://"+host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Tanba-Page", "1")
	r.Header.Set("Tanba-Language", "en")
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestCalls(t *testing.T) {
	d := &desk{}
	h := pages.New(pages.Options{Calls: pages.DeskCalls(d)})
	for _, c := range []struct{ name, body, want string }{
		{"permissions", "", `"name":"pages.scope.sign"`},
		{"revoke", `{"ID":"https://egov.kz"}`, `"id":"https://egov.kz"`},
		{"block", `{"ID":"https://egov.kz"}`, "egov.kz"},
		{"unblock", `{"ID":"https://egov.kz"}`, "egov.kz"},
		{"journal", `{}`, `"outcome":"pages.outcome.done"`},
		{"journal", `{}`, `"signed":7,"failed":[3]`},
		{"journal/export", `{"Format":"csv"}`, "csv of the journal"},
		{"journal/clear", `{}`, "{}"},
		{"texts", `{}`, `"pages.nav.status":"Status"`},
	} {
		w := post(h, c.name, c.body, nil)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	if got := strings.Join(d.did, ", "); got != "revoke https://egov.kz, block https://egov.kz, unblock https://egov.kz, clear" {
		t.Error(got)
	}
	for name, body := range map[string]string{"revoke": `{}`, "block": `no`, "journal": `[`, "journal/export": `{"Format":"exe"}`} {
		if w := post(h, name, body, nil); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: %d", name, body, w.Code)
		}
	}
	if w := post(h, "nothing", "", nil); w.Code != http.StatusNotFound {
		t.Errorf("unknown call: %d", w.Code)
	}
}

// T1, T3: nobody but our own page may call; nothing changes by GET.
func TestT3OnlyOurOwnPageCalls(t *testing.T) {
	d := &desk{}
	h := pages.New(pages.Options{Calls: pages.DeskCalls(d)})
	for name, edit := range map[string]func(*http.Request){
		"another site":         func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"no origin":            func(r *http.Request) { r.Header.Del("Origin") },
		"an opaque origin":     func(r *http.Request) { r.Header.Set("Origin", "null") },
		"the same, by http":    func(r *http.Request) { r.Header.Set("Origin", "http://"+host) },
		"another port":         func(r *http.Request) { r.Header.Set("Origin", "https://127.0.0.1:24680") },
		"an extension":         func(r *http.Request) { r.Header.Set("Origin", "chrome-extension://abc") },
		"cross-site":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"same-site":            func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"a form":               func(r *http.Request) { r.Header.Del("Tanba-Page") },
		"GET":                  func(r *http.Request) { r.Method = "GET" },
		"a preflight":          func(r *http.Request) { r.Method = "OPTIONS" },
		"localhost by address": func(r *http.Request) { r.Host = "localhost:13579" },
	} {
		if w := post(h, "journal/clear", "{}", edit); w.Code != http.StatusForbidden || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d, %v", name, w.Code, w.Header())
		}
	}
	if len(d.did) != 0 {
		t.Errorf("something was done: %v", d.did)
	}
}

// T11: the pages cannot be framed, run no script but their own, and are nobody's
// resource.
func TestT11Headers(t *testing.T) {
	h := pages.New(pages.Options{})
	get := func(path, dest, site string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = host
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Sec-Fetch-Dest", dest)
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		if h.Serves(r) {
			h.ServeHTTP(w, r)
		} else {
			w.WriteHeader(http.StatusNotFound)
		}
		return w
	}
	for _, path := range append([]string{"/app/app.js", "/app/dom.js", "/app/tokens.css"}, pages.Paths...) {
		w := get(path, "document", "none")
		if strings.HasPrefix(path, "/app/") {
			w = get(path, "script", "same-origin")
		}
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s: %q", path, name, got)
			}
		}
	}
	if w := get("/journal", "iframe", "cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("framed: %d", w.Code)
	}
	if w := get("/app/app.js", "script", "cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("as a resource of another site: %d", w.Code)
	}
	for _, path := range []string{"/app/../web.go", "/app/prompt/prompt.html", "/app/none.js", "/other"} {
		if w := get(path, "script", "same-origin"); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// The text of an error stays here; a Fault is put into the page's words.
func TestErrors(t *testing.T) {
	h := pages.New(pages.Options{Calls: map[string]pages.Call{
		"secret": func(context.Context, string, []byte) (any, error) { return nil, errors.New("open /home/a/key.p12") },
		"fault": func(context.Context, string, []byte) (any, error) {
			return nil, &pages.Fault{Key: "pages.settings.not_saved", Args: []any{"disk full"}}
		},
	}})
	if w := post(h, "secret", "", nil); w.Code != 500 || strings.Contains(w.Body.String(), "key.p12") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post(h, "fault", "", nil); w.Code != 422 || !strings.Contains(w.Body.String(), "Not saved: disk full") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post(h, "fault", "", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 1<<20))) }); w.Code == 200 {
		t.Error("a body without end was read")
	}
}

func TestSettings(t *testing.T) {
	kept := settings.Settings{Modules: []settings.Module{{Path: "/usr/lib/a.so"}}, Kiosk: true}
	h := pages.New(pages.Options{Calls: pages.SettingsCalls(pages.Settings{
		Load:  func() (settings.Settings, error) { return kept, nil },
		Save:  func(s settings.Settings) error { kept = s; return nil },
		Fixed: func() []string { return []string{"proxy"} },
	})})
	w := post(h, "settings/save", `{"language":"kk","phrase":"Айша","port":24000,"tsa":["http://tsp.pki.gov.kz"],"rememberMinutes":5,"quietHours":"21:00-09:00"}`, nil)
	if w.Code != 200 {
		t.Fatal(w.Body)
	}
	if kept.Language != "kk" || kept.Phrase != "Айша" || kept.Port != 24000 || kept.Remember != 5 {
		t.Errorf("%+v", kept)
	}
	// What the page does not show is not touched, and cannot be set by it.
	if len(kept.Modules) != 1 || !kept.Kiosk {
		t.Errorf("%+v", kept)
	}
	post(h, "settings/save", `{"modules":[{"path":"/tmp/evil.so"}],"kiosk":false,"plainWebSocket":true}`, nil)
	if kept.Modules[0].Path != "/usr/lib/a.so" || !kept.Kiosk || kept.PlainWS {
		t.Errorf("a page chose a module: %+v", kept)
	}
	var shown struct{ Fixed []string }
	if json.Unmarshal(post(h, "settings", "", nil).Body.Bytes(), &shown) != nil || len(shown.Fixed) != 1 {
		t.Error(shown)
	}
	for body, want := range map[string]string{
		`{"port":80}`:                "1024",
		`{"tsa":["file:///etc"]}`:    "http://",
		`{"proxy":"nonsense"}`:       "server:port",
		`{"quietHours":"night"}`:     "22:00",
		`{"rememberMinutes":100000}`: "15 minutes",
	} {
		if w := post(h, "settings/save", body, nil); w.Code != 422 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}

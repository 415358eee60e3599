package prompt

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a clock the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// window is a request under way, and a page that speaks to it without a browser.
type window struct {
	t      *testing.T
	base   string
	origin string
	token  string
	key    string
	seal   []byte
	clock  *clock
	log    *bytes.Buffer
	result chan error
	got    chan Decision
	cancel context.CancelFunc
	closed chan struct{}   // the test closes it: the browser ended
	window context.Context // of the opener: ends when the window is closed
}

func open(t *testing.T, r *Request, change ...func(*WebOptions)) *window {
	t.Helper()
	w := &window{t: t, clock: &clock{t: now}, log: &bytes.Buffer{}, result: make(chan error, 1), got: make(chan Decision, 1), closed: make(chan struct{})}
	opened := make(chan string, 1)
	o := WebOptions{
		Open: func(ctx context.Context, url string) (<-chan struct{}, error) {
			w.window = ctx
			opened <- url
			return w.closed, nil
		},
		Now: w.clock.Now, Gone: time.Minute,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, f := range change {
		f(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	t.Cleanup(cancel)
	go func() {
		d, err := NewWeb(o).Approve(ctx, r)
		w.got <- d
		w.result <- err
	}()
	select {
	case address := <-opened:
		u, err := url.Parse(address)
		if err != nil || u.Hostname() != "127.0.0.1" || u.Port() == "13579" || u.Path != "/" || u.RawQuery != "" {
			t.Fatalf("address of the window: %s, %v", address, err)
		}
		w.origin, w.token = "http://"+u.Host, u.Fragment
		w.base = w.origin
	case err := <-w.result:
		t.Fatalf("Approve: %v", err)
	}
	return w
}

// send is one request as the page would send it; change makes it another's.
func (w *window) send(method, path string, body any, change ...func(*http.Request)) (int, []byte, http.Header) {
	w.t.Helper()
	data, _ := json.Marshal(body)
	r, err := http.NewRequest(method, w.base+path, bytes.NewReader(data))
	if err != nil {
		w.t.Error(err)
		return 0, nil, nil
	}
	if method == http.MethodPost {
		r.Header.Set("Origin", w.origin)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Tanba-Key", w.key)
	}
	for _, f := range change {
		f(r)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, nil, nil
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, resp.Header
}

func (w *window) exchange() map[string]any {
	w.t.Helper()
	code, data, _ := w.send("POST", "/exchange", map[string]string{"token": w.token})
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil || code != 200 {
		w.t.Fatalf("exchange: %d %s", code, data)
	}
	w.key = v["key"].(string)
	w.seal, _ = base64.StdEncoding.DecodeString(v["seal"].(string))
	return v
}

func (w *window) unlock(path, password string) map[string]any {
	w.t.Helper()
	return w.unlockStore(map[string]any{"path": path}, password)
}

func (w *window) unlockStore(body map[string]any, password string) map[string]any {
	w.t.Helper()
	maps.Copy(body, w.sealed(password))
	_, data, _ := w.send("POST", "/unlock", body)
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		w.t.Fatalf("unlock: %s", data)
	}
	return v
}

// sealed is a password as the page sends it.
func (w *window) sealed(password string) map[string]any {
	w.t.Helper()
	own, _ := ecdh.P256().GenerateKey(rand.Reader)
	theirs, err := ecdh.P256().NewPublicKey(w.seal)
	if err != nil {
		w.t.Fatal(err)
	}
	shared, _ := own.ECDH(theirs)
	token, _ := base64.RawURLEncoding.DecodeString(w.token)
	key, _ := hkdf.Key(sha256.New, shared, token, sealInfo, 32)
	block, _ := aes.NewCipher(key)
	gcm, _ := cipher.NewGCM(block)
	nonce := make([]byte, 12)
	rand.Read(nonce)
	return map[string]any{"public": own.PublicKey().Bytes(), "nonce": nonce, "box": gcm.Seal(nil, nonce, []byte(password), nil)}
}

// look is the page in front of the person for long enough.
func (w *window) look() {
	w.t.Helper()
	w.send("POST", "/focus", map[string]bool{"focused": true})
	w.clock.add(time.Second)
}

func (w *window) wait() (Decision, error) {
	w.t.Helper()
	select {
	case err := <-w.result:
		return <-w.got, err
	case <-time.After(time.Minute):
		w.t.Fatal("no decision")
		return Decision{}, nil
	}
}

func (w *window) undecided() {
	w.t.Helper()
	select {
	case err := <-w.result:
		w.t.Fatalf("decided early: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
}

func minimal() *Request {
	r := sampleRequest()
	r.Minimum = 700 * time.Millisecond
	return r
}

func TestWebApproves(t *testing.T) {
	w := open(t, minimal())
	w.exchange()
	if v := w.unlock("/x.p12", "wrong"); v["error"] != UnlockWrongPassword {
		t.Fatalf("wrong password: %v", v)
	}
	v := w.unlock("/x.p12", "Qwerty12")
	key := v["keys"].([]any)[0].(map[string]any)
	if iin := key["iin"].(string); strings.Contains(iin, "1234567") || !strings.HasSuffix(iin, "9011") {
		t.Errorf("the ИИН leaves the program as %q", iin)
	}
	w.look()
	if code, data, _ := w.send("POST", "/approve", map[string]any{"key": "a"}); code != 200 {
		t.Fatalf("approve: %d %s", code, data)
	}
	d, err := w.wait()
	if err != nil || d.KeyID != "a" {
		t.Fatalf("decision %+v, %v", d, err)
	}
	d.Progress.Step(1)
	if code, data, _ := w.send("POST", "/poll", map[string]string{"tag": ""}); code != 200 || !bytes.Contains(data, []byte(`"state":"work","done":1`)) {
		t.Errorf("poll: %d %s", code, data)
	}
	w.send("POST", "/stop", nil)
	select {
	case <-d.Progress.Stopped():
	case <-time.After(time.Minute):
		t.Error("Stop did not arrive")
	}
	d.Progress.Finish("")
	close(w.closed)
	select {
	case <-w.window.Done():
	case <-time.After(time.Minute):
		t.Error("the window was left open")
	}
}

// TestT10PhraseIsForTheGenuineWindow: the person's phrase is in nothing that can be
// had without the token, nor in the address.
func TestT10PhraseIsForTheGenuineWindow(t *testing.T) {
	r := minimal()
	r.Phrase = "көк түйе"
	w := open(t, r)
	for _, path := range []string{"/", "/prompt.js", "/screens.js", "/prompt.css"} {
		if code, data, _ := w.send("GET", path, nil); code != 200 || bytes.Contains(data, []byte(r.Phrase)) {
			t.Errorf("%s: %d", path, code)
		}
	}
	if _, data, _ := w.send("POST", "/exchange", map[string]string{"token": "AAAAAAAAAAAAAAAAAAAAAA"}); bytes.Contains(data, []byte(r.Phrase)) {
		t.Error("a guessed token shows the phrase")
	}
	if v := w.exchange(); v["phrase"] != r.Phrase {
		t.Errorf("the genuine window shows %v", v["phrase"])
	}
}

func TestT11TokenReuseCancels(t *testing.T) {
	w := open(t, minimal())
	w.exchange()
	if code, _, _ := w.send("POST", "/exchange", map[string]string{"token": w.token}); code != http.StatusForbidden {
		t.Errorf("second exchange: %d", code)
	}
	if _, err := w.wait(); !errors.Is(err, ErrCancelled) {
		t.Errorf("err = %v", err)
	}
	if !strings.Contains(w.log.String(), "used twice") {
		t.Errorf("the log says %q", w.log)
	}
}

func TestT11WrongTokenIsRefused(t *testing.T) {
	w := open(t, minimal())
	for _, token := range []string{"", "AAAAAAAAAAAAAAAAAAAAAA", "%%%", w.token + "AA", w.token[:10]} {
		if code, _, _ := w.send("POST", "/exchange", map[string]string{"token": token}); code != http.StatusForbidden {
			t.Errorf("token %q: %d", token, code)
		}
	}
	w.undecided()
	w.exchange() // the right one still works: a guess costs the person nothing
}

func TestT11WhoMayCall(t *testing.T) {
	w := open(t, minimal())
	w.exchange()
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(value string) func(*http.Request) { return func(r *http.Request) { r.Host = value } }
	port := w.origin[strings.LastIndex(w.origin, ":"):]
	for _, c := range []struct {
		name, method, path string
		change             func(*http.Request)
		want               int
	}{
		{"page", "GET", "/", set("Sec-Fetch-Site", "none"), 200},
		{"page from itself", "GET", "/", set("Sec-Fetch-Site", "same-origin"), 200},
		{"page without metadata", "GET", "/", set("X", "y"), 200},
		{"rebinding host", "GET", "/", host("evil.test" + port), 403},
		{"localhost", "GET", "/", host("localhost" + port), 403},
		{"other port", "GET", "/", host("127.0.0.1:13579"), 403},
		{"no port", "GET", "/", host("127.0.0.1"), 403},
		{"page from another site", "GET", "/", set("Sec-Fetch-Site", "cross-site"), 403},
		{"page from the same site", "GET", "/", set("Sec-Fetch-Site", "same-site"), 403},
		{"framed", "GET", "/", set("Sec-Fetch-Dest", "iframe"), 403},
		{"embedded", "GET", "/", set("Sec-Fetch-Dest", "object"), 403},
		{"script from another site", "GET", "/prompt.js", set("Sec-Fetch-Site", "cross-site"), 403},
		{"script typed in", "GET", "/prompt.js", set("Sec-Fetch-Site", "none"), 403},
		{"script fetched with an origin", "GET", "/prompt.js", set("Origin", "https://evil.test"), 403},
		{"unknown file", "GET", "/../web.go", set("X", "y"), 404},
		{"folder", "GET", "/prompt", set("X", "y"), 404},
		{"call by GET", "GET", "/cancel", set("X", "y"), 404},
		{"put", "PUT", "/approve", set("X", "y"), 403},
		{"preflight", "OPTIONS", "/approve", set("Origin", "https://evil.test"), 403},
		{"call", "POST", "/poll", set("X", "y"), 200},
		{"call from another origin", "POST", "/poll", set("Origin", "https://egov.kz"), 403},
		{"call from null", "POST", "/poll", set("Origin", "null"), 403},
		{"call from another port", "POST", "/poll", set("Origin", "http://127.0.0.1:1"), 403},
		{"call over https", "POST", "/poll", set("Origin", "https://127.0.0.1"+port), 403},
		{"call without origin", "POST", "/poll", func(r *http.Request) { r.Header.Del("Origin") }, 403},
		{"call cross-site", "POST", "/poll", set("Sec-Fetch-Site", "cross-site"), 403},
		{"call typed in", "POST", "/poll", set("Sec-Fetch-Site", "none"), 403},
		{"form", "POST", "/poll", set("Content-Type", "text/plain"), 403},
		{"without key", "POST", "/poll", func(r *http.Request) { r.Header.Del("Tanba-Key") }, 403},
		{"wrong key", "POST", "/poll", set("Tanba-Key", "AAAAAAAAAAAAAAAAAAAAAA"), 403},
		{"key in a cookie", "POST", "/poll", func(r *http.Request) {
			r.Header.Set("Cookie", "Tanba-Key="+r.Header.Get("Tanba-Key"))
			r.Header.Del("Tanba-Key")
		}, 403},
		{"unknown call", "POST", "/keys", set("X", "y"), 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, h := w.send(c.method, c.path, map[string]string{"tag": "x"}, c.change)
			if code != c.want {
				t.Errorf("answer %d, want %d", code, c.want)
			}
			for name, value := range securityHeaders {
				if h.Get(name) != value {
					t.Errorf("header %s = %q", name, h.Get(name))
				}
			}
			for name := range h {
				if strings.HasPrefix(name, "Access-Control-") || name == "Set-Cookie" {
					t.Errorf("header %s is sent", name)
				}
			}
		})
	}
	w.undecided()
}

func TestT11OtherPeerIsRefused(t *testing.T) {
	w := open(t, minimal(), func(o *WebOptions) {
		o.Peer = func(c net.Conn) error { return errors.New("another user") }
	})
	if code, _, _ := w.send("GET", "/", nil); code != 0 {
		t.Errorf("another user's process was answered with %d", code)
	}
	w.undecided()
}

func TestT9EarlyApprovalIsRefused(t *testing.T) {
	w := open(t, minimal())
	w.exchange()
	w.unlock("/x.p12", "Qwerty12")
	try := func(want int, when string) {
		t.Helper()
		if code, _, _ := w.send("POST", "/approve", map[string]any{"key": "a"}); code != want {
			t.Errorf("%s: %d, want %d", when, code, want)
		}
	}
	try(http.StatusTooEarly, "without focus")
	w.send("POST", "/focus", map[string]bool{"focused": true})
	try(http.StatusTooEarly, "at once")
	w.clock.add(699 * time.Millisecond)
	try(http.StatusTooEarly, "after 699 ms")
	w.send("POST", "/focus", map[string]bool{"focused": false})
	w.clock.add(time.Minute)
	try(http.StatusTooEarly, "behind another window")
	w.send("POST", "/focus", map[string]bool{"focused": true})
	w.send("POST", "/focus", map[string]bool{"focused": true}) // saying it twice does not start it again
	w.clock.add(700 * time.Millisecond)
	w.undecided()
	try(http.StatusOK, "after 700 ms")
	try(http.StatusConflict, "a second time")
	if d, err := w.wait(); err != nil {
		t.Error(err)
	} else {
		d.Progress.Finish("")
	}
}

func TestApprovalNeedsAKeyThatFits(t *testing.T) {
	unfit, ended := sampleKey(), sampleKey()
	unfit.ID, unfit.Fits, unfit.Reason = "unfit", false, "reason.expired"
	ended.ID, ended.Expired, ended.NeedsConsent = "ended", true, true
	r := minimal()
	r.Unlock = unlocks(unfit, ended)
	w := open(t, r)
	w.exchange()
	w.look()
	for _, c := range []struct {
		body any
		when string
	}{
		{map[string]any{"key": "ended", "confirmed": true}, "before a file is open"},
	} {
		if code, _, _ := w.send("POST", "/approve", c.body); code != http.StatusConflict {
			t.Errorf("%s: %d", c.when, code)
		}
	}
	w.unlock("/x.p12", "Qwerty12")
	for _, body := range []map[string]any{{"key": "unfit"}, {"key": "unfit", "confirmed": true}, {"key": "ended"}, {"key": "other"}, {}} {
		if code, _, _ := w.send("POST", "/approve", body); code != http.StatusConflict {
			t.Errorf("%v: %d", body, code)
		}
	}
	w.undecided()
	if code, _, _ := w.send("POST", "/approve", map[string]any{"key": "ended", "confirmed": true}); code != 200 {
		t.Errorf("confirmed: %d", code)
	}
	d, err := w.wait()
	if err != nil || !d.Confirmed {
		t.Fatalf("%+v, %v", d, err)
	}
	d.Progress.Finish("")
}

func TestUnsealedPasswordIsRefused(t *testing.T) {
	asked := false
	r := minimal()
	r.Unlock = func(context.Context, string, []byte) ([]Key, error) { asked = true; return nil, nil }
	w := open(t, r)
	w.exchange()
	for _, body := range []map[string]any{
		{"path": "/x", "password": "Qwerty12"},
		{"path": "/x", "public": []byte{4}, "nonce": make([]byte, 12), "box": make([]byte, 32)},
		{"path": "/x", "public": w.seal, "nonce": make([]byte, 12), "box": make([]byte, 32)},
		{"path": "/x", "public": w.seal, "nonce": []byte{1}, "box": make([]byte, 32)},
	} {
		if code, _, _ := w.send("POST", "/unlock", body); code != http.StatusBadRequest {
			t.Errorf("%v: %d", body, code)
		}
	}
	if asked {
		t.Error("a key store was tried")
	}
}

func TestWindowClosedIsCancelled(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*window)
		want error
	}{
		{"cancel", func(w *window) { w.exchange(); w.send("POST", "/cancel", nil) }, ErrCancelled},
		{"browser ends", func(w *window) { w.exchange(); close(w.closed) }, ErrCancelled},
		{"browser does not start", func(w *window) { close(w.closed) }, ErrUnavailable},
		{"request ends", func(w *window) { w.exchange(); w.cancel() }, ErrCancelled},
		{"page is silent", func(w *window) { w.exchange() }, ErrCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t, minimal(), func(o *WebOptions) {
				if c.name == "page is silent" {
					o.Gone = time.Second
				}
			})
			c.do(w)
			if _, err := w.wait(); !errors.Is(err, c.want) {
				t.Errorf("err = %v, want %v", err, c.want)
			}
			select {
			case <-w.window.Done():
			case <-time.After(time.Minute):
				t.Error("the window was left open")
			}
			if _, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://")); err == nil {
				t.Error("the port is still open")
			}
		})
	}
}

func TestNoBrowserShowsThePage(t *testing.T) {
	w := open(t, minimal(), func(o *WebOptions) { o.Load = 30 * time.Millisecond })
	if _, err := w.wait(); !errors.Is(err, ErrUnavailable) {
		t.Errorf("err = %v", err)
	}
}

func TestPickFileChecksThePath(t *testing.T) {
	dir := t.TempDir()
	r := &Request{Purpose: PickFile, Extensions: []string{"xml"}}
	w := open(t, r)
	w.exchange()
	for path, want := range map[string]string{
		"":                    "browse.not_found",
		"relative.xml":        "browse.not_found",
		dir + "/missing.xml":  "browse.not_found",
		dir:                   "browse.other_kind",
		"/etc/passwd":         "browse.other_kind",
		`\\host\share\a.xml`:  "browse.not_found",
		"../../../etc/passwd": "browse.not_found",
	} {
		_, data, _ := w.send("POST", "/approve", map[string]any{"path": path})
		if !strings.Contains(string(data), want) {
			t.Errorf("%q: %s, want %s", path, data, want)
		}
	}
	w.undecided()
}

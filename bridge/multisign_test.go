package bridge

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/cms"
)

func withMultisign(o *Options) { o.Multisign = "127.0.0.1:0" }

// startMultisign runs a bridge with the second port and returns a page of the
// portal that uses it.
func startMultisign(t testing.TB, d Desk, change ...func(*Options)) *site {
	t.Helper()
	r := start(t, d, append([]func(*Options){withMultisign}, change...)...)
	addr, err := r.Multisign()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, running: r, addr: addr.String(), origin: portal}
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: r.tls()}, Timeout: 2 * time.Minute}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

// site is a page as the second port sees it: fetch with credentials.
type site struct {
	t testing.TB
	*running
	client *http.Client
	addr   string
	origin string
	cookie string
}

// as is another page in the same browser.
func (s *site) as(origin string) *site {
	o := *s
	o.origin, o.cookie = origin, ""
	return &o
}

func (s *site) request(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	r, err := http.NewRequest(method, "https://"+s.addr+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.origin != "" {
		r.Header.Set("Origin", s.origin)
	}
	if s.cookie != "" {
		r.Header.Set("Cookie", operationCookie+"="+s.cookie)
	}
	return r
}

func (s *site) do(r *http.Request) (int, http.Header, string) {
	s.t.Helper()
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	for _, c := range resp.Cookies() {
		if c.Name == operationCookie {
			s.cookie = c.Value
		}
	}
	return resp.StatusCode, resp.Header, string(body)
}

func (s *site) post(path, body string) (int, string) {
	s.t.Helper()
	code, _, answer := s.do(s.request("POST", path, strings.NewReader(body)))
	return code, answer
}

func startBody(n int, encoded, attached bool) string {
	return fmt.Sprintf(`{"numberOfDocuments":%d,"base64":%v,"encapsulateContent":%v}`, n, encoded, attached)
}

// begin starts an operation and returns its path.
func (s *site) begin(n int, encoded, attached bool) string {
	s.t.Helper()
	code, id := s.post("/", startBody(n, encoded, attached))
	if code != http.StatusOK || len(id) < 26 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		s.t.Fatalf("start: %d %q", code, id)
	}
	return "/" + id
}

// wantSignature checks a signature over content by our own verifier.
func wantSignature(t testing.TB, k testKey, der, content []byte, detached bool) {
	t.Helper()
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatalf("%v in %.60x", err, der)
	}
	if sd.Detached != detached || !detached && !bytes.Equal(sd.Content, content) {
		t.Fatalf("detached %v with %d octets of content, want %v", sd.Detached, len(sd.Content), detached)
	}
	if !detached {
		content = nil
	}
	results, err := sd.Verify(content)
	if err != nil || len(results) != 1 || results[0].Err != nil {
		t.Fatalf("verify: %v, %+v", err, results)
	}
	if results[0].Certificate.Fingerprint() != k.Identity.Certificate.Fingerprint() {
		t.Fatal("signed with another certificate")
	}
}

// Off by default, and then there is no second port at all.
func TestMultisignOff(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	if addr, err := r.Multisign(); addr != nil || err != nil {
		t.Fatalf("%v, %v", addr, err)
	}
}

// Somebody else on the port, KAZTOKEN desktop most likely, is named, and the
// bridge serves without it.
func TestMultisignPortTaken(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := start(t, &desk{ask: cancelAlways}, func(o *Options) { o.Multisign = l.Addr().String() })
	addr, err := r.Multisign()
	var taken *PortTaken
	if addr != nil || !errors.As(err, &taken) || taken.Addr != l.Addr().String() {
		t.Fatalf("%v, %v", addr, err)
	}
	r.serves()
}

func TestMultisignAddress(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:24680", "[::1]:24680", "localhost:24680", "24680"} {
		b, err := bundle()
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(Options{Desk: &desk{}, TLS: fixedLeaf{b}, Multisign: addr})
		if err == nil || !strings.Contains(err.Error(), "address must be 127.0.0.1 and a port") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// The cookie as T3 wants it, and what the person is told before the yes.
func TestMultisignStart(t *testing.T) {
	k := newKey(t, profile)
	d := &desk{ask: grants(k)}
	s := startMultisign(t, d)
	for body, want := range map[string]consent.Question{
		`{"numberOfDocuments":3,"base64":true,"encapsulateContent":false}`: {Total: 3, Detached: true},
		`{"numberOfDocuments":1,"base64":false,"encapsulateContent":true}`: {Total: 1},
		`{"numberOfDocuments":2}`: {Total: 2},
		`{"numberOfDocuments":2,"base64":null,"encapsulateContent":null}`:   {Total: 2},
		`{"numberOfDocuments":7,"encapsulateContent":false,"unknown":[{}]}`: {Total: 7, Detached: true},
	} {
		fresh := s.as(portal)
		code, h, id := fresh.do(fresh.request("POST", "/", strings.NewReader(body)))
		if code != http.StatusOK || h.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Fatalf("%s: %d %q %v", body, code, id, h)
		}
		cookie := h.Get("Set-Cookie")
		if cookie != "operationCookie="+fresh.cookie+"; Path=/; HttpOnly; Secure; SameSite=None; Partitioned" || len(fresh.cookie) < 26 || fresh.cookie == id {
			t.Errorf("cookie %q", cookie)
		}
		asked := d.asked()
		q := asked[len(asked)-1]
		if q.Total != want.Total || q.Detached != want.Detached || !q.Unseen || len(q.Documents) != 0 || q.Asker.Origin != portal || q.Asker.Local || q.Operation != "multisign" {
			t.Errorf("%s: asked %+v", body, q)
		}
	}
}

// Documents raw and in base64, attached and detached, small and large, one
// after another: 401 after the last.
func TestMultisignDocuments(t *testing.T) {
	k := newKey(t, profile)
	large := bytes.Repeat([]byte("большой документ\n"), 150_000) // more than is kept in memory
	documents := [][]byte{[]byte("1"), {}, large, []byte("\x00\xff"), bytes.Repeat([]byte{7}, spoolMemory), bytes.Repeat([]byte{8}, spoolMemory+1)}
	for _, encoded := range []bool{false, true} {
		for _, attached := range []bool{false, true} {
			t.Run(fmt.Sprintf("base64=%v,attached=%v", encoded, attached), func(t *testing.T) {
				p := newProgress()
				s := startMultisign(t, &desk{ask: grantsWith(k, p)}, func(o *Options) { o.State = stateDir(t) })
				path := s.begin(len(documents), encoded, attached)
				for i, document := range documents {
					body := string(document)
					if encoded {
						body = base64.StdEncoding.EncodeToString(document)
					}
					code, answer := s.post(path, body)
					if code != http.StatusOK {
						t.Fatalf("document %d: %d %.100q", i, code, answer)
					}
					der := []byte(answer)
					if encoded {
						var err error
						if der, err = base64.StdEncoding.Strict().DecodeString(answer); err != nil || strings.ContainsAny(answer, "\r\n") {
							t.Fatalf("document %d: %v", i, err)
						}
					}
					wantSignature(t, k, der, document, !attached)
				}
				if code, answer := s.post(path, "one too many"); code != http.StatusUnauthorized {
					t.Errorf("after the last: %d %q", code, answer)
				}
				eventually(t, "the window is told", func() bool { _, end := p.end(); return len(end) > 0 })
				if steps, end := p.end(); len(end) != 1 || end[0] != "" || len(steps) != len(documents) || steps[len(steps)-1] != len(documents) {
					t.Errorf("window: steps %v, end %q", steps, end)
				}
				wantEmptyDir(t, string(s.o.State))
			})
		}
	}
}

// Both origins of the answer: one that wraps lines is read as well, one that is
// not base64 costs the document nothing but an answer.
func TestMultisignBadDocuments(t *testing.T) {
	k := newKey(t, profile)
	s := startMultisign(t, &desk{ask: grants(k)}, func(o *Options) { o.State, o.Limits.Attached = stateDir(t), 2<<20 })
	path := s.begin(2, true, true)
	for name, tc := range map[string]struct {
		body string
		want int
	}{
		"not base64":     {"M*Ek", 400},
		"cut":            {"MTE", 400},
		"padding inside": {"MQ==MQ==", 400},
		"URL alphabet":   {"-_-_", 400},
		"over the limit": {base64.StdEncoding.EncodeToString(make([]byte, 2<<20+1)), 413},
	} {
		if code, answer := s.post(path, tc.body); code != tc.want {
			t.Errorf("%s: %d %q, want %d", name, code, answer, tc.want)
		}
	}
	for range 2 {
		if code, answer := s.post(path, "MTEx\r\nMTEx\n"); code != 200 {
			t.Errorf("after that: %d %q", code, answer)
		} else if der, err := base64.StdEncoding.DecodeString(answer); err != nil {
			t.Error(err)
		} else {
			wantSignature(t, k, der, []byte("111111"), false)
		}
	}
	if code, _ := s.post(path, "MTEx"); code != 401 {
		t.Errorf("after the last: %d", code)
	}
}

func TestMultisignRefused(t *testing.T) {
	s := startMultisign(t, &desk{ask: cancelAlways})
	code, h, _ := s.do(s.request("POST", "/", strings.NewReader(startBody(1, true, true))))
	if code != http.StatusConflict || h.Get("Set-Cookie") != "" || h.Get("Access-Control-Allow-Origin") != portal {
		t.Errorf("%d %v", code, h)
	}
	broken := startMultisign(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) { return nil, errors.New("disk") }})
	if code, body := broken.post("/", startBody(1, true, true)); code != http.StatusInternalServerError || strings.Contains(body, "disk") {
		t.Errorf("%d %q", code, body)
	}
	panics := startMultisign(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) { panic("secret of the person") }})
	if code, body := panics.post("/", startBody(1, true, true)); code != http.StatusInternalServerError || strings.Contains(body+panics.log.String(), "secret") {
		t.Errorf("%d %q", code, body)
	}
	panics.serves()
}

package bridge

import (
	"net/http"
	"strings"
	"testing"
)

// T3: what must not work, and that nobody is asked. Each row is a request of a
// page of the portal that is changed in one point.
func TestT3Requests(t *testing.T) {
	d := &desk{ask: cancelAlways}
	s := startMultisign(t, d)
	port := s.addr[strings.LastIndexByte(s.addr, ':')+1:]
	set := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	for _, tc := range []struct {
		name, method, path string
		change             func(*http.Request)
		body               string
		status             int
		closed             bool // no page may read the answer
	}{
		{"GET", "GET", "/", nil, "", 200, false},
		{"GET that carries a start", "GET", "/", nil, startBody(1, true, true), 200, false},
		{"GET with a query", "GET", "/?numberOfDocuments=1", nil, "", 200, false},
		{"HEAD", "HEAD", "/", nil, "", 200, false},
		{"image of a page", "GET", "/", set("Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "image"), "", 200, false},
		{"image of an operation", "GET", "/ABCDEFGHIJKLMNOPQRSTUVWXYZ", set("Sec-Fetch-Mode", "no-cors"), "", 404, false},
		{"GET elsewhere", "GET", "/health", nil, "", 404, false},
		{"WebSocket", "GET", "/", set("Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="), "", 200, false},
		{"PUT", "PUT", "/", nil, startBody(1, true, true), 405, false},
		{"DELETE", "DELETE", "/ABCDEFGHIJKLMNOPQRSTUVWXYZ", nil, "", 405, false},
		{"form", "POST", "/", set("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document", "Content-Type", "text/plain"), startBody(1, true, true), 403, false},
		{"form in a frame", "POST", "/", set("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"), startBody(1, true, true), 403, false},
		{"beacon", "POST", "/", set("Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "cross-site"), startBody(1, true, true), 403, false},
		{"typed address", "POST", "/", set("Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "none"), startBody(1, true, true), 403, false},
		{"a page of this port", "POST", "/", set("Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin"), startBody(1, true, true), 403, false},
		{"unknown mode", "POST", "/", set("Sec-Fetch-Mode", "webbundle"), startBody(1, true, true), 403, false},
		{"no origin", "POST", "/", func(r *http.Request) { r.Header.Del("Origin") }, startBody(1, true, true), 403, true},
		{"sandboxed page", "POST", "/", set("Origin", "null"), startBody(1, true, true), 403, true},
		{"page of a file", "POST", "/", set("Origin", "file://"), startBody(1, true, true), 403, true},
		{"http page", "POST", "/", set("Origin", "http://egov.kz"), startBody(1, true, true), 403, true},
		{"http page, GET", "GET", "/", set("Origin", "http://egov.kz"), "", 403, true},
		{"two origins", "POST", "/", func(r *http.Request) { r.Header.Add("Origin", "https://egov.kz") }, startBody(1, true, true), 403, true},
		{"origin with a path", "POST", "/", set("Origin", "https://egov.kz/"), startBody(1, true, true), 403, true},
		{"rebound name", "POST", "/", host("evil.test:" + port), startBody(1, true, true), 403, true},
		{"rebound name, GET", "GET", "/", host("evil.test:" + port), "", 403, true},
		{"port of the other server", "POST", "/", host("127.0.0.1:13579"), startBody(1, true, true), 403, true},
		{"no port", "POST", "/", host("127.0.0.1"), startBody(1, true, true), 403, true},
		{"behind a proxy", "POST", "/", set("X-Forwarded-Host", "evil.test"), startBody(1, true, true), 403, true},

		{"no body", "POST", "/", nil, "", 400, false},
		{"not JSON", "POST", "/", nil, "hello", 400, false},
		{"half", "POST", "/", nil, `{"numberOfDocuments":1`, 400, false},
		{"more after it", "POST", "/", nil, startBody(1, true, true) + "x", 400, false},
		{"an array", "POST", "/", nil, `[1]`, 400, false},
		{"no number", "POST", "/", nil, `{"base64":true}`, 400, false},
		{"null number", "POST", "/", nil, `{"numberOfDocuments":null,"base64":true}`, 400, false},
		{"zero", "POST", "/", nil, startBody(0, true, true), 400, false},
		{"negative", "POST", "/", nil, startBody(-1, true, true), 400, false},
		{"fraction", "POST", "/", nil, `{"numberOfDocuments":1.5}`, 400, false},
		{"text number", "POST", "/", nil, `{"numberOfDocuments":"1"}`, 400, false},
		{"more than anybody can mean", "POST", "/", nil, startBody(1000001, true, true), 400, false},
		{"base64 is no bool", "POST", "/", nil, `{"numberOfDocuments":1,"base64":"yes"}`, 400, false},
		{"encapsulateContent is no bool", "POST", "/", nil, `{"numberOfDocuments":1,"encapsulateContent":0}`, 400, false},
		{"large", "POST", "/", nil, `{"numberOfDocuments":1,"x":"` + strings.Repeat("x", 5000) + `"}`, 400, false},

		{"no such operation", "POST", "/ABCDEFGHIJKLMNOPQRSTUVWXYZ", set("Cookie", "operationCookie=ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "x", 401, false},
		{"a document without an operation", "POST", "/x", nil, strings.Repeat("x", 1<<20), 401, false},
		{"a path below", "POST", "/a/b", nil, "x", 401, false},
		{"dots", "POST", "/..", nil, "x", 401, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := s.request(tc.method, tc.path, strings.NewReader(tc.body))
			if tc.change != nil {
				tc.change(r)
			}
			code, h, body := s.do(r)
			if code != tc.status {
				t.Errorf("%d %q, want %d", code, body, tc.status)
			}
			allowed, credentials := h["Access-Control-Allow-Origin"], h.Get("Access-Control-Allow-Credentials")
			if tc.closed && (len(allowed) > 0 || credentials != "") {
				t.Errorf("%q may read it", allowed)
			}
			if !tc.closed && (len(allowed) != 1 || allowed[0] != portal || credentials != "true") {
				t.Errorf("%q may read it, credentials %q", allowed, credentials)
			}
			if h.Get("Vary") != "Origin" || h.Get("Cache-Control") != "no-store" || h.Get("Set-Cookie") != "" {
				t.Errorf("headers %v", h)
			}
		})
	}
	if n := len(d.asked()); n != 0 {
		t.Errorf("the person was asked %d times", n)
	}
}

// What a page may send does reach the person.
func TestT3Admitted(t *testing.T) {
	d := &desk{ask: cancelAlways}
	s := startMultisign(t, d)
	for name, headers := range map[string][]string{
		"Chromium, Firefox": {"Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "empty"},
		"page of 127.0.0.1": {"Origin", "https://127.0.0.1:8443", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-site"},
		"extension":         {"Origin", "chrome-extension://nmmhkkegccagdldgiimedpiccmgmieda", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "none"},
		"old browser":       {},
		"any content type":  {"Content-Type", "application/x-www-form-urlencoded"},
	} {
		r := s.request("POST", "/", strings.NewReader(startBody(1, true, true)))
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		code, h, body := s.do(r)
		if code != http.StatusConflict || h.Get("Access-Control-Allow-Origin") != r.Header.Get("Origin") {
			t.Errorf("%s: %d %q %v", name, code, body, h)
		}
	}
	if n := len(d.asked()); n != 5 {
		t.Errorf("the person was asked %d times", n)
	}
}

func TestMultisignPreflight(t *testing.T) {
	s := startMultisign(t, &desk{ask: cancelAlways})
	for _, tc := range []struct {
		origin, headers, private string
		status                   int
	}{
		{portal, "content-type", "true", 204},
		{portal, "", "", 204},
		{portal, "content-type, x-any", "", 204},
		{portal, "x\"<", "", 204},
		{"null", "content-type", "true", 403},
		{"", "content-type", "true", 403},
		{"http://egov.kz", "content-type", "true", 403},
	} {
		r := s.as(tc.origin).request("OPTIONS", "/ABC", nil)
		r.Header.Set("Access-Control-Request-Method", "POST")
		if tc.headers != "" {
			r.Header.Set("Access-Control-Request-Headers", tc.headers)
		}
		if tc.private != "" {
			r.Header.Set("Access-Control-Request-Private-Network", tc.private)
		}
		code, h, _ := s.do(r)
		if code != tc.status {
			t.Errorf("%+v: %d", tc, code)
		}
		want := map[string]string{
			"Access-Control-Allow-Origin": portal, "Access-Control-Allow-Methods": "GET, POST",
			"Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Private-Network": tc.private, "Access-Control-Allow-Headers": tc.headers,
		}
		if strings.ContainsAny(tc.headers, "<") {
			want["Access-Control-Allow-Headers"] = ""
		}
		for name, value := range want {
			if tc.status != 204 {
				value = ""
			}
			if got := h.Get(name); got != value {
				t.Errorf("%+v: %s: %q, want %q", tc, name, got, value)
			}
		}
	}
}

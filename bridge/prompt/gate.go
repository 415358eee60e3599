package prompt

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"tanba/bridge/web"
)

// securityHeaders are on every answer (security.md §8.2 row 7).
var securityHeaders = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
	"X-Frame-Options":              "DENY",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
}

// handler serves the page and its calls. What must not come in is refused here,
// before anything looks at the path: another Host, another Origin, a frame, a
// request another site caused, a call without the key of the page.
func (s *session) handler() http.Handler {
	host := "127.0.0.1:" + strconv.Itoa(s.port)
	calls := s.calls()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		if why := refuse(r, host); why != "" {
			s.o.Log.Warn("prompt: a request to the window was refused", "why", why)
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		if r.Method == http.MethodGet {
			name := strings.TrimPrefix(r.URL.Path, "/")
			if name == "" {
				name = "prompt.html"
			}
			data, kind, ok := web.Prompt(name)
			if !ok {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", kind)
			w.Write(data)
			return
		}
		call, ok := calls[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.URL.Path != "/exchange" {
			key, err := base64.RawURLEncoding.DecodeString(r.Header.Get("Tanba-Key"))
			if err != nil || !s.authorised(key) {
				http.Error(w, "forbidden", http.StatusForbidden)
				return
			}
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		call(w, r)
	})
}

// refuse says why a request does not come from the window, or "".
func refuse(r *http.Request, host string) string {
	if r.Host != host {
		return "host"
	}
	site, dest := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Dest")
	switch r.Method {
	case http.MethodGet:
		if o := r.Header.Get("Origin"); o != "" && o != "http://"+host {
			return "origin"
		}
		// The person, or the program that opens the browser, may come from
		// nowhere to the page itself; everything else comes from the page.
		if site != "" && site != "same-origin" && !(site == "none" && (r.URL.Path == "/" || r.URL.Path == "/icon.svg")) {
			return "fetch site"
		}
		if r.URL.Path == "/" && dest != "" && dest != "document" {
			return "framed"
		}
	case http.MethodPost:
		if r.Header.Get("Origin") != "http://"+host {
			return "origin"
		}
		if site != "" && site != "same-origin" {
			return "fetch site"
		}
		if kind := r.Header.Get("Content-Type"); kind != "application/json" {
			return "content type"
		}
	default:
		return "method"
	}
	return ""
}

// Package pages serves Tanba's own pages at https://127.0.0.1:13579/: is
// everything well, keys, permissions, journal, settings, about.
//
// A page is a shell of static files and calls: POST /api/NAME with a JSON body
// and a JSON answer. Reading is a call too, so that nothing about the person is
// ever in an answer to a GET, whoever sends it.
//
// # Who may call
//
// The bridge has checked the peer's user and the Host (T5, T2) before a request
// comes here. A call must carry our own Origin, which no other page can, and the
// header Tanba-Page, which no form can (T1, T3); there is no CORS, nothing may
// frame us, no script but our own files runs. What would let a page reach
// further than these pages show stays out of them on purpose: the paths of
// PKCS#11 modules, robots' policies and the limits of an administrator are
// files, and only files.
package pages

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"tanba/bridge/web"
	"tanba/internal/i18n"
)

// Call answers one call. body is JSON, lang the language of the page. The text
// of an error does not leave the program; a *Fault does.
type Call func(ctx context.Context, lang string, body []byte) (any, error)

// Fault is trouble the page can put into words: Key is a key of the catalogue.
type Fault struct {
	Key  string
	Args []any
}

func (f *Fault) Error() string { return "pages: " + f.Key }

// Download is an answer that the browser saves as a file.
type Download struct {
	Name, Type string
	Write      func(w io.Writer) error
}

// Stream is a call that reads a body of any size by itself.
type Stream func(ctx context.Context, lang string, body io.Reader) (any, error)

// Options say what a Handler serves.
type Options struct {
	Calls   map[string]Call
	Streams map[string]Stream
	// Language is that of the person, "" = what the browser prefers.
	Language func() string
	Log      *slog.Logger // nil = none
}

// Handler serves the pages. It is safe for use by several goroutines.
type Handler struct{ o Options }

// New returns a Handler.
func New(o Options) *Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Language == nil {
		o.Language = func() string { return "" }
	}
	return &Handler{o}
}

// Paths are the addresses of pages; each is the same shell.
var Paths = []string{"/", "/keys", "/renew", "/permissions", "/journal", "/verify", "/settings", "/about"}

// Time for a call; a look at every browser's store takes some seconds.
const patience = 60 * time.Second

var headers = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self' wss://127.0.0.1:*; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
	"X-Frame-Options":              "DENY",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
}

// Serves reports whether a request is for the pages; the bridge answers all
// others itself.
func (h *Handler) Serves(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/app/") {
		return true
	}
	for _, p := range Paths {
		if r.URL.Path == p {
			return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
				(p != "/" || strings.Contains(r.Header.Get("Accept"), "text/html"))
		}
	}
	return false
}

// ServeHTTP answers a request for which Serves holds.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	if why := refuse(r); why != "" {
		h.o.Log.Warn("pages: a request was refused", "why", why)
		http.Error(w, "forbidden", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodPost {
		h.call(w, r)
		return
	}
	name := "index.html"
	if asset, ok := strings.CutPrefix(r.URL.Path, "/app/"); ok {
		name = asset
	}
	data, kind, ok := web.Page(name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Write(data)
}

// refuse says why a request does not come from our own page, or "".
func refuse(r *http.Request) string {
	site := r.Header.Get("Sec-Fetch-Site")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		switch {
		case r.Method != http.MethodPost:
			return "method"
		case r.Header.Get("Origin") != "https://"+r.Host:
			return "origin"
		case site != "" && site != "same-origin":
			return "fetch site"
		case r.Header.Get("Tanba-Page") != "1":
			return "header"
		}
		return ""
	}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return "method"
	case strings.HasPrefix(r.URL.Path, "/app/") && site != "" && site != "same-origin":
		return "fetch site" // our files are nobody's resources
	}
	if dest := r.Header.Get("Sec-Fetch-Dest"); !strings.HasPrefix(r.URL.Path, "/app/") && dest != "" && dest != "document" {
		return "framed"
	}
	return ""
}

// maxBody bounds a call; a Stream bounds itself.
const maxBody = 256 << 10

func (h *Handler) call(w http.ResponseWriter, r *http.Request) {
	deadline := time.Now().Add(patience)
	control := http.NewResponseController(w)
	control.SetReadDeadline(deadline)
	control.SetWriteDeadline(deadline)
	name := strings.TrimPrefix(r.URL.Path, "/api/")
	lang := h.language(r)
	var answer any
	var err error
	if stream, ok := h.o.Streams[name]; ok {
		answer, err = stream(r.Context(), lang, r.Body)
	} else if call, ok := h.o.Calls[name]; ok {
		var body []byte
		if body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err == nil {
			answer, err = call(r.Context(), lang, body)
		}
	} else if name == "texts" {
		answer = h.texts(lang)
	} else {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		h.fail(w, name, lang, err)
		return
	}
	if d, ok := answer.(*Download); ok {
		w.Header().Set("Content-Type", d.Type)
		w.Header().Set("Content-Disposition", "attachment; filename="+d.Name)
		if err := d.Write(w); err != nil {
			h.o.Log.Warn("pages: a download ended early", "call", name, "error", err)
		}
		return
	}
	data, err := json.Marshal(answer)
	if err != nil {
		h.fail(w, name, lang, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(data)
}

func (h *Handler) fail(w http.ResponseWriter, name, lang string, err error) {
	fault := &Fault{Key: "pages.failed"}
	status := http.StatusInternalServerError
	if errors.As(err, &fault) {
		status = http.StatusUnprocessableEntity
	} else {
		h.o.Log.Error("pages: a call failed", "call", name, "error", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": i18n.T(lang, fault.Key, fault.Args...)})
}

// language is what the page asks for, the person's own, or the browser's.
func (h *Handler) language(r *http.Request) string {
	switch l := r.Header.Get("Tanba-Language"); l {
	case "kk", "ru", "en":
		return l
	}
	if l := h.o.Language(); l != "" {
		return l
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

func (h *Handler) texts(lang string) any {
	texts := i18n.Area(lang, "pages")
	for key, text := range i18n.Area(lang, "renew") {
		texts[key] = text
	}
	return map[string]any{"lang": lang, "texts": texts}
}

// Decode reads the body of a call.
func Decode[T any](body []byte) (T, error) {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return v, &Fault{Key: "pages.failed"}
	}
	return v, nil
}

package bridge

import (
	_ "embed"
	"html/template"
	"net/http"
	"strings"

	"tanba/internal/i18n"
)

// statusHTML is the page people see at https://127.0.0.1:13579/ when they check
// whether the bridge runs and the browser trusts it. That the page came at all
// is the answer to both.
//
//go:embed status/page.html
var statusHTML string

//go:embed status/page.css
var statusCSS string

var statusPage = template.Must(template.New("status").Parse(statusHTML))

type statusData struct {
	Lang, Version, Address string
	CSS                    template.CSS
	Languages              []statusLanguage
	text                   func(key string, args ...any) string
}

type statusLanguage struct {
	Code, Name string
	Current    bool
}

// T is for the template.
func (d statusData) T(key string, args ...any) string { return d.text(key, args...) }

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	lang := i18n.Match(r.Header.Get("Accept-Language"))
	switch q := r.URL.Query().Get("lang"); q {
	case "kk", "ru", "en":
		lang = q
	}
	d := statusData{
		Lang: lang, Version: s.o.Version, Address: "wss://127.0.0.1:" + s.hosts.port,
		CSS: template.CSS(statusCSS),
		text: func(key string, args ...any) string {
			return i18n.T(lang, key, args...)
		},
	}
	for _, l := range []statusLanguage{{"kk", "Қазақша", false}, {"ru", "Русский", false}, {"en", "English", false}} {
		l.Current = l.Code == lang
		d.Languages = append(d.Languages, l)
	}
	var page strings.Builder
	if err := statusPage.Execute(&page, d); err != nil {
		s.o.Log.Error("status page", "error", err)
		text(w, http.StatusInternalServerError, "Internal Error")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	w.Write([]byte(page.String()))
}

package bridge

import (
	_ "embed"
	"fmt"
	"html"
	"net/http"
	"regexp"
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

// statusPlace is where a text stands in the page. html/template would find them
// through methods by name, and the linker would keep every method of the program.
var statusPlace = regexp.MustCompile(`\{\{([a-z_.]+)\}\}`)

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	lang := i18n.Match(r.Header.Get("Accept-Language"))
	switch q := r.URL.Query().Get("lang"); q {
	case "kk", "ru", "en":
		lang = q
	}
	page := statusPlace.ReplaceAllStringFunc(statusHTML, func(place string) string {
		switch key := strings.Trim(place, "{}"); key {
		case "lang":
			return lang
		case "css":
			return statusCSS
		case "version":
			return html.EscapeString(s.o.Version)
		case "address":
			return html.EscapeString("wss://127.0.0.1:" + s.hosts.port)
		case "languages":
			return statusLanguages(lang)
		default:
			return html.EscapeString(i18n.T(lang, key))
		}
	})
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	w.Write([]byte(page))
}

// statusLanguages links to the page in each language.
func statusLanguages(current string) string {
	var links strings.Builder
	for _, l := range []struct{ code, name string }{{"kk", "Қазақша"}, {"ru", "Русский"}, {"en", "English"}} {
		mark := ""
		if l.code == current {
			mark = ` aria-current="true"`
		}
		fmt.Fprintf(&links, `<a href="?lang=%s" lang="%[1]s"%s>%s</a> `, l.code, mark, l.name)
	}
	return links.String()
}

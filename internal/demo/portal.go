package demo

import (
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"

	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/verification"
)

//go:embed portal
var assets embed.FS

// Portal is a sample site as an organisation would write it: a page that asks
// the bridge for a signature and a server that verifies what it gets.
type Portal struct {
	Roots  []*pki.Certificate
	Bridge string // wss://127.0.0.1:13579
	Now    func() time.Time
}

// Verdict is what the portal's server says of a signature.
type Verdict struct {
	Verified bool   `json:"verified"`
	Signer   string `json:"signer,omitempty"`
	IIN      string `json:"iin,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	Content  string `json:"content,omitempty"`
	Error    string `json:"error,omitempty"`
}

// Verify checks a CMS signature with content, as the portal's server does.
func (p *Portal) Verify(signature []byte) Verdict {
	report, err := verification.CMS(signature, verification.Options{At: p.Now(), Roots: p.Roots})
	switch {
	case err != nil:
		return Verdict{Error: err.Error()}
	case !report.Good():
		return Verdict{Error: report.Signers[0].Err.Error()}
	case !report.Trusted():
		return Verdict{Error: report.Signers[0].StateErr.Error()}
	}
	cert := report.Signers[0].Certificate
	person := cert.Person()
	name := strings.TrimSpace(person.CommonName + " " + person.Patronymic)
	if person.Organisation != "" {
		name += ", " + person.Organisation
	}
	return Verdict{Verified: true, Signer: name, IIN: person.IIN, Issuer: cert.Issuer.CommonName(), Content: string(report.Content)}
}

// Handler serves the portal's page and its one call.
func (p *Portal) Handler() http.Handler {
	mux := http.NewServeMux()
	files, err := fs.Sub(assets, "portal")
	if err != nil {
		return http.NotFoundHandler()
	}
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /texts", func(w http.ResponseWriter, r *http.Request) {
		lang := r.URL.Query().Get("lang")
		if lang == "" {
			lang = r.Header.Get("Accept-Language")
		}
		lang = i18n.Match(lang)
		reply(w, map[string]any{"lang": lang, "bridge": p.Bridge, "texts": i18n.Area(lang, "demo")})
	})
	mux.HandleFunc("POST /verify", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Signature string }
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<20)).Decode(&body); err != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		der, err := base64.StdEncoding.DecodeString(body.Signature)
		if err != nil {
			reply(w, Verdict{Error: err.Error()})
			return
		}
		reply(w, p.Verify(der))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' wss://127.0.0.1:*; base-uri 'none'; form-action 'none'")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// Listen opens the portal on a free port of localhost and serves it until ctx
// ends. It returns the page's origin.
func (p *Portal) Listen(ctx context.Context) (origin string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	go server.Serve(l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	return "http://localhost:" + port, err
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	json.NewEncoder(w).Encode(v)
}

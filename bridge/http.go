package bridge

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// handler is everything the port answers. The gates come first; what is left
// is a WebSocket, Tanba's own pages, or one of a few answers without state.
func (s *Server) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hosts.admits(r) {
			s.stats.BadHost.Add(1)
			s.o.Log.Info("request refused", "reason", "host")
			text(w, http.StatusForbidden, "Forbidden: wrong host\n")
			return
		}
		if isUpgrade(r.Header) {
			s.upgrade(w, r)
			return
		}
		if p := s.o.Pages; p != nil && p.Serves(r) {
			p.ServeHTTP(w, r)
			return
		}
		s.page(w, r)
	})
}

// page answers a plain request. Nothing here tells one person from another, so
// the origin does not matter.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Private-Network") != "" {
		// The preflight of Chromium 98 to 141 and its forks.
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET")
		h.Set("Access-Control-Allow-Private-Network", "true")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		switch r.URL.Path {
		case "/health":
			s.health(w)
			return
		case "/":
			if strings.Contains(r.Header.Get("Accept"), "text/html") {
				s.status(w, r)
			} else {
				s.health(w)
			}
			return
		case "/basics/index.html":
			s.status(w, r)
			return
		}
	}
	text(w, http.StatusNotFound, "Not Found")
}

// health says that we are here, and nothing about the person. Any page may read
// it: it is the cheap call that makes a browser ask for its local network
// permission.
func (s *Server) health(w http.ResponseWriter) {
	body, err := json.Marshal(struct {
		Name     string `json:"name"`
		Version  string `json:"version"`
		Protocol string `json:"protocol"`
	}{"tanba", s.o.Version, "1.4"})
	if err != nil {
		text(w, http.StatusInternalServerError, "Internal Error")
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func text(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	io.WriteString(w, body)
}

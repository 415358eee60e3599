package bridge

import (
	"net/http"
	"regexp"
	"slices"
	"sync"
)

// diagnoses remembers the sockets that Tanba's own page opened to see whether
// they arrive here: an extension that puts itself in the bridge's place answers
// them, and the bridge never hears of them (product.md §3, fault 5).
type diagnoses struct {
	mu   sync.Mutex
	last []string
}

// diagnosesKept is more than pages are open at a time.
const diagnosesKept = 32

var nonce = regexp.MustCompile(`^[0-9a-f]{32}$`)

// note looks at a request for a socket: wss://127.0.0.1:13579/?diag=NONCE, from
// our own page only.
func (d *diagnoses) note(r *http.Request, from origin) {
	if r.URL.RawQuery == "" || from.raw != "https://"+r.Host {
		return
	}
	n := r.URL.Query().Get("diag")
	if !nonce.MatchString(n) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.last) == diagnosesKept {
		d.last = slices.Delete(d.last, 0, 1)
	}
	d.last = append(d.last, n)
}

// Saw reports whether a socket of Tanba's own page with this nonce arrived of
// late.
func (s *Server) Saw(nonce string) bool {
	s.arrived.mu.Lock()
	defer s.arrived.mu.Unlock()
	return slices.Contains(s.arrived.last, nonce)
}

package bridge

import "net/http"

// named tells whether the origin is one to which an answer can be confined.
// "null" is any sandboxed page, and a program has none.
func (o origin) named() bool { return o.kind == webPage || o.kind == extension }

// allowOrigin lets the page that asks read the answer, whatever it is: also an
// error has to reach the script. The origin is the very one, never "*", for the
// cookie comes along.
func allowOrigin(h http.Header, from origin) {
	if !from.named() {
		return
	}
	h.Set("Access-Control-Allow-Origin", from.raw)
	h.Set("Access-Control-Allow-Credentials", "true")
}

// preflight answers what browsers ask before a request of a less simple kind: a
// Blob with a type of its own, or a page on a public address (Private Network
// Access, Chromium 98 to 141). It returns the status.
func preflight(answer, request http.Header, from origin) int {
	if !from.named() {
		return http.StatusForbidden
	}
	answer.Set("Access-Control-Allow-Methods", "GET, POST")
	if wanted := request.Get("Access-Control-Request-Headers"); fieldNames(wanted) {
		answer.Set("Access-Control-Allow-Headers", wanted)
	}
	if request.Get("Access-Control-Request-Private-Network") == "true" {
		answer.Set("Access-Control-Allow-Private-Network", "true")
	}
	return http.StatusNoContent
}

// fieldNames: a list of header names, not empty and not absurd.
func fieldNames(s string) bool {
	if s == "" || len(s) > 1024 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != ',' && c != ' ' {
			return false
		}
	}
	return true
}

// mayPost admits what a script sends with fetch, and not what a form, a link or
// an image can send in the name of a page (T3). Browsers that say nothing about
// it (Safari before 16.4) are held by the Origin alone; a form of theirs cannot
// read the operation id it might be given.
func mayPost(h http.Header, from origin) bool {
	if !from.named() {
		return false
	}
	switch mode := h.Get("Sec-Fetch-Mode"); mode {
	case "", "cors":
	default: // "navigate", "no-cors", "websocket", "same-origin"
		return false
	}
	switch h.Get("Sec-Fetch-Site") {
	case "", "cross-site", "same-site":
		return true
	case "none":
		// Extensions with leave for this host are not counted as a site.
		return from.kind == extension
	}
	return false // "same-origin": no page comes from this port
}

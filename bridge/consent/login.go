package consent

import (
	"regexp"
	"slices"
	"strings"

	"tanba/bridge/prompt"
	"tanba/protocol"
)

// Catalogue keys of notices about the documents.
const (
	warnLoginIsDocument = "warn.login_is_document"
	warnDocumentIsLogin = "warn.document_is_login"
)

// ticket are the names portals give to what they have signed at log-in: a
// challenge, never something a person would want to read.
var ticket = regexp.MustCompile(`(?i)<(?:[a-z0-9]+:)?(?:login|auth\w*|logon|signin|ticket|timeticket|challenge|nonce|session\w*|token|uuid)\b`)

// random is a bare challenge: a UUID, hexadecimal or base64 of 16 octets or
// more, a number.
var random = regexp.MustCompile(`^\s*(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{32,128}|[0-9]{8,20}|[A-Za-z0-9+/_-]{22,512}={0,2})\s*$`)

// classify tells whether the question is about logging in, and warns when the
// documents do not fit that (security.md T20): a document hidden in a "login",
// or a log-in challenge presented as a document. The text sees only what the
// window shows.
func classify(q *Question) (login bool, warning string) {
	login = q.Login || q.Select.Use == protocol.Authentication
	if q.Purpose != prompt.Sign || q.Digests || len(q.Documents) == 0 {
		return login && q.Purpose == prompt.Sign, ""
	}
	switch {
	case login && slices.ContainsFunc(q.Documents, isDocument):
		return false, warnLoginIsDocument // a yes to it would not be a log-in
	case !login && q.Select.Use == protocol.Signature &&
		!slices.ContainsFunc(q.Documents, func(d prompt.Document) bool { return !isChallenge(d) || isDocument(d) }):
		return false, warnDocumentIsLogin
	case !login && q.Select.Use == protocol.AnyKey && !slices.ContainsFunc(q.Documents, func(d prompt.Document) bool { return d.Form != formLogin }):
		return true, "" // the page takes any key, the documents tell
	}
	return login, ""
}

// isDocument: longer than any challenge, of a kind people write, or prose.
func isDocument(d prompt.Document) bool {
	switch {
	case d.Form == formLogin:
		return false
	case d.Form == formTax:
		return true
	}
	switch d.Kind {
	case "pdf", "office", "zip", "image", "cms":
		return true
	case "text", "xml":
		return d.Size > 8<<10 || len(strings.Fields(tags.ReplaceAllString(d.Text, " "))) > 40
	}
	return d.Size > 8<<10
}

// isChallenge: surely made by a machine for logging in.
func isChallenge(d prompt.Document) bool {
	switch d.Kind {
	case "text":
		return random.MatchString(d.Text)
	case "xml":
		return ticket.MatchString(d.Text)
	case "binary":
		return d.Size <= 128 // random octets
	}
	return false
}

var tags = regexp.MustCompile(`<[^>]*>`)

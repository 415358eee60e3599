package renewal

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"tanba/internal/i18n"
	"tanba/internal/pki"
)

// Text puts a warning into words: what holds, and what to do about it now.
func Text(lang string, w Warning) (title, body string) {
	t := func(key string, args ...any) string { return i18n.T(lang, key, args...) }
	what := w.Key.Place
	if w.Key.Owner != "" {
		what = w.Key.Owner + " (" + w.Key.Place + ")"
	}
	todo := "warn.todo_renew"
	switch {
	case w.Replaced:
		return t("warn.replaced"), what + ". " + t("warn.todo_revoke")
	case w.Ended:
		return t("warn.ended"), what + ". " + t("warn.todo_late", i18n.DateOn(lang, w.Key.NotAfter))
	case w.Key.Token:
		todo = "warn.todo_renew_token"
	}
	title = t("warn.last_day")
	if w.Days > 0 {
		title = i18n.N(lang, "warn.soon", w.Days)
	}
	return title, what + ". " + t(todo, i18n.DateUntil(lang, w.Key.NotAfter))
}

// SubjectOf is the same for keys that replace each other: of one person in one
// organisation and role, for the same purpose. It is a digest, so that a list of
// keys holds no one's number.
func SubjectOf(c *pki.Certificate) string {
	p := c.Person()
	if p.IIN == "" && p.BIN == "" {
		return "" // nobody can tell whose it is
	}
	purpose := ""
	if c.CanAuthenticate() {
		purpose += "a"
	}
	if c.CanSign() {
		purpose += "s"
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{p.IIN, p.BIN, string(p.Role), purpose}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// IDOf names a certificate as Key.ID does.
func IDOf(c *pki.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

package trust

import (
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"tanba/internal/i18n"
)

// Question is what a person must agree to before Install: which root, that it
// serves this computer only, until when, and its fingerprint to compare.
func Question(lang string, root *x509.Certificate) string {
	return i18n.T(lang, "trust.question", i18n.DateUntil(lang, root.NotAfter), colons(fingerprint(root.Raw)))
}

// QuestionBefore is Question for a root that is yet to be made.
func QuestionBefore(lang string, until time.Time) string {
	return i18n.T(lang, "trust.question_before", i18n.DateUntil(lang, until))
}

// Describe says in one sentence what a Result means.
func Describe(lang string, r Result) string {
	kind := i18n.T(lang, "trust.kind."+string(r.Kind))
	key := "trust.absent"
	switch {
	case errors.Is(r.Err, ErrNotPermitted):
		key = "trust.not_permitted"
	case r.Err != nil:
		key = "trust.failed"
	case r.Changed && r.Trusted:
		key = "trust.added"
	case r.Exact:
		key = "trust.restored"
	case r.Changed:
		key = "trust.removed"
	case r.Trusted:
		key = "trust.present"
	case r.Present:
		key = "trust.untrusted"
	}
	return i18n.T(lang, key, kind, r.Path)
}

// Hint says what to do about an error of this package, "" when there is nothing
// to say.
func Hint(lang string, err error) string {
	switch {
	case errors.Is(err, ErrNoCertutil):
		return i18n.T(lang, "trust.no_certutil", CertutilCommand())
	case errors.Is(err, ErrNotPermitted):
		return i18n.T(lang, "trust.need_admin")
	case errors.Is(err, ErrNoJava):
		return i18n.T(lang, "trust.no_java")
	case errors.Is(err, ErrNewer):
		return i18n.T(lang, "trust.newer")
	case errors.Is(err, ErrNoStores):
		return i18n.T(lang, "trust.no_stores")
	}
	return ""
}

// colons writes a fingerprint as browsers show it.
func colons(hex string) string {
	var b strings.Builder
	for i := 0; i+2 <= len(hex); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strings.ToUpper(hex[i : i+2]))
	}
	return b.String()
}

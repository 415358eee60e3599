package prompt

import (
	"fmt"
	"strings"
	"unicode"

	"tanba/internal/i18n"
)

// longestAccount is how many octets of an account a field takes that nobody reads to
// its end; what it leaves out is said.
const longestAccount = 30_000

// account tells of all documents what can be told without pictures, for a field that
// scrolls: more than describe, which must fit into a dialog of a tool.
func (q *dialogQuestion) account() string {
	r := q.r
	var b strings.Builder
	listed := 0
	for i, d := range r.Documents {
		if b.Len() > longestAccount {
			break
		}
		listed++
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(q.documentLine(i, d))
		switch {
		case d.SHA256 == [32]byte{} || d.Kind == "digest":
		case len(r.Documents) > 1:
			fmt.Fprintf(&b, " · SHA-256 %x…", d.SHA256[:8])
		default:
			fmt.Fprintf(&b, "\nSHA-256: %x", d.SHA256)
		}
		if d.Part != "" {
			b.WriteString("\n! " + q.t("document.part", harmless(d.Part)))
		}
		for _, f := range d.Fields {
			name := harmless(f.Name)
			if f.Key != "" {
				name = q.t(f.Key)
			}
			b.WriteString("\n" + name + ": " + harmless(f.Value))
		}
		if d.More {
			b.WriteString("\n" + q.t("document.more"))
		}
		if d.Text == "" || len(r.Documents) > 1 {
			continue
		}
		text, whole := readable(d.Text, longestAccount)
		b.WriteString("\n\n" + text)
		if !whole || d.Cut {
			b.WriteString("\n…\n! " + q.t("document.cut"))
		}
	}
	if more := max(r.Total, len(r.Documents)) - listed; more > 0 && listed > 0 {
		b.WriteString("\n\n" + i18n.N(q.lang, "document.not_listed", more))
	}
	return b.String()
}

// documentLine is what a document is called, what it is, and its size if it was read.
func (q *dialogQuestion) documentLine(i int, d Document) string {
	title := harmless(d.Name)
	if title == "" {
		title = q.t("document.numbered", i+1)
	}
	line := title + " · " + q.t("kind."+d.Kind)
	if d.Kind == "file" && d.SHA256 == [32]byte{} {
		return line + "\n" + q.t("document.unread")
	}
	return line + " · " + i18n.Size(q.lang, d.Size)
}

// readable is the text of a document without what would turn its order or hide parts
// of it, and whether that is all of it.
func readable(text string, most int) (string, bool) {
	whole := len(text) <= most
	if !whole {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text), whole
}

// siteName is who asks, for large letters.
func (q *dialogQuestion) siteName() string {
	switch name := harmless(q.r.Site.Name); {
	case name != "":
		return name
	case q.r.Site.Local:
		return q.t("site.unknown_program")
	}
	return q.t("site.unknown")
}

// siteDetail is the full origin or path, and how it is connected.
func (q *dialogQuestion) siteDetail() string {
	site, key := q.r.Site, "site.insecure"
	switch {
	case site.Local:
		key = "site.local"
	case site.Loopback:
		key = "site.loopback"
	case site.Secure:
		key = "site.secure"
	}
	how := q.t(key)
	if key == "site.insecure" {
		how = "! " + how
	}
	if detail := harmless(site.Detail); detail != "" {
		return detail + " · " + how
	}
	return how
}

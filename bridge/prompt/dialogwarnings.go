package prompt

import "strings"

// warnings are what the person must know before a yes, beside how the site is
// connected, one a line; mark is before those that are loud.
func (q *dialogQuestion) warnings(mark string) []string {
	r := q.r
	var lines []string
	warn := func(keys ...string) {
		text := mark
		for _, k := range keys {
			text += " " + strings.TrimSuffix(q.t(k), ".") + "."
		}
		lines = append(lines, text)
	}
	if r.Site.Suspicious {
		warn("site.suspicious")
	}
	switch {
	case r.Site.Changed:
		warn("site.changed", "site.changed_text")
	case r.Site.New && r.Site.Local:
		lines = append(lines, q.t("site.new_program_note"))
	case r.Site.New:
		lines = append(lines, q.t("site.new_note"))
	}
	switch r.Purpose {
	case ShowKey:
		lines = append(lines, q.t("ask.show_note"))
	case ListTokens:
		lines = append(lines, q.t("ask.tokens_note"))
	case PickFile:
		lines = append(lines, q.t("ask.pick_note"))
	}
	if r.Warning != "" {
		warn(r.Warning, r.Warning+".text")
	}
	if r.Digests {
		warn("digest.title", "digest.text")
	}
	if r.Unseen {
		warn("unseen.title", "unseen.text")
	}
	return lines
}

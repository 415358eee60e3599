package prompt

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"tanba/internal/i18n"
)

// describe says who asks, what for and for which documents: five at most.
func (q *dialogQuestion) describe() string {
	r := q.r
	lines := []string{q.siteName() + " " + Sentence(q.lang, r), harmless(r.Site.Detail)}
	if !r.Site.Secure && !r.Site.Local && !r.Site.Loopback {
		lines = append(lines, "⚠ "+q.t("site.insecure"))
	}
	lines = append(lines, q.warnings("⚠")...)
	const shown = 5
	for i, d := range r.Documents[:min(len(r.Documents), shown)] {
		title := harmless(d.Name)
		if title == "" {
			title = q.t("document.numbered", i+1)
		}
		line := "• " + title + " · " + q.t("kind."+d.Kind) + " · " + i18n.Size(q.lang, d.Size)
		if d.SHA256 != [32]byte{} {
			line += fmt.Sprintf(" · SHA-256 %x…", d.SHA256[:8])
		}
		lines = append(lines, line)
		if d.Part != "" {
			lines = append(lines, "  ⚠ "+q.t("document.part", harmless(d.Part)))
		}
	}
	if more := max(r.Total, len(r.Documents)) - min(len(r.Documents), shown); more > 0 && len(r.Documents) > 0 {
		lines = append(lines, q.t("tty.more", more))
	}
	if r.Phrase != "" {
		lines = append(lines, q.t("page.phrase")+": "+harmless(r.Phrase))
	}
	return strings.Join(lines, "\n")
}

func (q *dialogQuestion) describeKey(k Key) string {
	var facts []string
	for _, f := range []string{harmless(k.Owner), harmless(k.Organisation), labelled(q.t("key.iin"), mask(harmless(k.IIN)))} {
		if f != "" {
			facts = append(facts, f)
		}
	}
	for _, v := range viewKeys([]Key{k}, q.now()) {
		if v.Validity != nil {
			facts = append(facts, v.Validity[q.lang])
		}
	}
	return strings.Join(facts, " · ")
}

// pickRow lets the person choose one of several rows, by its number.
func (q *dialogQuestion) pickRow(ctx context.Context, text string, rows []string, unfit ...string) (int, error) {
	for i := range rows {
		rows[i] = strconv.Itoa(i+1) + ". " + rows[i] // never an option of the tool
	}
	for {
		out, err := q.line(ctx, dialog{kind: askRow, text: text, rows: rows, unfit: unfit})
		if err != nil {
			return 0, err
		}
		digits := out[:len(out)-len(strings.TrimLeft(out, "0123456789"))]
		if n, err := strconv.Atoi(digits); err == nil && n >= 1 && n <= len(rows) {
			return n - 1, nil
		} // nothing was chosen
		if out == "false" { // osascript's word for Cancel
			return 0, ErrCancelled
		}
	}
}

// choose asks which key, if several fit; nil when none does, and then why is told.
func (q *dialogQuestion) choose(ctx context.Context, keys []Key) (*Key, error) {
	var fit []*Key
	var rows, unfit []string
	for i := range keys {
		if keys[i].Fits {
			fit = append(fit, &keys[i])
			rows = append(rows, q.describeKey(keys[i]))
		} else {
			unfit = append(unfit, q.describeKey(keys[i])+"\n"+q.t("key.unfit")+". "+q.t(keys[i].Reason))
		}
	}
	switch len(fit) {
	case 0:
		const shown = 3
		q.tell(ctx, q.t("none.title")+". "+q.t("none.where")+"\n\n"+strings.Join(unfit[:min(len(unfit), shown)], "\n\n"))
		return nil, nil
	case 1:
		return fit[0], nil
	}
	n, err := q.pickRow(ctx, q.t("whose.title"), rows, unfit...)
	if err != nil {
		return nil, err
	}
	return fit[n], nil
}

// store asks where the key is: a file used before, a token, another file. Tokens
// are looked for when the request says so or the person does.
func (q *dialogQuestion) store(ctx context.Context) (path string, token *Token, err error) {
	look := q.r.Tokens != nil && (q.r.TokensFirst || q.r.NoFiles)
	for {
		var tokens []Token
		if look {
			if tokens, err = q.r.Tokens(ctx); err != nil {
				if _, err := q.trouble(ctx, err); err != nil {
					return "", nil, err
				}
			}
		}
		var rows []string
		for _, f := range q.r.Recent {
			rows = append(rows, strings.Join(strings.Fields(harmless(f.Name)+" "+harmless(f.Owner)), " "))
		}
		for _, t := range tokens {
			rows = append(rows, harmless(t.Label)+" · "+q.t("token.serial", harmless(t.Serial)))
		}
		other, again := -1, -1
		if !q.r.NoFiles {
			other = len(rows)
			rows = append(rows, q.t("key.other_file"))
		}
		if q.r.Tokens != nil {
			again = len(rows)
			rows = append(rows, q.t("dialog.tokens"))
		}
		n := other
		switch {
		case len(rows) == 0:
			q.tell(ctx, q.t("token.unsupported")+". "+q.t("token.unsupported.hint"))
			return "", nil, ErrCancelled
		case len(rows) > 1 || other < 0:
			if n, err = q.pickRow(ctx, q.t("whose.title"), rows); err != nil {
				return "", nil, err
			}
		}
		switch {
		case n < len(q.r.Recent):
			return q.r.Recent[n].Path, nil, nil
		case n == again:
			look = true
		case n == other:
			start := q.r.Start
			if start == "" && len(q.r.Recent) > 0 {
				start = filepath.Dir(q.r.Recent[0].Path)
			}
			path, err := q.line(ctx, dialog{kind: askFile, text: q.t("key.choose_file"), start: start, extensions: q.r.Extensions})
			return path, nil, err
		default:
			return "", &tokens[n-len(q.r.Recent)], nil
		}
	}
}

// harmless makes what strangers wrote one plain line.
func harmless(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s))
}

package prompt

import (
	"strings"
	"testing"

	"tanba/internal/i18n"
)

// T7, T9: what must be known before a yes is in every dialog, in each language.
func TestT7T9DialogWarnings(t *testing.T) {
	for _, c := range []struct {
		name string
		r    Request
		want []string
	}{
		{"replaced program", Request{Site: Site{Name: "x", Local: true, New: true, Changed: true}}, []string{"site.changed", "site.changed_text"}},
		{"new program", Request{Site: Site{Name: "x", Local: true, New: true}}, []string{"site.new_program_note"}},
		{"look-alike letters", Request{Site: Site{Name: "x", Secure: true, Suspicious: true}}, []string{"site.suspicious"}},
		{"plain http", Request{Site: Site{Name: "x"}}, []string{"site.insecure"}},
		{"digests only", Request{Site: Site{Name: "x", Secure: true}, Digests: true}, []string{"digest.title"}},
	} {
		for _, lang := range i18n.Languages {
			q := &dialogQuestion{dialogs: &dialogs{}, r: &c.r, lang: lang}
			for where, text := range map[string]string{
				"a tool": q.describe(), "our own window": q.siteDetail() + strings.Join(q.warnings("!"), "\n"),
			} {
				for _, key := range c.want {
					if want := strings.TrimSuffix(i18n.T(lang, key), "."); !strings.Contains(text, want) {
						t.Errorf("%s in %s of %s: %q lacks %q", c.name, lang, where, text, want)
					}
				}
			}
		}
	}
}

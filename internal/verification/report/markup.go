package report

import (
	"html"
	"strings"
)

// markup is a page being written, the texts in it escaped.
//
// It stands in for html/template, which finds methods by their names: with it the
// linker must keep every exported method of the whole program, a tenth of its size.
type markup struct{ strings.Builder }

// tags writes markup of this package, never a text from outside.
func (m *markup) tags(s string) { m.WriteString(s) }

// element writes an element with a text.
func (m *markup) element(name string, class Kind, text string) {
	m.tags("<" + name)
	if class != "" {
		m.tags(` class="` + html.EscapeString(string(class)) + `"`)
	}
	m.tags(">" + html.EscapeString(text) + "</" + name + ">")
}

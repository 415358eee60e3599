package report

import (
	"fmt"
	"html"
	"io"
	"time"

	"tanba/internal/i18n"
)

const pageStyle = `
body { font: 15px/1.45 system-ui, sans-serif; color: #111; background: #fff; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 .3rem; overflow-wrap: anywhere } h3 { font-size: 1rem; margin: 1rem 0 .2rem }
ul { list-style: none; margin: 0; padding: 0 } li { padding: .1rem 0 .1rem 1.4rem; position: relative; overflow-wrap: anywhere }
li::before { position: absolute; left: 0 }
.good::before { content: "✓"; color: #136b2e } .warn::before { content: "!"; color: #8a5a00; font-weight: bold } .bad::before { content: "✗"; color: #b00020; font-weight: bold }
p.good, p.warn, p.bad { font-weight: bold; padding-left: 1.4rem; position: relative } p.good::before, p.warn::before, p.bad::before { position: absolute; left: 0 }
.detail, footer { color: #444; font-size: .88rem } .inner { border-left: 3px solid #ccc; padding-left: 1rem } footer { margin-top: 2rem; border-top: 1px solid #ccc; padding-top: .5rem }
section { break-inside: avoid }
`

// pageHead is self-contained: no script, nothing fetched, so that a printed or
// sent copy shows what the verifier saw.
const pageHead = `<!DOCTYPE html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>%s</style>
</head>
<body>
`

// Page writes the verdicts as one HTML page to be read and printed.
func Page(out io.Writer, language string, at time.Time, documents ...*Document) error {
	var m markup
	title := i18n.T(language, "verify.page.title")
	fmt.Fprintf(&m, pageHead, html.EscapeString(language), html.EscapeString(title), pageStyle)
	m.element("h1", "", title)
	for _, d := range documents {
		m.document(language, d)
	}
	m.tags("\n<footer>")
	m.element("p", "", i18n.T(language, "verify.page.made", words{Options{Language: language}}.moment(at)))
	m.element("p", "", i18n.T(language, "verify.page.note"))
	m.tags("</footer>\n</body>\n</html>\n")
	if _, err := io.WriteString(out, m.String()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (m *markup) document(language string, d *Document) {
	m.tags("\n<section>")
	if d.File != "" {
		m.element("h2", "", d.File)
	}
	m.element("p", d.Verdict.Kind, d.Verdict.Text)
	m.lines(d.Lines)
	for i, s := range d.Signers {
		m.tags("\n<section>")
		m.element("h3", "", i18n.T(language, "verify.signer", i+1))
		m.lines(s.Lines)
		m.tags(`<ul class="detail">`)
		for _, l := range s.Detail {
			m.element("li", "", l.Text)
		}
		m.tags("</ul></section>")
	}
	if d.Inner != nil {
		m.tags(`<div class="inner">`)
		m.element("p", "", i18n.T(language, "verify.inner"))
		m.document(language, d.Inner)
		m.tags("</div>")
	}
	m.tags("</section>")
}

func (m *markup) lines(lines []Line) {
	m.tags("<ul>")
	for _, l := range lines {
		m.element("li", l.Kind, l.Text)
	}
	m.tags("</ul>")
}

package report

import (
	"fmt"
	"html/template"
	"io"
	"time"

	"tanba/internal/i18n"
)

// page is self-contained: no script, nothing fetched, so that a printed or sent
// copy shows what the verifier saw.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="{{.Language}}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #111; background: #fff; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 .3rem; overflow-wrap: anywhere } h3 { font-size: 1rem; margin: 1rem 0 .2rem }
ul { list-style: none; margin: 0; padding: 0 } li { padding: .1rem 0 .1rem 1.4rem; position: relative; overflow-wrap: anywhere }
li::before { position: absolute; left: 0 }
.good::before { content: "✓"; color: #136b2e } .warn::before { content: "!"; color: #8a5a00; font-weight: bold } .bad::before { content: "✗"; color: #b00020; font-weight: bold }
p.good, p.warn, p.bad { font-weight: bold; padding-left: 1.4rem; position: relative } p.good::before, p.warn::before, p.bad::before { position: absolute; left: 0 }
.detail, footer { color: #444; font-size: .88rem } .inner { border-left: 3px solid #ccc; padding-left: 1rem } footer { margin-top: 2rem; border-top: 1px solid #ccc; padding-top: .5rem }
section { break-inside: avoid }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
{{range .Documents}}{{template "document" .}}{{end}}
<footer><p>{{.Made}}</p><p>{{.Note}}</p></footer>
</body>
</html>
{{define "document"}}<section>
{{if .File}}<h2>{{.File}}</h2>{{end}}
<p class="{{.Verdict.Kind}}">{{.Verdict.Text}}</p>
<ul>{{range .Lines}}<li class="{{.Kind}}">{{.Text}}</li>{{end}}</ul>
{{range .Signers}}<section><h3>{{.Title}}</h3>
<ul>{{range .Lines}}<li class="{{.Kind}}">{{.Text}}</li>{{end}}</ul>
<ul class="detail">{{range .Detail}}<li>{{.Text}}</li>{{end}}</ul></section>{{end}}
{{with .Inner}}<div class="inner"><p>{{.Heading}}</p>{{template "document" .}}</div>{{end}}
</section>{{end}}`))

// paged is a Document with its headings.
type paged struct {
	*Document
	Heading string
	Signers []signerSection
	Inner   *paged
}

type signerSection struct {
	Person
	Title string
}

func newPaged(d *Document, language string) *paged {
	p := &paged{Document: d, Heading: i18n.T(language, "verify.inner")}
	for i, s := range d.Signers {
		p.Signers = append(p.Signers, signerSection{s, i18n.T(language, "verify.signer", i+1)})
	}
	if d.Inner != nil {
		p.Inner = newPaged(d.Inner, language)
	}
	return p
}

// Page writes the verdicts as one HTML page to be read and printed.
func Page(out io.Writer, language string, at time.Time, documents ...*Document) error {
	data := struct {
		Language, Title, Made, Note string
		Documents                   []*paged
	}{
		Language: language, Title: i18n.T(language, "verify.page.title"),
		Made: i18n.T(language, "verify.page.made", words{Options{Language: language}}.moment(at)),
		Note: i18n.T(language, "verify.page.note"),
	}
	for _, d := range documents {
		data.Documents = append(data.Documents, newPaged(d, language))
	}
	if err := page.Execute(out, data); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

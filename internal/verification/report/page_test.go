package report_test

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tanba/internal/verification/report"
)

// Every text of a document is a text of the page, whatever it holds, and adds
// no element and no attribute to it.
func TestPageHostileTexts(t *testing.T) {
	page := func(text string) *html.Node {
		lines := []report.Line{{Kind: report.Bad, Text: text}, {Kind: report.Plain, Text: text}}
		d := &report.Document{
			File: text, Verdict: lines[0], Lines: lines,
			Signers: []report.Person{{Lines: lines, Detail: lines}, {}},
		}
		d.Inner = &report.Document{File: text, Verdict: lines[1], Lines: lines, Signers: d.Signers}
		var out bytes.Buffer
		if err := report.Page(&out, "kk", now, d, d); err != nil {
			t.Fatal(err)
		}
		root, err := html.Parse(&out)
		if err != nil {
			t.Fatal(err)
		}
		return root
	}
	shape := func(root *html.Node) (elements, texts []string) {
		for n := range root.Descendants() {
			switch n.Type {
			case html.ElementNode:
				e := n.Data
				for _, a := range n.Attr {
					e += " " + a.Key + "=" + a.Val
				}
				elements = append(elements, e)
			case html.TextNode:
				texts = append(texts, n.Data)
			case html.CommentNode:
				elements = append(elements, "comment")
			}
		}
		return elements, texts
	}
	plain, _ := shape(page("plain"))
	if got := strings.Count(strings.Join(plain, "\n"), "section"); got != 12 {
		t.Fatalf("%d sections, want 12:\n%s", got, strings.Join(plain, "\n"))
	}
	for _, hostile := range []string{
		`<script>alert(1)</script>`, `</title></style></p><img src=x onerror=alert(1)>`, `" class="good`, `' onclick='x`,
		`&lt;b&gt; &amp; &#x41;`, `<!-- `, `]]>`, `{{.}} %s %!s(MISSING)`,
	} {
		elements, texts := shape(page(hostile))
		if strings.Join(elements, "\n") != strings.Join(plain, "\n") {
			t.Errorf("%s: other elements:\n%s", hostile, strings.Join(elements, "\n"))
		}
		found := 0
		for _, s := range texts {
			if s == hostile {
				found++
			}
		}
		if want := 2 * 2 * (1 + 1 + 2 + 2 + 2); found != want {
			t.Errorf("%s: stands %d times in the page, want %d", hostile, found, want)
		}
	}
}

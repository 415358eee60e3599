package protocol

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// Messages, lines and columns are those of Xerces in Java 17, unless marked.
func TestCheckXML(t *testing.T) {
	for _, test := range []struct {
		in           string
		line, column int
		message      string
	}{
		{"<this>is not a valid XML", 1, 25, xmlCutOff},
		{"<a>\n\nx", 3, 2, xmlCutOff},
		{"<a>\r\nx", 2, 2, xmlCutOff},
		{"<a>\rx", 2, 2, xmlCutOff},
		{"<a>қ😀", 1, 7, xmlCutOff},
		{"<a", 1, 3, xmlCutOff},
		{"<a x='1", 1, 8, xmlCutOff},
		{"<a>&am", 1, 7, xmlCutOff},
		{"<a><!-- ", 1, 9, xmlCutOff},
		{"<root></ro", 1, 11, xmlCutOff}, // Xerces: the element type "root" must be terminated …
		{"", 1, 1, xmlPremature},
		{" ", 1, 2, xmlPremature},
		{"x", 1, 1, xmlInProlog},
		{"MTEK", 1, 1, xmlInProlog},
		{" <?xml version='1.0'?><a/>", 1, 7, xmlPIName},
		{"<a/>x", 1, 5, xmlTrailing},
		{"<a/><b/>", 1, 6, xmlPostRoot},
		{"<1/>", 1, 2, xmlPreRoot},
		{"<!DOCTYPE a><a/>", 1, 10, xmlDoctype},
		{"<a></b>", 1, 6, `The element type "a" must be terminated by the matching end-tag "</a>".`},
		{"<a><b></a></b>", 1, 9, `The element type "b" must be terminated by the matching end-tag "</b>".`},
		{"<a>&foo;</a>", 1, 9, `The entity "foo" was referenced, but not declared.`},
		{"<a>&foo</a>", 1, 8, `The reference to entity "foo" must end with the ';' delimiter.`},
		{"<a>& </a>", 1, 5, xmlRefName},
		{"<a>&#0;</a>", 1, 8, `Character reference "&#0" is an invalid XML character.`},
		{"<a>&#xD800;</a>", 1, 12, `Character reference "&#xD800" is an invalid XML character.`},
		{"<a>\x00</a>", 1, 4, `An invalid XML character (Unicode: 0x0) was found in the element content of the document.`},
		{"<a>]]></a>", 1, 7, xmlCDATAEnd},
		{"<a x='1' x='2'/>", 1, 17, `Attribute "x" was already specified for element "a".`},
		{"<a x='<'/>", 1, 7, `The value of attribute "x" associated with an element type "a" must not contain the '<' character.`},
		{"<a x/>", 1, 5, `Attribute name "x" associated with an element type "a" must be followed by the ' = ' character.`},
		{"<a x=1/>", 1, 6, `Open quote is expected for attribute "x" associated with an  element type  "a".`},
		{"<a x='1'y='2'/>", 1, 9, `Element type "a" must be followed by either attribute specifications, ">" or "/>".`},
		{"<p:a/>", 1, 7, `The prefix "p" for element "p:a" is not bound.`},
		{"<a p:x='1'/>", 1, 13, `The prefix "p" for attribute "p:x" associated with an element type "a" is not bound.`},
		{"<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>", 1, 45, `Attribute "x" bound to namespace "u" was already specified for element "a".`},
		{"<a><!-- -- --></a>", 1, 11, xmlDashes},
		{"<a>< b/></a>", 1, 5, xmlContent},
		{"<?xml version='1.1'?><a/>", 1, 20, `XML version "1.1" is not supported, only XML 1.0 is supported.`},           // Xerces reads 1.1
		{"<?xml-stylesheet href='x'?><a/>", 1, 17, `The processing instruction "xml-stylesheet" is disallowed.`},         // ours
		{strings.Repeat("<a>", maxXMLDepth+1), 1, 3*maxXMLDepth + 3, `The document is nested deeper than 256 elements.`}, // ours
	} {
		want := fmt.Sprintf("org.xml.sax.SAXParseException; lineNumber: %d; columnNumber: %d; %s", test.line, test.column, test.message)
		if err := checkXML(test.in); err == nil || err.Error() != want {
			t.Errorf("%.40q:\n got %v\nwant %s", test.in, err, want)
		}
	}
	for _, in := range []string{
		"<root></root>", "<a/>", "\uFEFF<a/>", "<?xml version=\"1.0\" encoding=\"windows-1251\" standalone='no' ?>\n<a/>\n",
		"<!-- x --><?pi?><a x='1' y = \"2>\">t<b/>&amp;&#65;&#x41;<![CDATA[<&]]]]><!-- - --><?pi d ?></a ><!-- e -->\n",
		`<p:қ xmlns:p="u" p:x="1" x="2" xml:lang="kk"><p:b/></p:қ>`,
		`<a xmlns:p="u"><b xmlns:p="v" p:x=""/><p:c/></a>`,
		strings.Repeat("<a>", maxXMLDepth) + strings.Repeat("</a>", maxXMLDepth),
	} {
		if err := checkXML(in); err != nil {
			t.Errorf("%.60q: %v", in, err)
		}
	}
}

// What this scanner takes, the strict decoder of the standard library takes.
func FuzzCheckXML(f *testing.F) {
	for _, s := range []string{
		"<a/>", "<this>is not a valid XML", "<a x='1' y=\"2\">t&amp;<b/><![CDATA[x]]><!-- c --><?pi d?></a>",
		"<?xml version='1.0' encoding='UTF-8'?><p:a xmlns:p='u'/>", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "<a>&#xD800;</a>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		err := checkXML(in)
		if err != nil {
			if utf8.ValidString(in) && !strings.HasPrefix(err.Error(), "org.xml.sax.SAXParseException; lineNumber: ") {
				t.Fatal(err)
			}
			return
		}
		d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(in, "\uFEFF")))
		d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatalf("%q: accepted, but %v", in, err)
			}
		}
	})
}

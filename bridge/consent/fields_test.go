package consent

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tanba/bridge/prompt"
)

// said puts the fields of a document on one line.
func said(d prompt.Document) string {
	var out []string
	for _, f := range d.Fields {
		if f.Key != "" {
			out = append(out, "@"+f.Key+"="+f.Value)
		} else {
			out = append(out, f.Name+"="+f.Value)
		}
	}
	if d.More {
		out = append(out, "…")
	}
	return strings.Join(out, " | ")
}

// TestT29Fields: what the window says about an XML document is in its octets,
// nothing hides, and no element passes for a name of ours.
func TestT29Fields(t *testing.T) {
	many := ""
	for i := range 12 {
		many += fmt.Sprintf("<f%d>%d</f%d>", i, i, i)
	}
	for _, c := range []struct{ name, xml, form, want string }{
		{"login of egov", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<login><url>https://idp.egov.kz/idp/sign-in</url><sessionid>7f2ab1</sessionid><timeTicket>1764000000123</timeTicket></login>", "login",
			"@document.field_site=https://idp.egov.kz/idp/sign-in | @document.field_session=7f2ab1 | @document.field_time=1764000000123"},
		{"login of goszakup", "<root></root>", "login", ""},
		{"login with a payment", "<login><nonce>ab</nonce><sum>1000000</sum></login>", "", "nonce=ab | sum=1000000"},
		{"login with an address that is none", "<login><url>javascript:alert(1)</url></login>", "", "url=javascript:alert(1)"},
		{"tax form", `<fno code="910.00" formatVersion="1" version="27"><form name="form_910_00"><sheetGroup><sheet name="page_910_00_01"><field name="iin">123456789011</field><field name="payer_name1">ТЕСТОВ ТЕСТ</field><field name="period_year">2026</field><field name="period_half_year">1</field><field name="field_910_00_001">10000</field></sheet></sheetGroup></form></fno>`, "fno",
			"@document.field_form=910.00 | @document.field_version=27 | @key.iin=123456789011 | @document.field_payer=ТЕСТОВ ТЕСТ | @document.field_year=2026 | @document.field_half=1 | …"},
		{"tax form in elements", "<fno><formCode>300.00</formCode><formVersion>27</formVersion><bin>123456789021</bin><name>ТОО «ТЕСТ»</name><period>2026-1</period></fno>", "fno",
			"@document.field_form=300.00 | @document.field_version=27 | @key.bin=123456789021 | @document.field_payer=ТОО «ТЕСТ» | @document.field_period=2026-1 | …"},
		{"tax form of two people", "<fno code='1'><iin>1</iin><iin>2</iin><iin>1</iin></fno>", "fno", "@document.field_form=1 | @key.iin=1 | @key.iin=2 | …"},
		{"tax form without a code", "<fno><iin>1</iin></fno>", "", "iin=1"},
		{"plain", "<a xmlns='u' xmlns:p='v'><p:b>1</p:b><c> x \n y </c><d/></a>", "", "b=1 | c=x y"},
		{"only a root", "<tag>data</tag>", "", "tag=data"},
		{"references", "<a><b>&lt;&amp;&#1178;&#x49A;</b><c><![CDATA[<x>]]></c></a>", "", "b=<&ҚҚ | c=<x>"},
		{"unknown reference", "<a><b>&money;1</b></a>", "", "b=&money;1 | …"},
		{"more than eight", "<a>" + many + "</a>", "", "f0=0 | f1=1 | f2=2 | f3=3 | f4=4 | f5=5 | f6=6 | f7=7 | …"},
		{"long value", "<a><b>1</b><c>" + strings.Repeat("ә", 81) + "</c></a>", "", "b=1 | …"},
		{"longest value", "<a><c>" + strings.Repeat("ә", 80) + "</c></a>", "", "c=" + strings.Repeat("ә", 80)},
		{"attribute", "<a><b sum='9'>1</b></a>", "", "b=1 | …"},
		{"attribute of a branch", "<a><b sum='9'><c>1</c></b></a>", "", "c=1 | …"},
		{"mixed text", "<a>all my money<b>1</b></a>", "", "b=1 | …"},
		{"text behind", "<a><b>1</b>all my money</a>", "", "b=1 | …"},
		{"comment", "<a><b>1</b><!-- all my money --></a>", "", "b=1 | …"},
		{"a name like ours", "<a><key.iin>1</key.iin><document.field_site>2</document.field_site></a>", "", "key.iin=1 | document.field_site=2"},
		{"long name", "<" + strings.Repeat("n", 50) + ">1</" + strings.Repeat("n", 50) + ">", "", strings.Repeat("n", 40) + "…=1"},
		{"hidden characters", "<a><b>pay \u202e001\u200b0</b></a>", "", "b=pay ⟦U+202E⟧001⟦U+200B⟧0"},
		{"hidden characters by reference", "<a><b>pay &#x202e;001&#x7;</b></a>", "", "b=pay ⟦U+202E⟧001⟦U+0007⟧"},
		{"hidden characters in a name", "<a><b\u202ec>1</b\u202ec></a>", "", "b⟦U+202E⟧c=1"},
		{"markup in a value", "<a><b>&lt;img src=x onerror=alert(1)&gt;</b></a>", "", "b=<img src=x onerror=alert(1)>"},
		{"doctype", "<!DOCTYPE a [<!ENTITY e 'x'>]><a><b>1</b></a>", "", ""},
		{"not closed", "<a><b>1</b>", "", ""},
		{"crossed", "<a><b>1</a></b>", "", ""},
		{"two roots", "<a>1</a><b>2</b>", "", ""},
		{"deep", strings.Repeat("<a>", 3000) + "1" + strings.Repeat("</a>", 3000), "", "a=1"},
		{"huge", "<a><b>1</b><c>" + strings.Repeat("x", 1<<20) + "</c></a>", "", "b=1 | …"},
		{"huge login", "<login><nonce>a</nonce>" + strings.Repeat(" ", 1<<20) + "<sum>1</sum></login>", "", "nonce=a | …"},
		{"UTF-8 under another name", "<?xml version='1.0' encoding='windows-1251'?><a><b>Привет</b></a>", "", "b=Привет"},
		{"windows-1251", "<?xml version='1.0' encoding='windows-1251'?><a><b>\xcf\xf0\xe8\xe2\xe5\xf2</b></a>", "", "b=Привет"},
	} {
		d := Describe("", []byte(c.xml))
		if got := said(d); got != c.want || d.Form != c.form {
			t.Errorf("%s: form %q, %s\nwant %q, %s", c.name, d.Form, got, c.form, c.want)
		}
	}
}

// TestT29Part: fields of a whole document say nothing about the part of it that is
// signed, and a part is no log-in.
func TestT29Part(t *testing.T) {
	d := Describe("", []byte("<login><nonce>ab</nonce></login>"))
	Part(&d, "")
	if d.Form != formLogin || d.Part != "" {
		t.Errorf("the whole document: %+v", d)
	}
	Part(&d, "//nonce\u202e[@x='<b>']")
	if d.Form != "" || d.Fields != nil || d.Part != "//nonce⟦U+202E⟧[@x='<b>']" {
		t.Errorf("a part: %+v", d)
	}
}

func TestT29SourceAsItCame(t *testing.T) {
	d := Describe("", []byte("<a>\n\n<b> x</b>   <c/></a>"))
	if d.Source != "<a>\n\n<b> x</b>   <c/></a>" || d.Text != "<a>\n  <b> x</b>\n  <c/>\n</a>" {
		t.Errorf("source %q, text %q", d.Source, d.Text)
	}
	if d = Describe("", []byte("<a/>")); d.Source != "" {
		t.Errorf("nothing was indented, source %q", d.Source)
	}
}

// FuzzFields: whatever comes, the fields are few, short, and hide nothing.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"<a><b>1</b></a>", "<login><url>https://a</url></login>", "<fno code='1'><field name='iin'>1</field></fno>", "<a b='", "<a>&#x202e;</a>", "<?xml?><a/>", "</", "<a =''/>", "<>"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, cut bool) {
		d := prompt.Document{Cut: cut}
		describeXML(&d, s)
		if len(d.Fields) > fieldCount {
			t.Errorf("%d fields", len(d.Fields))
		}
		for _, field := range d.Fields {
			if field.Value == "" || field.Key == "" && field.Name == "" || !utf8.ValidString(field.Name+field.Value) || utf8.RuneCountInString(field.Value) > 301 {
				t.Errorf("%q: %+v", s, field)
			}
			if strings.IndexFunc(field.Name+field.Value, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }) >= 0 {
				t.Errorf("hidden character in %+v", field)
			}
		}
	})
}

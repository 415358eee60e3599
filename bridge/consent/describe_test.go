package consent

import (
	"bytes"
	"crypto/sha256"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tanba/bridge/prompt"
	"tanba/protocol"
)

func TestT29KindByContent(t *testing.T) {
	for _, c := range []struct {
		data, kind, text string
	}{
		{"%PDF-1.7\n", "pdf", ""},
		{"PK\x03\x04....word/document.xml", "office", ""},
		{"PK\x03\x04....a.txt", "zip", ""},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office", ""},
		{"\x89PNG\r\n\x1a\n", "image", ""},
		{"\xff\xd8\xff\xe0", "image", ""},
		{"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0", "cms", ""},
		{"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80", "cms", ""},
		{"\x00\x01\x02", "binary", ""},
		{"\xff\xff\xff\xff\xff", "binary", ""},
		{"Сәлем, әлем", "text", "Сәлем, әлем"},
		{"", "text", ""},
		{"<a><b>1</b></a>", "xml", "<a>\n  <b>1</b>\n</a>"},
		{"\ufeff<?xml version='1.0'?><a/>", "xml", "<?xml version='1.0'?>\n<a/>"},
		{"a < b", "text", "a < b"},
		{"<", "text", "<"},
		{"<?xml version='1.0' encoding='windows-1251'?><a>\xcf\xf0\xe8\xe2\xe5\xf2</a>", "xml", "<?xml version='1.0' encoding='windows-1251'?>\n<a>Привет</a>"},
		{"\xff\xfe<\x00a\x00/\x00>\x00", "xml", "<a/>"},
		// The name on the screen is not the order on the wire.
		{"pay \u202e001 tenge", "text", "pay ⟦U+202E⟧001 tenge"},
		{"1\u200b000", "text", "1⟦U+200B⟧000"},
		{"a\r\nb\tc", "text", "a\nb\tc"},
	} {
		d := Describe("имя\u202e.xml", []byte(c.data))
		if d.Kind != c.kind || d.Text != c.text {
			t.Errorf("%q: %s %q, want %s %q", c.data, d.Kind, d.Text, c.kind, c.text)
		}
		if d.SHA256 != sha256.Sum256([]byte(c.data)) || d.Size != int64(len(c.data)) || d.Name != "имя.xml" || d.Cut {
			t.Errorf("%q: %+v", c.data, d)
		}
	}
}

func TestT29ChangeAfterwardsDoesNotChangeTheView(t *testing.T) {
	data := []byte("<pay>1</pay>")
	d := Describe("", data)
	copy(data, "<pay>9</pay>")
	if d.Text != "<pay>1</pay>" || d.SHA256 == sha256.Sum256(data) {
		t.Error("the view moved with the octets; its digest must pin what was shown")
	}
}

func TestLongTextIsCut(t *testing.T) {
	d := Describe("", []byte(strings.Repeat("ә", textLimit)))
	if !d.Cut || len(d.Text) > textLimit || !utf8.ValidString(d.Text) || strings.Contains(d.Text, "⟦") {
		t.Errorf("cut %t, %d octets", d.Cut, len(d.Text))
	}
	if d.Kind != "text" {
		t.Errorf("kind %s", d.Kind)
	}
}

func TestDigest(t *testing.T) {
	d := DescribeDigest("", []byte("123"))
	if d.Kind != "digest" || d.Text != "" || d.Size != 3 {
		t.Errorf("%+v", d)
	}
}

func TestIndent(t *testing.T) {
	for in, want := range map[string]string{
		"<a><b/><c>x</c><d></d></a>":      "<a>\n  <b/>\n  <c>x</c>\n  <d></d>\n</a>",
		"<a>\n\t<b> x </b>\n</a>":         "<a>\n  <b> x</b>\n</a>",
		"<a><![CDATA[<x>]]></a>":          "<a>\n  <![CDATA[<x>]]>\n</a>",
		"<a b='>'><!-- <c> --></a>":       "<a b='>'>\n  <!-- <c> -->\n</a>",
		"<a":                              "<a",
		"</a></a><b>":                     "</a>\n</a>\n<b>",
		"<?xml?><!DOCTYPE a><a>1&lt;</a>": "<?xml?>\n<!DOCTYPE a>\n<a>1&lt;</a>",
	} {
		if got := indent(in); got != want {
			t.Errorf("indent(%q) = %q, want %q", in, got, want)
		}
	}
	deep := indent(strings.Repeat("<a>", 5000))
	if len(deep) > 5000*(indentDepth*2+5) {
		t.Errorf("%d octets", len(deep))
	}
}

// FuzzDescribe: whatever comes, the view is text without hidden characters, and
// loses nothing but white space.
func FuzzDescribe(f *testing.F) {
	for _, s := range []string{"<a><b>1</b></a>", "\xff\xfe<\x00", "%PDF", "<a\u202e>", "<!--", "<![CDATA[", "<a b='", "\ufeff<?xml encoding='windows-1251'?>\xcf"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		d := Describe("", data)
		if !bytes.Equal(before, data) {
			t.Fatal("the octets were changed")
		}
		if !utf8.ValidString(d.Text) {
			t.Errorf("invalid text %q", d.Text)
		}
		for _, r := range d.Text {
			if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) {
				t.Errorf("hidden character %U", r)
			}
		}
		if d.Kind == "xml" && utf8.Valid(data) {
			squeeze := func(s string) string { return strings.Join(strings.Fields(readable(s)), "") }
			if len(data) < textLimit && squeeze(decode(data)) != squeeze(indent(decode(data))) {
				t.Errorf("indenting changed %q", data)
			}
		}
	})
}

// TestT20: what is a log-in and what is not.
func TestT20Login(t *testing.T) {
	prose := strings.Repeat("договор поставки товара ", 30)
	for _, c := range []struct {
		name    string
		use     protocol.KeyUse
		docs    []string
		login   bool
		warning string
	}{
		{"egov log-in", protocol.Authentication, []string{"<login><timeTicket>1764000000</timeTicket><sessionid>ab12</sessionid></login>"}, true, ""},
		{"goszakup log-in", protocol.Authentication, []string{"<?xml version=\"1.0\"?><root><key>f1f2</key></root>"}, true, ""},
		{"random octets", protocol.Authentication, []string{"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"}, true, ""},
		{"uuid", protocol.Authentication, []string{"7b0e2a64-6e1b-4b0c-9d2a-1c2d3e4f5a6b"}, true, ""},
		{"a contract as a log-in", protocol.Authentication, []string{prose}, false, warnLoginIsDocument},
		{"a PDF as a log-in", protocol.Authentication, []string{"%PDF-1.7"}, false, warnLoginIsDocument},
		{"a form as a log-in", protocol.Authentication, []string{"<form>" + prose + "</form>"}, false, warnLoginIsDocument},
		{"one document among tickets", protocol.Authentication, []string{"<login>1</login>", "%PDF-1.7"}, false, warnLoginIsDocument},
		{"a document", protocol.Signature, []string{"<form><name>x</name></form>"}, false, ""},
		{"a short text", protocol.Signature, []string{"Согласен с условиями"}, false, ""},
		{"a ticket as a document", protocol.Signature, []string{"<login><timeTicket>1</timeTicket></login>"}, false, warnDocumentIsLogin},
		{"a challenge as a document", protocol.Signature, []string{"0123456789abcdef0123456789abcdef"}, false, warnDocumentIsLogin},
		{"any key, a ticket", protocol.AnyKey, []string{"<login>1</login>"}, false, ""},
		{"any key, a log-in of egov", protocol.AnyKey, []string{"<login><url>https://egov.kz</url><sessionid>ab12</sessionid><timeTicket>1764000000</timeTicket></login>"}, true, ""},
		{"any key, a log-in of goszakup", protocol.AnyKey, []string{"<root></root>"}, true, ""},
		{"any key, a log-in and a document", protocol.AnyKey, []string{"<root/>", "<pay><sum>1</sum></pay>"}, false, ""},
		{"any key, a payment under the name of a log-in", protocol.AnyKey, []string{"<login><sum>1000000</sum></login>"}, false, ""},
		{"any key, a sentence as a ticket", protocol.AnyKey, []string{"<login><nonce>I owe you a million</nonce></login>"}, false, ""},
		{"any key, a sentence in a comment", protocol.AnyKey, []string{"<login><nonce>ab</nonce><!-- I owe you --></login>"}, false, ""},
		{"any key, a sentence in an attribute", protocol.AnyKey, []string{"<login><nonce a='I owe you'>ab</nonce></login>"}, false, ""},
		{"any key, a sentence beside the root", protocol.AnyKey, []string{"<?I owe you?><root/>"}, false, ""},
		{"any key, a sentence in a namespace", protocol.AnyKey, []string{"<login xmlns='I owe you'/>"}, false, ""},
		{"any key, a sentence in a prefix", protocol.AnyKey, []string{"<I-owe-you:login/>"}, false, ""},
		{"any key, a sentence in a tag", protocol.AnyKey, []string{"<login I owe you></login>"}, false, ""},
		{"any key, a sentence between tags", protocol.AnyKey, []string{"<login><I-owe-you><nonce>ab</nonce></I-owe-you></login>"}, false, ""},
		{"any key, a sentence in a declaration", protocol.AnyKey, []string{"<?xml I owe you?><root/>"}, false, ""},
		{"any key, a late declaration", protocol.AnyKey, []string{"<root/><?xml version='1.0'?>"}, false, ""},
		{"any key, a declaration", protocol.AnyKey, []string{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<root/>"}, true, ""},
		{"a tax form as a log-in", protocol.Authentication, []string{"<fno code='910.00'><iin>1</iin></fno>"}, false, warnLoginIsDocument},
	} {
		q := &Question{Select: protocol.Selection{Use: c.use}}
		for _, d := range c.docs {
			q.Documents = append(q.Documents, Describe("", []byte(d)))
		}
		if login, warning := classify(q); login != c.login || warning != c.warning {
			t.Errorf("%s: %t %q, want %t %q", c.name, login, warning, c.login, c.warning)
		}
	}
	if login, _ := classify(&Question{Purpose: prompt.ShowKey, Select: protocol.Selection{Use: protocol.Authentication}}); login {
		t.Error("showing a certificate is not logging in")
	}
}

// A brief view is the same view without the text.
func TestDescribeBriefly(t *testing.T) {
	for _, content := range []string{"", "text", "қол қою \u202e\r\n", "<a>\xd0</a>", "%PDF-1.7", "PK\x03\x04", "\x00\x01", "\xff\xfea\x00", `<?XML version="1.0" encoding="Windows-1251"?><a>` + "\xea</a>"} {
		whole, brief := Describe("name", []byte(content)), DescribeBriefly("name", []byte(content))
		if cut := whole.Kind == "text" || whole.Kind == "xml"; brief.Cut != cut || brief.Text != "" {
			t.Errorf("%q: %+v", content, brief)
		}
		whole.Text, whole.Source, whole.Cut, whole.Fields, whole.More = "", "", brief.Cut, nil, false
		if !reflect.DeepEqual(whole, brief) {
			t.Errorf("%q: %+v\nwant %+v", content, brief, whole)
		}
	}
}

func BenchmarkDescribe10K(b *testing.B) {
	for name, content := range map[string][]byte{
		"binary": make([]byte, 10_000),
		"text":   []byte(strings.Repeat("Шот-фактура 0123456789 invoice; ", 10_000/40)),
	} {
		for way, describe := range map[string]func(string, []byte) prompt.Document{"whole": Describe, "brief": DescribeBriefly} {
			b.Run(name+"/"+way, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					describe("", content)
				}
			})
		}
	}
}

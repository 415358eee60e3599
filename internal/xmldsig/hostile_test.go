package xmldsig

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

func wide(text string, little bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		if little {
			b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
		} else {
			b.WriteString(string([]byte{byte(u >> 8), byte(u)}))
		}
	}
	return b.String()
}

// What is refused, and in which words.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		in   string
		err  error
		text string
	}{
		{"", ErrSyntax, "there is no root element"},
		{" \n", ErrSyntax, "there is no root element"},
		{"text", ErrSyntax, "text outside the root element"},
		{"<a/>x", ErrSyntax, "text outside the root element"},
		{"<a/><b/>", ErrSyntax, "second root element"},
		{"<a></b>", ErrSyntax, "the end tag of a is expected"},
		{"<a></ab>", ErrSyntax, "the end tag of a is expected"},
		{"<a><b></a>", ErrSyntax, "the end tag of b is expected"},
		{"<a", ErrSyntax, "ends inside a tag of a"},
		{"<a>x", ErrSyntax, "ends inside the element a"},
		{"<a b></a>", ErrSyntax, "attribute b of a has no value"},
		{"<a b=c/>", ErrSyntax, "is not quoted"},
		{`<a b="c"d="e"/>`, ErrSyntax, "unexpected character in a tag of a"},
		{`<a b="<"/>`, ErrSyntax, "< in an attribute value"},
		{`<a b="`, ErrSyntax, "ends inside an attribute value"},
		{`<a b="1" b="2"/>`, ErrSyntax, "attribute b of a is there twice"},
		{`<a xmlns:p="urn:a" xmlns:p="urn:b"/>`, ErrSyntax, "attribute xmlns:p of a is there twice"},
		{`<a xmlns="urn:a" xmlns="urn:b"/>`, ErrSyntax, "attribute xmlns of a is there twice"},
		{`<a xmlns:p="urn:a" xmlns:q="urn:a" p:x="" q:x=""/>`, ErrNamespace, "twice under different prefixes"},
		{"<1/>", ErrSyntax, "< begins no markup"},
		{"<a>< b/></a>", ErrSyntax, "< begins no markup"},
		{"<p:a/>", ErrNamespace, "the prefix of element p:a is not bound"},
		{"<a p:b=''/>", ErrNamespace, "the prefix of attribute p:b is not bound"},
		{"<a><b xmlns:p='urn:p'/><p:c/></a>", ErrNamespace, "the prefix of element p:c is not bound"},
		{"<a:b:c xmlns:a='urn:a'/>", ErrNamespace, "a colon too many"},
		{"<:a/>", ErrNamespace, "a colon too many"},
		{"<a:/>", ErrNamespace, "a colon too many"},
		{"<a xmlns:p=''/>", ErrNamespace, "the prefix p cannot be undeclared"},
		{"<a xmlns:xmlns='urn:x'/>", ErrNamespace, "xmlns cannot be declared"},
		{"<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", ErrNamespace, "xmlns cannot be declared"},
		{"<a xmlns:xml='urn:x'/>", ErrNamespace, "the prefix xml is bound"},
		{"<a xmlns='http://www.w3.org/XML/1998/namespace'/>", ErrNamespace, "the prefix xml is bound"},
		{"<a>&nbsp;</a>", ErrEntity, "&nbsp;"},
		{"<a b='&e;'/>", ErrEntity, "&e;"},
		{"<a>&</a>", ErrSyntax, "& begins no reference"},
		{"<a>&lt</a>", ErrSyntax, "& begins no reference"},
		{"<a>&#;</a>", ErrSyntax, "& begins no character reference"},
		{"<a>&#x;</a>", ErrSyntax, "& begins no character reference"},
		{"<a>&#X41;</a>", ErrSyntax, "& begins no character reference"},
		{"<a>&#0;</a>", ErrSyntax, "a character that is not allowed"},
		{"<a>&#xD800;</a>", ErrSyntax, "a character that is not allowed"},
		{"<a>&#x110000;</a>", ErrSyntax, "a character that is not allowed"},
		{"<a>&#99999999999999999999999;</a>", ErrSyntax, "a character that is not allowed"},
		{"<a>\x01</a>", ErrSyntax, "U+0001"},
		{"<a b='\x00'/>", ErrSyntax, "U+0000"},
		{"<a>\uFFFE</a>", ErrSyntax, "U+FFFE"},
		{"<!--\uFFFF--><a/>", ErrSyntax, "U+FFFF"},
		{"<a>]]></a>", ErrSyntax, "]]> outside"},
		{"<a><![CDATA[x</a>", ErrSyntax, "]]> is missing"},
		{"<![CDATA[x]]><a/>", ErrSyntax, "unknown markup"},
		{"<a><!-- a -- b --></a>", ErrSyntax, "-- inside a comment"},
		{"<a><!-- a</a>", ErrSyntax, "-- is missing"},
		{"<a><?p x</a>", ErrSyntax, "?> is missing"},
		{"<a><? x?></a>", ErrSyntax, "without a target"},
		{"<a><?XmL x?></a>", ErrSyntax, "XML declaration that is not at the beginning"},
		{" <?xml version='1.0'?><a/>", ErrSyntax, "XML declaration that is not at the beginning"},
		{"<a><?p+?></a>", ErrSyntax, "white space is missing"},
		{"<a><!ELEMENT a></a>", ErrSyntax, "unknown markup"},
		{"<?xml version='1.0' standalone='maybe'?><a/>", ErrSyntax, "standalone is yes or no"},
		{"<?xml encoding='UTF-8'?><a/>", ErrSyntax, "in this order"},
		{"<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>", ErrSyntax, "in this order"},
		{"<?xml version='1.0'", ErrSyntax, "does not end"},
		{"<?xml ?><a/>", ErrSyntax, "version is missing"},
		{"<?xml version='1.1'?><a/>", ErrVersion, `"1.1"`},

		{"<!DOCTYPE a><a/>", ErrDoctype, "document type declarations are refused"},
		{`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>`, ErrDoctype, "refused"},
		{"<?xml-stylesheet href='x.xsl'?><a/>", ErrStyle, "style sheet"},

		{"<?xml version='1.0' encoding='windows-1251'?><a>\xd2</a>", ErrEncoding, `"windows-1251"`},
		{"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", ErrEncoding, `"ISO-8859-1"`},
		{"<?xml version='1.0' encoding='UTF-16'?><a/>", ErrEncoding, `"UTF-16"`},
		{"\xFF\xFE" + wide("<a/>", true), ErrEncoding, "this is UTF-16"},
		{"\xFE\xFF" + wide("<a/>", false), ErrEncoding, "this is UTF-16"},
		{wide("<a/>", true), ErrEncoding, "this is UTF-16"},
		{wide("<a/>", false), ErrEncoding, "this is UTF-16"},
		{"\xFF\xFE\x00\x00<\x00\x00\x00", ErrEncoding, "this is UTF-32"},
		{"\x4C\x6F\xA7\x94", ErrEncoding, "EBCDIC"},
		{"<a>\xff</a>", ErrUTF8, "octet 0xFF"},
		{"<a>\xc0\xaf</a>", ErrUTF8, "octet 0xC0"},
		{"<a>\xed\xa0\x80</a>", ErrUTF8, "octet 0xED"},
		{"<a>\xf4\x90\x80\x80</a>", ErrUTF8, "octet 0xF4"},
		{"<a>\xd0", ErrUTF8, "octet 0xD0"},
	} {
		_, err := Parse([]byte(c.in))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%.60q: %v, want %q", c.in, err, c.text)
		}
	}
	_, err := Parse([]byte("<a>\n\r\r\n<b></a>"))
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Line != 4 || syntax.Offset != 10 {
		t.Errorf("%+v", syntax)
	}
}

func TestParseAccepts(t *testing.T) {
	for in, want := range map[string]string{
		"\xEF\xBB\xBF<a/>":                      "<a></a>",
		"\xEF\xBB\xBF<?xml version='1.0'?><a/>": "<a></a>",
		"<a\n/>":                                "<a></a>",
		"<a b='\xEF\xBC\x81\xEF\xBF\xBD'/>":     "<a b=\"！\uFFFD\"></a>",
		"<a>]] ]>&#x10FFFF;&#000065;</a>":       "<a>]] ]&gt;\U0010FFFFA</a>",
		"<a>" + strings.Repeat("<b>", 255) + strings.Repeat("</b>", 255) + "</a>": "<a>" + strings.Repeat("<b>", 255) + strings.Repeat("</b>", 255) + "</a>",
	} {
		if got := canonical(t, in, "", Method{}); got != want {
			t.Errorf("%.60q: %.80q, want %.80q", in, got, want)
		}
	}
}

// Attacks on time and memory: each has its own error, and none costs more than
// a small multiple of the size of the input.
func TestBombs(t *testing.T) {
	lol := `<!DOCTYPE lolz [<!ENTITY lol "lol">`
	for i := range 9 {
		lol += fmt.Sprintf(`<!ENTITY lol%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&lol%d;", i), 10))
	}
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, in string
		err      error
	}{
		{"billion laughs", lol + "]><lolz>&lol9;</lolz>", ErrDoctype},
		{"quadratic blow-up", `<!DOCTYPE a [<!ENTITY a "` + strings.Repeat("a", 1<<20) + `">]><a>` + strings.Repeat("&a;", 1<<16) + "</a>", ErrDoctype},
		{"external", `<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>`, ErrDoctype},
		{"10,000 deep", strings.Repeat("<a>", 10000) + strings.Repeat("</a>", 10000), ErrTooDeep},
		{"10,000 attributes", "<a " + many(`a%d="" `, 10000) + "/>", ErrTooMany},
		{"1,000,000 attributes", "<a " + many(`a%d="" `, 1000000) + "/>", ErrTooMany},
		{"10,000 namespaces", "<a " + many(`xmlns:a%d="urn:x" `, 999) + "/>", ErrTooMany},
		{"namespaces in depth", strings.Repeat("<a "+many(`xmlns:a%d="urn:x" `, 100)+">", 200), ErrTooMany},
		{"an attribute of 16 MiB", `<a b="` + strings.Repeat("&amp;", 16<<20/5) + `"/>`, nil},
		{"a name of 1 MiB", "<" + strings.Repeat("a", 1<<20) + "/>", ErrNamespace},
		{"open comment", "<a>" + strings.Repeat("<!--", 1<<20), ErrSyntax},
		{"open CDATA", "<a>" + strings.Repeat("<![CDATA[", 1<<20), ErrSyntax},
		{"brackets", "<a>" + strings.Repeat("]", 4<<20) + "</a>", nil},
		{"1,000,000 elements", "<a>" + strings.Repeat("<b/>", 1000000) + "</a>", nil},
		{"100,000 namespaces, each once", "<a>" + many(`<b xmlns="urn:%d"/>`, 100000) + "</a>", nil},
		{"255 prefixes looked up", "<a " + many(`xmlns:a%d="urn:x" `, 255) + ">" + strings.Repeat("<a0:b/>", 200000) + "</a>", nil},
		{"1,000 attributes each", "<a>" + strings.Repeat("<b "+many(`a%d="" `, 1000)+"/>", 500) + "</a>", nil},
		{"carriage returns", "<a>" + strings.Repeat("\r", 4<<20) + "</a>", nil},
		{"digits", "<a>&#" + strings.Repeat("9", 4<<20) + ";</a>", ErrSyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			d, err := Parse([]byte(c.in))
			if err == nil {
				err = d.Canonicalize(io.Discard, Method{})
			}
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, c.err) {
				t.Errorf("err = %v, want %v", err, c.err)
			}
			allocated := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d octets: %v, %.1f octets allocated for each", len(c.in), took.Round(time.Millisecond), float64(allocated)/float64(len(c.in)))
			if limit := uint64(1<<20 + 32*len(c.in)); allocated > limit {
				t.Errorf("allocated %d, limit %d", allocated, limit)
			}
			if took > 30*time.Second { // quadratic time would be hours; a busy machine is not
				t.Errorf("took %v", took)
			}
		})
	}
}

// A canonical form may not be many times the document.
func TestExclusiveBomb(t *testing.T) {
	in := `<a xmlns:p="urn:` + strings.Repeat("x", 1<<20) + `">` + strings.Repeat("<p:b/>", 100000) + "</a>"
	d, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = d.Canonicalize(counter{&n}, Method{Exclusive: true})
	if !errors.Is(err, ErrTooLarge) || n > 20*len(in) {
		t.Errorf("%v after %d octets", err, n)
	}
}

type counter struct{ n *int }

func (c counter) Write(p []byte) (int, error) {
	*c.n += len(p)
	return len(p), nil
}

func TestTooLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("512 MiB")
	}
	_, err := Parse(make([]byte, maxDocument+1))
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "the limit is") {
		t.Error(err)
	}
}

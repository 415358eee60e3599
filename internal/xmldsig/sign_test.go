package xmldsig

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"tanba/internal/pki"
)

const form = "<?xml version='1.0' encoding='UTF-8'?>\r\n<!-- форма --><?p d?>\r\n" +
	`<f:form xmlns:f="http://forms.kz/1" xmlns="urn:d&amp;e" xml:lang="kk" b="2" a='"1"'>` + "\r\n" +
	`  <part Id="p1" xml:space="preserve">Қазақстан &lt;&#13;&gt; <![CDATA[<сырой>]]><!-- c --></part>` + "\r\n" +
	`  <f:other xmlns=""><x/></f:other><f:sig/>` + "\r\n</f:form>\r\n<!-- after -->"

// What is signed verifies, says what was signed, and every octet of it counts.
func TestSignVerify(t *testing.T) {
	for _, family := range allFamilies {
		for _, o := range []Options{
			{}, {Compact: true},
			{Element: "//*[@Id='p1']"}, {Element: "/f:form/*[1]", Parent: "/f:form/f:sig", Compact: true},
			{Parent: "//f:sig"},
		} {
			s := signer(t, family, 0)
			document := signed(t, s, form, o)
			list, err := Verify([]byte(document))
			if err != nil {
				t.Fatalf("%v %+v: %v\n%s", family, o, err, document)
			}
			if len(list) != 1 || len(list[0].Parts) != 1 || !list[0].Certificate.Equal(s.Certificate()) {
				t.Fatalf("%+v", list)
			}
			part := list[0].Parts[0]
			if part.Whole() != (o.Element == "") {
				t.Errorf("part %+v", part)
			}
			d, err := Parse([]byte(form))
			if err != nil {
				t.Fatal(err)
			}
			var want bytes.Buffer
			if part.Whole() {
				err = d.Canonicalize(&want, Method{})
			} else {
				err = d.CanonicalizeElement(&want, "p1", Method{})
			}
			if err != nil || !bytes.Equal(part.Bytes, want.Bytes()) {
				t.Errorf("%v: signed %s\nwant %s", err, part.Bytes, want.Bytes())
			}
		}
	}
}

// Quirk 12: egov.kz drops white space inside SignedInfo before it verifies.
func TestCompactHasNoWhiteSpace(t *testing.T) {
	document := signed(t, signer(t, pki.GOST512, 0), form, Options{Compact: true})
	signature := document[strings.Index(document, "<ds:Signature "):strings.Index(document, "</ds:Signature>")]
	if regexp.MustCompile(`>\s|\s<|[\r\n]|&#13;`).MatchString(signature) {
		t.Error(signature)
	}
}

// protocol.md §11.2: never CR in the layout of Santuario.
func TestLayoutHasNoCR(t *testing.T) {
	document := signed(t, signer(t, pki.GOST512, 0), "<a>\r\n</a>", Options{})
	if strings.Contains(document, "\r") || strings.Contains(document, "&#13;") {
		t.Error(document)
	}
}

func TestDeclaration(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	const usual = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>`
	for _, c := range []struct {
		in   string
		o    Declaration
		want string
	}{
		{"", KeepDeclaration, usual},
		{`<?xml version="1.0" encoding="UTF-8"?>`, KeepDeclaration, `<?xml version="1.0" encoding="UTF-8"?>`},
		{"\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n", KeepDeclaration, "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>"},
		{`<?xml version="1.0"?>`, KeepDeclaration, `<?xml version="1.0"?>`},
		{`<?xml version="1.0" encoding="UTF8"?>`, KeepDeclaration, usual},
		{`<?xml version="1.0" encoding="US-ASCII"?>`, KeepDeclaration, usual},
		{"", RewriteDeclaration, usual},
		{`<?xml version="1.0" encoding="utf-8" standalone="no"?>`, RewriteDeclaration, `<?xml version="1.0" encoding="utf-8" standalone="no"?>`},
		{`<?xml version="1.0" standalone="yes"?>`, RewriteDeclaration, `<?xml version="1.0" encoding="UTF-8"?>`},
		{`<?xml version="1.0"?>`, OmitDeclaration, ""},
	} {
		got := signed(t, s, c.in+"<a/>", Options{Declaration: c.o})
		if !strings.HasPrefix(got, c.want+"<a><ds:Signature ") {
			t.Errorf("%q: got %.120q, want %q", c.in, got, c.want)
		}
	}
}

// A document from a JSON string is Unicode, whatever its declaration says.
func TestTextIgnoresEncoding(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	const in = `<?xml version="1.0" encoding="windows-1251"?><a>Қ</a>`
	if _, err := s.Sign([]byte(in), Options{}); !errors.Is(err, ErrEncoding) {
		t.Error(err)
	}
	if got := signed(t, s, in, Options{Text: true}); !strings.HasPrefix(got, `<?xml version="1.0" encoding="windows-1251"?><a>Қ<ds:Signature `) {
		t.Error(got)
	}
	if _, err := s.Sign([]byte(in), Options{}); !errors.Is(err, ErrEncoding) {
		t.Error("a Signer remembers the option:", err)
	}
}

// Quirk 26: goszakup signs an empty root.
func TestEmptyRoot(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	for _, in := range []string{"<root></root>", "<root/>"} {
		got := signed(t, s, in, Options{Declaration: OmitDeclaration})
		if !strings.HasPrefix(got, "<root><ds:Signature ") || !strings.HasSuffix(got, "</ds:Signature></root>") {
			t.Error(got)
		}
	}
}

// The recordings hold a DigestValue and, but for the certificate, the whole
// answer of NCALayer on Windows (CR LF) and in basics (LF).
func TestRecordings(t *testing.T) {
	var entries []struct{ Request, Response string }
	if err := json.Unmarshal(read(t, "protocol", "sigex-recordings.json"), &entries); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?s)<\?xml.*?</tag>`)
	compared := 0
	for i, e := range entries {
		var response any
		if json.Unmarshal([]byte(e.Response), &response) != nil {
			continue
		}
		var texts []string
		var collect func(v any)
		collect = func(v any) {
			switch v := v.(type) {
			case string:
				texts = append(texts, v)
			case []any:
				for _, m := range v {
					collect(m)
				}
			case map[string]any:
				for _, m := range v {
					collect(m)
				}
			}
		}
		collect(response)
		for _, text := range texts {
			want := found.FindString(text)
			if want == "" {
				continue
			}
			value := valueText.FindStringSubmatch(want)
			s, err := newSigner(identity(t, pki.RSA, 0).Certificate)
			if err != nil {
				t.Fatal(err)
			}
			s.appender = echo{decoded(t, value[1])}
			got := signed(t, s, "<tag>data</tag>", Options{})
			cut := func(x string) string {
				x = strings.ReplaceAll(x, "\r\n", "\n")
				front, rest, _ := strings.Cut(x, "<ds:X509Certificate>")
				_, rest, _ = strings.Cut(rest, "</ds:X509Certificate>")
				return front + rest
			}
			compared++
			if cut(got) != cut(want) {
				t.Errorf("entry %d\ngot\n%s\nwant\n%s", i+1, got, want)
			}
		}
	}
	if compared < 3 {
		t.Errorf("%d recorded documents", compared)
	}
}

func TestSignRefuses(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	two := signed(t, s, `<a><b Id="x"/><c/></a>`, Options{})
	for _, c := range []struct {
		name, in string
		o        Options
		err      error
		text     string
	}{
		{"malformed", "<a>", Options{}, ErrSyntax, "ends inside the element a"},
		{"doctype", "<!DOCTYPE a><a/>", Options{}, ErrDoctype, "document type"},
		{"no id", "<a><b/></a>", Options{Element: "//b"}, ErrNoID, "no attribute Id: b"},
		{"empty id", "<a><b Id=''/></a>", Options{Element: "//b"}, ErrNoID, "no attribute Id: b"},
		{"lower-case id", "<a><b id='x'/></a>", Options{Element: "//b"}, ErrNoID, "no attribute Id: b"},
		{"two of an id", "<a><b Id='x'/><c id='x'/></a>", Options{Element: "//b"}, ErrDuplicateID, `not unique: "x"`},
		{"no element", "<a/>", Options{Element: "//b"}, ErrNoElement, `element to be signed: no element at this path: "//b"`},
		{"no parent", "<a/>", Options{Parent: "/b"}, ErrNoElement, `parent of the signature: no element at this path: "/b"`},
		{"parent is signed", "<a><b Id='x'/></a>", Options{Element: "//b", Parent: "//b"}, ErrPlacement, "inside the element that is signed"},
		{"parent inside", "<a><b Id='x'><c/></b></a>", Options{Element: "//b", Parent: "//c"}, ErrPlacement, "inside the element that is signed"},
		{"root signed", "<a Id='x'/>", Options{Element: "/a"}, ErrPlacement, "inside the element that is signed"},
		{"parent in a signature", two, Options{Parent: "//*[local-name()='KeyInfo']"}, ErrPlacement, "inside another signature"},
		{"function", "<a/>", Options{Element: "id('x')"}, ErrXPath, "id is not supported"},
		{"relative namespace", `<a xmlns="rel"/>`, Options{}, ErrRelativeNamespace, "relative namespace"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dst := []byte("before")
			out, err := s.Append(dst, []byte(c.in), c.o)
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("err = %v, want %q", err, c.text)
			}
			if string(out) != "before" {
				t.Errorf("dst became %q", out)
			}
		})
	}
	if _, err := NewSigner(identity(t, pki.RSA, 0).Key, identity(t, pki.GOST512, 0).Certificate); !errors.Is(err, pki.ErrKeyMismatch) {
		t.Errorf("key of another certificate: %v", err)
	}
}

// A second and third signature cover the earlier ones, and each is judged.
func TestSeveralSignatures(t *testing.T) {
	document := form
	families := []pki.Family{pki.GOST512, pki.RSA, pki.GOST2004}
	for _, f := range families {
		document = signed(t, signer(t, f, 1), document, Options{})
	}
	list, err := Verify([]byte(document))
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for k, v := range list {
		if n := bytes.Count(v.Parts[0].Bytes, []byte("<ds:Signature ")); n != k {
			t.Errorf("signature %d covers %d others", k+1, n)
		}
		if v.Certificate.PublicKey.Family != families[k] {
			t.Errorf("signature %d is of %v", k+1, v.Certificate.PublicKey.Family)
		}
	}
	// By Id first, then the whole document.
	part := signed(t, signer(t, pki.GOST512, 0), form, Options{Element: "//*[@Id='p1']"})
	both := signed(t, signer(t, pki.RSA, 0), part, Options{})
	if list, err := Verify([]byte(both)); err != nil || len(list) != 2 {
		t.Error(list, err)
	}
	// Changing the first breaks both.
	broken := strings.Replace(document, "Қазақстан", "Казахстан", 1)
	list, err = Verify([]byte(broken))
	for k, v := range list {
		if !errors.Is(v.Err, ErrDigest) {
			t.Errorf("signature %d: %v", k+1, v.Err)
		}
	}
	if err == nil {
		t.Error("a changed document was accepted")
	}
}

func TestXPath(t *testing.T) {
	d, err := Parse([]byte(`<r:root xmlns:r="urn:r" xmlns="urn:d"><a xmlns=""><b n="1"/><b n="2" Id="i"/></a><c><b n="3"/><r:b n="4"/></c><a xmlns=""><b n="5"/></a></r:root>`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/r:root":                               "",
		"r:root":                                "",
		"/*/*[2]/*[1]":                          "3",
		"//b":                                   "1",
		"//b[2]":                                "2",
		"//b[last()]":                           "2",
		"/r:root/a[2]/b":                        "5",
		"//*[@Id='i']":                          "2",
		`//*[@Id = "i" and local-name() = 'b']`: "2",
		"//r:b":                                 "4",
		"//r:*[@n]":                             "4",
		"//*[local-name()='b' and namespace-uri()='urn:d']": "3",
		"//*[name()='r:b']":     "4",
		"/r:root//a//b[@n='5']": "5",
		"//*//b[@n='2']":        "2",
		"//a[2]/b[1]":           "5",
	} {
		i, err := d.find(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if n, _ := d.attribute(i, "", "n"); string(n) != want {
			t.Errorf("%s found n=%q, want %q", path, n, want)
		}
	}
	for path, text := range map[string]string{
		"/":                       "a name is expected",
		"//":                      "a name is expected",
		"//x:b":                   `prefix "x" is not declared`,
		"//b[@n='1' or @n='2']":   "] or and is expected",
		"//b[0]":                  "a position from 1",
		"//b[position()<2]":       "unsupported condition",
		"//b | //a":               "unexpected",
		"/child::b":               "child is not supported",
		"id('x')":                 "id is not supported",
		"//b/..":                  "a name is expected",
		"//b[@n='1]":              "a quote is missing",
		"//b[local-name()]":       "= is expected",
		"/r:root/text()":          "text is not supported",
		strings.Repeat("/a", 99):  "more than 32 steps",
		strings.Repeat("a", 9999): "longer than",
	} {
		if _, err := d.find(path); !errors.Is(err, ErrXPath) || !strings.Contains(err.Error(), text) {
			t.Errorf("%.40s: %v, want %q", path, err, text)
		}
	}
	if _, err := d.find("//zzz"); !errors.Is(err, ErrNoElement) {
		t.Error(err)
	}
}

// A Signer repeats itself but for the signature value, and serves many
// documents.
func TestSignerReuse(t *testing.T) {
	s := signer(t, pki.RSA, 0) // PKCS #1 v1.5 signatures are always the same
	want := signed(t, s, form, Options{})
	for range 3 {
		signed(t, s, "<a>"+strings.Repeat("<b c='1'/>", 100)+"</a>", Options{Compact: true})
		if got := signed(t, s, form, Options{}); got != want {
			t.Fatal("a used Signer signs differently")
		}
	}
}

// Many goroutines may use one Signer.
func TestSignerConcurrent(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			for i := range 25 {
				document := "<a n='" + strings.Repeat("x", n*100+i) + "'>" + form[strings.Index(form, "<f:form"):strings.LastIndex(form, "\r\n<!--")] + "</a>"
				out, err := s.Sign([]byte(document), Options{Compact: n%2 == 0})
				if err == nil {
					_, err = Verify(out)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

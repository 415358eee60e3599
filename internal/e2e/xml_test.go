package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"tanba/internal/testoracle"
	"tanba/internal/xmldsig"
)

// The XML that is signed: a login challenge, a form with what serializers differ
// in, and an empty root as goszakup sends it.
var xmlDocuments = []string{
	`<login><url>https://portal.test</url><timeTicket>1795437600000</timeTicket></login>`,
	"<f:form xmlns:f=\"urn:canary\" b='2' a=\"1 &lt; 2\">\n  <f:row Id=\"row1\"><![CDATA[Канарейка & № 4]]></f:row>\n  <empty/><!-- note -->\n</f:form>",
	`<root></root>`,
}

// xmlPlan: every way in which the client asks for XML signatures.
func xmlPlan(k key, j judges) []step {
	params := map[string]any{"decode": false, "encapsulate": false, "digested": false}
	if k.Expired {
		params["allowExpired"] = true
	}
	one := func(i int, others bool) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			j.document(t, k, value[string](t, o), others)
			reparsed(t, k, o)
		}
	}
	many := func(t *testing.T, o outcome) {
		texts := value[[]string](t, o)
		if len(texts) != len(xmlDocuments) {
			t.Fatalf("%d documents, want %d", len(texts), len(xmlDocuments))
		}
		for _, text := range texts {
			j.document(t, k, text, false)
		}
		reparsed(t, k, o)
	}
	compact := func(t *testing.T, o outcome) {
		for _, text := range value[[]string](t, o) {
			signature := text[strings.Index(text, "<ds:Signature"):]
			if strings.ContainsAny(signature[:strings.Index(signature, "</ds:Signature>")], "\r\n") {
				t.Errorf("white space inside the signature of basics: %.300q", signature)
			}
		}
		many(t, o)
	}
	basics := call{"basicsSignXML", []any{k.storages(), xmlDocuments, params, "!!basicsSignerTestAny"}}
	return []step{
		{"signXml", call{"signXml", []any{k.storage(), xmlDocuments[1], "SIGNATURE"}}, one(1, true)},
		{"signXml by Id", call{"signXml", []any{k.storage(), xmlDocuments[1], "SIGNATURE", "//*[@Id='row1']", "/*"}}, one(1, true)},
		{"signXmls", call{"signXmls", []any{k.storage(), xmlDocuments, "AUTH"}}, many},
		{"basics xml", basics, compact},
	}
}

// document judges a signed document: one signature, by the chosen key.
func (j judges) document(t *testing.T, k key, text string, others bool) {
	t.Helper()
	verified, err := xmldsig.Verify([]byte(text))
	if err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	if len(verified) != 1 || verified[0].Certificate.Fingerprint() != k.Certificate.Fingerprint() {
		t.Errorf("%d signatures, or not by the chosen key", len(verified))
	}
	if !others || len(j.others) == 0 {
		return
	}
	file := testoracle.File(t, "document.xml", []byte(text))
	for name, oracle := range map[string]func(testing.TB, ...string) testoracle.Result{"java": testoracle.Java, "openssl": testoracle.OpenSSL} {
		if r := oracle(t, "xml-verify", file); !r.Valid {
			t.Errorf("the %s oracle: %s\n%s", name, r.Output, text)
		}
	}
}

// reparsed judges what a browser makes of the documents: egov.kz parses them,
// drops the white space inside SignedInfo and writes them anew. Node has no DOM;
// there is nothing to judge then.
func reparsed(t *testing.T, k key, o outcome) {
	t.Helper()
	if o.Reparsed == nil {
		return
	}
	var texts []string
	if err := json.Unmarshal(o.Reparsed, &texts); err != nil {
		t.Fatal(err)
	}
	if len(texts) == 0 {
		t.Error("the browser made nothing of the documents")
	}
	for _, text := range texts {
		judges{}.document(t, k, text, false)
	}
}

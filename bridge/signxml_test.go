package bridge

import (
	"strings"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/internal/xmldsig"
)

func verifyXML(t testing.TB, document string, want string) {
	t.Helper()
	verified, err := xmldsig.Verify([]byte(document))
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	if got := string(verified[0].Parts[0].Bytes); got != want {
		t.Errorf("signed %q, want %q", got, want)
	}
}

func TestSignXML(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.RSA} {
		t.Run(family.KalkanName(), func(t *testing.T) {
			d := &desk{ask: grants(newKey(t, testpki.Profile{Family: family}))}
			p := start(t, d).open()

			p.say(`{"module":"kz.gov.pki.knca.commonUtils","method":"signXml","args":["PKCS12","AUTH","<root></root>","",""]}`)
			m := jsonOf(t, p.hear())
			document, _ := m["responseObject"].(string)
			if m["code"] != "200" || !strings.HasPrefix(document, `<?xml version="1.0" encoding="UTF-8" standalone="no"?><root><ds:Signature`) || !strings.HasSuffix(document, "</ds:Signature></root>") {
				t.Errorf("quirk 26: %v", m)
			}
			if strings.Contains(document, "\r") || strings.Contains(document, "&#13;") {
				t.Error("a carriage return in the layout of commonUtils")
			}
			verifyXML(t, document, "<root></root>")

			p.say(`{"module":"kz.gov.pki.knca.commonUtils","method":"signXmls","args":["PKCS12","SIGNATURE",["<a>1</a>","<b>2</b>"],"",""]}`)
			m = jsonOf(t, p.hear())
			documents, _ := m["responseObject"].([]any)
			if len(documents) != 2 {
				t.Fatalf("signXmls: %v", m)
			}
			verifyXML(t, documents[0].(string), "<a>1</a>")
			verifyXML(t, documents[1].(string), "<b>2</b>")

			p.say(`{"module":"kz.gov.pki.knca.commonUtils","method":"signXml","args":["PKCS12","SIGNATURE","<r><part Id=\"p1\">x</part></r>","//part","/r"]}`)
			m = jsonOf(t, p.hear())
			document, _ = m["responseObject"].(string)
			verifyXML(t, document, `<part Id="p1">x</part>`)
		})
	}
}

func TestQuirk12BasicsXMLHasNoWhiteSpace(t *testing.T) {
	d := &desk{ask: grants(newKey(t, testpki.Profile{Family: pki.GOST512}))}
	p := start(t, d).open()
	p.say(basicsRequest("xml", []string{"<a>\n 1</a>"}, ""))
	m := jsonOf(t, p.hear())
	body, _ := m["body"].(map[string]any)
	result, _ := body["result"].([]any)
	if m["status"] != true || len(result) != 1 {
		t.Fatalf("reply %v", m)
	}
	document := result[0].(string)
	verifyXML(t, document, "<a>\n 1</a>")
	signature := document[strings.Index(document, "<ds:Signature"):strings.Index(document, "</ds:Signature>")]
	if i := strings.IndexAny(signature, "\r\n\t"); i >= 0 || strings.Contains(signature, "> <") {
		t.Errorf("white space inside the signature: %q", signature)
	}
}

// A path nobody can follow is an answer, not a signature over something else.
func TestSignXMLBadPaths(t *testing.T) {
	d := &desk{ask: grants(newKey(t, testpki.Profile{Family: pki.GOST512}))}
	p := start(t, d).open()
	for _, paths := range []string{`"//missing","/r"`, `"//part[contains(.,'x')]","/r"`, `"//noid","/r"`, `"/r","/r"`} {
		p.say(`{"module":"kz.gov.pki.knca.commonUtils","method":"signXml","args":["PKCS12","SIGNATURE","<r><part Id='p'>x</part><noid/></r>",` + paths + `]}`)
		if m := jsonOf(t, p.hear()); m["code"] != "500" {
			t.Errorf("%s: %v", paths, m)
		}
	}
}

// TestT29SignXMLPart: the question says that only a part is signed, and which.
func TestT29SignXMLPart(t *testing.T) {
	d := &desk{ask: grants(newKey(t, testpki.Profile{Family: pki.GOST512}))}
	p := start(t, d).open()
	for _, c := range []struct{ paths, part, form string }{
		{`"",""`, "", "login"},
		{`"//nonce","/login"`, "//nonce", ""},
	} {
		p.say(`{"module":"kz.gov.pki.knca.commonUtils","method":"signXml","args":["PKCS12","AUTH","<login><nonce>ab</nonce></login>",` + c.paths + `]}`)
		p.hear()
		asked := d.asked()
		view := asked[len(asked)-1].Documents[0]
		if view.Part != c.part || view.Form != c.form || (view.Fields == nil) != (c.part != "") {
			t.Errorf("%s: %+v", c.paths, view)
		}
	}
}

package xmldsig

import (
	"bytes"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"tanba/internal/pki"
)

// replace changes one place of a signed document and wants it to be there.
func replace(t *testing.T, document, old, new string) string {
	t.Helper()
	if strings.Count(document, old) < 1 {
		t.Fatalf("%q is not in the document", old)
	}
	return strings.Replace(document, old, new, 1)
}

// remake signs SignedInfo again with the right key: an attacker may own a key
// and everything that stands in the document.
func remake(t *testing.T, document string) string {
	t.Helper()
	id := identity(t, pki.RSA, 3)
	d, err := Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	info, err := d.find("//*[local-name()='SignedInfo']")
	if err != nil {
		t.Fatal(err)
	}
	m := Method{}
	if strings.Contains(document, `CanonicalizationMethod Algorithm="`+algorithmExcC14N) {
		m.Exclusive = true
	}
	var octets bytes.Buffer
	if err := d.canonicalize(&sink{w: &octets}, info, m, nil); err != nil {
		t.Fatal(err)
	}
	value, err := pki.SignDigest(id.Key, nil, sum(pki.RSA, octets.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)<ds:SignatureValue>.*?</`).ReplaceAllLiteralString(document,
		"<ds:SignatureValue>"+base64.StdEncoding.EncodeToString(value)+"</")
}

const (
	partForm = `<doc><part Id="x"><sum>100</sum></part><to/></doc>`
	evilPart = `<part Id="y"><sum>999</sum></part>`
)

// What a signature may not look like, even when the key made it.
func TestVerifyRefuses(t *testing.T) {
	s := signer(t, pki.RSA, 3)
	whole := signed(t, s, partForm, Options{Compact: true})
	byID := signed(t, s, partForm, Options{Compact: true, Element: "//part"})
	other := base64.StdEncoding.EncodeToString(identity(t, pki.GOST512, 3).Certificate.Raw)
	otherRSA := base64.StdEncoding.EncodeToString(identity(t, pki.RSA, 4).Certificate.Raw)
	certificate := regexp.MustCompile(`<ds:X509Certificate>.*</ds:X509Certificate>`)
	own := certificate.FindString(whole)
	withCertificates := func(list ...string) string {
		return certificate.ReplaceAllLiteralString(whole, "<ds:X509Certificate>"+strings.Join(list, "</ds:X509Certificate><ds:X509Certificate>")+"</ds:X509Certificate>")
	}
	enveloped := `<ds:Transform Algorithm="` + algorithmEnveloped + `"/>`
	comments := `<ds:Transform Algorithm="` + algorithmC14NComments + `"/>`
	transform := func(uri string) string { return `<ds:Transform Algorithm="` + uri + `"/>` }
	for _, c := range []struct {
		name, document string
		err            error
		text           string
	}{
		{"not XML", "x", ErrSyntax, "outside the root"},
		{"doctype", replace(t, whole, "<doc>", "<!DOCTYPE doc><doc>"), ErrDoctype, "refused"},
		{"no signature", partForm, ErrNoSignature, "no XML signature"},
		{"another namespace", replace(t, whole, `xmlns:ds="`+nsDSig, `xmlns:ds="urn:ds`), ErrNoSignature, ""},
		{"content", replace(t, whole, "100", "999"), ErrDigest, "digest of the document"},
		{"content by id", replace(t, byID, "100", "999"), ErrDigest, `digest of "x"`},
		{"moved into the digest", replace(t, whole, "<to/>", "<to> </to>"), ErrDigest, "not what was signed"},

		{"unknown signature", replace(t, whole, "rsa-sha256", "rsa-sha1"), ErrAlgorithm, "rsa-sha1"},
		{"hmac", remake(t, replace(t, whole, more+"rsa-sha256", nsDSig+"hmac-sha1")), ErrAlgorithm, "hmac-sha1"},
		{"unknown digest", remake(t, replace(t, whole, "http://www.w3.org/2001/04/xmlenc#sha256", nsDSig+"sha1")), ErrAlgorithm, "sha1"},
		{"unknown canonicalization", remake(t, replace(t, whole, `CanonicalizationMethod Algorithm="`+algorithmC14N, `CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11`)), ErrAlgorithm, "xml-c14n11"},
		{"parameters of a method", remake(t, replace(t, whole, `rsa-sha256"/>`, `rsa-sha256"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>`)), ErrStructure, "has parameters"},

		{"XSLT", remake(t, replace(t, whole, enveloped, enveloped+transform("http://www.w3.org/TR/1999/REC-xslt-19991116"))), ErrTransform, "xslt"},
		{"XPath", remake(t, replace(t, whole, enveloped, enveloped+transform("http://www.w3.org/TR/1999/REC-xpath-19991116"))), ErrTransform, "xpath"},
		{"XPath filter 2", remake(t, replace(t, whole, enveloped, transform("http://www.w3.org/2002/06/xmldsig-filter2"))), ErrTransform, "filter2"},
		{"base64 transform", remake(t, replace(t, byID, comments, transform(nsDSig+"base64"))), ErrTransform, "base64"},
		{"enveloped twice", remake(t, replace(t, whole, enveloped, enveloped+enveloped)), ErrTransform, "enveloped"},
		{"enveloped last", remake(t, replace(t, whole, enveloped+comments, comments+enveloped)), ErrTransform, "after a canonicalization"},
		{"canonical twice", remake(t, replace(t, whole, comments, comments+comments)), ErrTransform, "after a canonicalization"},
		{"not enveloped", remake(t, replace(t, whole, enveloped, "")), ErrReference, "without the enveloped"},
		{"enveloped elsewhere", remake(t, replace(t, byID, comments, enveloped+comments)), ErrTransform, "does not contain the signature"},
		{"prefix list of inclusive", remake(t, replace(t, whole, comments, `<ds:Transform Algorithm="`+algorithmC14N+`"><e:InclusiveNamespaces xmlns:e="`+algorithmExcC14N+`" PrefixList="a"/></ds:Transform>`)), ErrStructure, "parameters of a canonicalization"},

		{"external", remake(t, replace(t, whole, `URI=""`, `URI="http://127.0.0.1:9/x"`)), ErrReference, `to "http://`},
		{"file", remake(t, replace(t, whole, `URI=""`, `URI="file:///etc/passwd"`)), ErrReference, `to "file:`},
		{"relative", remake(t, replace(t, whole, `URI=""`, `URI="other.xml"`)), ErrReference, `to "other.xml"`},
		{"xpointer", remake(t, replace(t, byID, `URI="#x"`, `URI="#xpointer(id('x'))"`)), ErrReference, "xpointer"},
		{"bare #", remake(t, replace(t, byID, `URI="#x"`, `URI="#"`)), ErrReference, `to "#"`},
		{"no URI", remake(t, replace(t, whole, ` URI=""`, "")), ErrReference, "without a URI"},
		{"unknown id", remake(t, replace(t, byID, `URI="#x"`, `URI="#z"`)), ErrReference, `no element with the identifier "z"`},
		{"no reference", remake(t, regexp.MustCompile(`<ds:Reference.*</ds:Reference>`).ReplaceAllString(whole, "")), ErrStructure, "SignedInfo"},
		{"two to one", remake(t, regexp.MustCompile(`<ds:Reference.*</ds:Reference>`).ReplaceAllString(whole, "$0$0")), ErrReference, "two to one place"},
		{"65 references", remake(t, regexp.MustCompile(`<ds:Reference.*</ds:Reference>`).ReplaceAllStringFunc(whole, func(r string) string { return strings.Repeat(r, 65) })), ErrTooMany, "more than 64 references"},
		{"something in SignedInfo", remake(t, replace(t, whole, "</ds:SignedInfo>", "<x/></ds:SignedInfo>")), ErrStructure, "more than references"},
		{"a comment in SignedInfo", remake(t, replace(t, whole, "<ds:Reference ", "<!-- --><ds:Reference ")), ErrStructure, "something else than elements"},
		{"a comment in the digest", remake(t, replace(t, whole, "<ds:DigestValue>", "<ds:DigestValue>AAAA<!-- -->")), ErrStructure, "something else than text"},
		{"text in SignedInfo", remake(t, replace(t, whole, "<ds:Reference ", "x<ds:Reference ")), ErrStructure, "something else than elements"},

		{"two SignedInfo", replace(t, whole, "</ds:SignedInfo>", "</ds:SignedInfo>"+regexp.MustCompile(`<ds:SignedInfo.*</ds:SignedInfo>`).FindString(whole)), ErrStructure, "SignatureValue is missing"},
		{"two SignatureValue", replace(t, whole, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignatureValue>"), ErrStructure, "KeyInfo is missing"},
		{"SignedInfo last", regexp.MustCompile(`(<ds:SignedInfo.*</ds:SignedInfo>)(.*)</ds:Signature>`).ReplaceAllString(whole, "$2$1</ds:Signature>"), ErrStructure, "SignedInfo is missing"},
		{"no KeyInfo", regexp.MustCompile(`<ds:KeyInfo.*</ds:KeyInfo>`).ReplaceAllString(whole, ""), ErrStructure, "KeyInfo is missing"},
		{"two KeyInfo", regexp.MustCompile(`<ds:KeyInfo.*</ds:KeyInfo>`).ReplaceAllString(whole, "$0$0"), ErrStructure, "more in ds:Signature"},
		{"an Object", replace(t, whole, "</ds:Signature>", "<ds:Object/></ds:Signature>"), ErrStructure, "Object holds something else"},
		{"two Objects", replace(t, whole, "</ds:Signature>", "<ds:Object/><ds:Object/></ds:Signature>"), ErrStructure, "more in ds:Signature"},
		{"a Manifest", replace(t, whole, "</ds:Signature>", "<ds:Object><ds:Manifest/></ds:Object></ds:Signature>"), ErrStructure, "Object holds something else"},
		{"properties that are not signed", replace(t, replace(t, whole, "<ds:Signature ", `<ds:Signature Id="s" `), "</ds:Signature>", `<ds:Object><q:QualifyingProperties xmlns:q="`+nsXAdES+`" Target="#s"><q:SignedProperties/></q:QualifyingProperties></ds:Object></ds:Signature>`), ErrStructure, "properties are not signed"},
		{"properties of another", replace(t, whole, "</ds:Signature>", `<ds:Object><q:QualifyingProperties xmlns:q="`+nsXAdES+`" Target="#s"><q:SignedProperties/></q:QualifyingProperties></ds:Object></ds:Signature>`), ErrStructure, "of another signature"},
		{"nested", replace(t, whole, "</ds:KeyInfo>", "</ds:KeyInfo><ds:Object><ds:Signature/></ds:Object>"), ErrStructure, "inside another"},
		{"signature is the root", regexp.MustCompile(`(?s)^.*?(<ds:Signature .*</ds:Signature>).*$`).ReplaceAllString(whole, "$1"), ErrReference, "nothing is left"},

		{"certificate of another kind", withCertificates(other), ErrCertMismatch, "another kind"},
		{"certificate of another key", withCertificates(otherRSA), ErrSignature, "does not verify"},
		{"no certificate", strings.Replace(whole, own, "", 1), ErrNoCert, "without a certificate"},
		{"broken certificate", withCertificates("AAAA"), ErrNoCert, "certificate"},
		{"not base64", withCertificates("A*AA"), ErrStructure, "is not base64"},
		{"KeyValue", replace(t, whole, "<ds:X509Data>", "<ds:KeyValue/><ds:X509Data>"), ErrNoCert, "holds 2 things"},
		{"KeyName", regexp.MustCompile(`<ds:X509Data>.*</ds:X509Data>`).ReplaceAllString(whole, "<ds:KeyName>x</ds:KeyName>"), ErrNoCert, "KeyInfo holds ds:KeyName"},
		{"RetrievalMethod", regexp.MustCompile(`<ds:X509Data>.*</ds:X509Data>`).ReplaceAllString(whole, `<ds:RetrievalMethod URI="http://127.0.0.1:9/"/>`), ErrNoCert, "RetrievalMethod"},
		{"nine certificates", withCertificates(strings.Split(strings.Repeat(other+" ", 9), " ")[:9]...), ErrTooMany, "more than 8 certificates"},
		{"an X509CRL", replace(t, whole, "</ds:X509Data>", "<ds:X509CRL>AAAA</ds:X509CRL></ds:X509Data>"), ErrNoCert, "holds ds:X509CRL"},
		{"33 signatures", replace(t, whole, "</doc>", strings.Repeat(`<ds:Signature xmlns:ds="`+nsDSig+`"/>`, 32)+"</doc>"), ErrTooMany, "33 signatures"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Verify([]byte(c.document))
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("err = %v, want %v %q\n%s", err, c.err, c.text, c.document)
			}
		})
	}
	// Certificates of the chain may stand beside that of the signer.
	if list, err := Verify([]byte(withCertificates(other, otherRSA, own[len("<ds:X509Certificate>"):len(own)-len("</ds:X509Certificate>")]))); err != nil || !list[0].Certificate.Equal(s.Certificate()) || len(list[0].Others) != 2 {
		t.Error(list, err)
	}
}

// shadow-wrapping: the published ways (McIntosh and Austel 2005, Gajek et al.
// 2009, Somorovsky et al. 2012, XSW1 to XSW8) to keep a signed element valid
// somewhere while another one stands where it is read.
func TestWrapping(t *testing.T) {
	s := signer(t, pki.RSA, 3)
	byID := signed(t, s, partForm, Options{Compact: true, Element: "//part", Declaration: OmitDeclaration})
	part := `<part Id="x"><sum>100</sum></part>`
	signature := regexp.MustCompile(`<ds:Signature.*</ds:Signature>`).FindString(byID)
	object := func(inside string) string {
		return strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+inside+"</ds:Object></ds:Signature>", 1)
	}
	for name, c := range map[string]struct {
		document string
		err      error
	}{
		"evil before":                  {"<doc>" + evilPart + part + "<to/>" + signature + "</doc>", ErrWrapped},
		"evil after":                   {"<doc>" + part + evilPart + "<to/>" + signature + "</doc>", ErrWrapped},
		"evil without an Id":           {`<doc><part><sum>999</sum></part>` + part + signature + "</doc>", ErrWrapped},
		"evil with the same Id":        {`<doc><part Id="x"><sum>999</sum></part>` + part + signature + "</doc>", ErrDuplicateID},
		"evil with ID":                 {`<doc><part ID="x"><sum>999</sum></part>` + part + signature + "</doc>", ErrDuplicateID},
		"evil with id":                 {`<doc><part id="x"><sum>999</sum></part>` + part + signature + "</doc>", ErrDuplicateID},
		"evil with xml:id":             {`<doc><part xml:id="x"><sum>999</sum></part>` + part + signature + "</doc>", ErrDuplicateID},
		"evil with wsu:Id":             {`<doc><part xmlns:w="` + nsUtility + `" w:Id="x"/>` + part + signature + "</doc>", ErrDuplicateID},
		"evil in another namespace":    {`<doc><e:part xmlns:e="urn:e"><sum>999</sum></e:part>` + part + signature + "</doc>", ErrWrapped},
		"original in a wrapper":        {"<doc>" + evilPart + "<wrapper>" + part + "</wrapper>" + signature + "</doc>", ErrWrapped},
		"original inside evil":         {`<doc><part Id="y"><sum>999</sum>` + part + "</part>" + signature + "</doc>", ErrWrapped},
		"original in evil, with sig":   {`<doc><part Id="y"><sum>999</sum>` + part + signature + "</part></doc>", ErrWrapped},
		"original in Object":           {"<doc>" + evilPart + object(part) + "</doc>", ErrReference},
		"original in Object, no evil":  {"<doc><to/>" + object(part) + "</doc>", ErrReference},
		"signature in evil, in Object": {`<doc><part Id="y"><sum>999</sum>` + object(part) + "</part></doc>", ErrReference},
		"original in KeyInfo":          {"<doc>" + evilPart + strings.Replace(signature, "<ds:X509Data>", "<ds:X509Data>"+part, 1) + "</doc>", ErrReference},
		"whole document wrapped":       {"<doc>" + evilPart + "<old>" + byID + "</old></doc>", ErrWrapped},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := Verify([]byte(c.document))
			if !errors.Is(err, c.err) {
				t.Errorf("err = %v, want %v\n%+v", err, c.err, list)
			}
		})
	}

	t.Run("SOAP", func(t *testing.T) {
		document := string(read(t, "kalkan", "wsse", "g512.xml"))
		body := regexp.MustCompile(`(?s)<soap:Body.*</soap:Body>`).FindString(document)
		evil := `<soap:Body><SendMessage>evil</SendMessage></soap:Body>`
		moved := strings.Replace(document, body, evil, 1)
		moved = replace(t, moved, "</wsse:Security>", "<w>"+body+"</w></wsse:Security>")
		if _, err := Verify([]byte(moved)); !errors.Is(err, ErrWrapped) {
			t.Error(err)
		}
		only := strings.Replace(document, body, "<soap:Other/>", 1)
		only = replace(t, only, "</wsse:Security>", "<w>"+body+"</w></wsse:Security>")
		if _, err := Verify([]byte(only)); !errors.Is(err, ErrWrapped) || !strings.Contains(err.Error(), "not that of the Envelope") {
			t.Error(err)
		}
	})

	// What stays valid says where it stands and returns what was signed.
	moved := "<doc><wrapper>" + part + "</wrapper><sum>999</sum>" + signature + "</doc>"
	list, err := Verify([]byte(moved))
	if err != nil || list[0].Parts[0].Path != "/doc/wrapper/part" || string(list[0].Parts[0].Bytes) != part {
		t.Errorf("%v %+v", err, list)
	}
}

// A comment between two pieces of text is not signed and must not cut what the
// caller reads.
func TestCommentInText(t *testing.T) {
	document := signed(t, signer(t, pki.RSA, 3), "<doc><iin>123456789011</iin></doc>", Options{})
	document = replace(t, document, "123456", "123<!-- -->456")
	list, err := Verify([]byte(document))
	if err != nil || string(list[0].Parts[0].Bytes) != "<doc><iin>123456789011</iin></doc>" {
		t.Errorf("%v %s", err, list[0].Parts[0].Bytes)
	}
}

// Base64 whose last letter has bits that stand for nothing is refused, so that
// one signature has one spelling.
func TestStrayBits(t *testing.T) {
	document := signed(t, signer(t, pki.GOST512, 3), "<doc/>", Options{Compact: true})
	for _, name := range []string{"DigestValue", "SignatureValue"} {
		at := strings.Index(document, "=</ds:"+name)
		letter := strings.TrimRight(document[:at], "=")
		last := letter[len(letter)-1]
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		changed := document[:len(letter)-1] + string(alphabet[strings.IndexByte(alphabet, last)|1]) + document[len(letter):]
		if changed == document {
			t.Fatal("nothing changed")
		}
		if _, err := Verify([]byte(changed)); !errors.Is(err, ErrStructure) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// XAdES: the properties count, and so does whom they name.
func TestXAdESTampered(t *testing.T) {
	document := string(read(t, "ades", "g512_xades_b.xml"))
	for _, c := range []struct {
		old, new string
		err      error
	}{
		{"2026-11-23T", "2026-11-22T", ErrDigest},
		{"<xades:MimeType>text/xml", "<xades:MimeType>text/xmm", ErrDigest},
		{`Type="http://uri.etsi.org/01903#SignedProperties" `, "", ErrReference},
		{`Target="#sig-`, `Target="#gis-`, ErrStructure},
		{"текст", "тест", ErrDigest},
	} {
		if _, err := Verify([]byte(replace(t, document, c.old, c.new))); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.old, err, c.err)
		}
	}
}

// An exclusive canonical form cannot be used to make Verify work for long.
func TestVerifyBomb(t *testing.T) {
	s := signer(t, pki.RSA, 3)
	document := signed(t, s, `<doc xmlns:p="urn:`+strings.Repeat("x", 1<<16)+`"><part Id="x">`+strings.Repeat("<p:b/>", 50000)+`</part></doc>`, Options{Compact: true, Element: "//part"})
	document = remake(t, replace(t, document, `<ds:Transform Algorithm="`+algorithmC14NComments, `<ds:Transform Algorithm="`+algorithmExcC14N))
	if _, err := Verify([]byte(document)); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

package xmldsig

import (
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testoracle"
)

// Two implementations that share nothing with this one accept what is made
// here: canonicalization by the JDK and by libxml2. For RSA so does xmlsec1.
//
// libxml2 does not escape & in the URI of a namespace, and lxml, by which the
// OpenSSL oracle takes the canonical form of an element, forgets the xml:
// attributes that it inherits; the documents leave these two out, but for one
// which the JDK and xmlsec1 judge.
func TestOraclesAccept(t *testing.T) {
	form := strings.NewReplacer("urn:d&amp;e", "urn:de", ` xml:lang="kk"`, "").Replace(form)
	big := `<doc xmlns="urn:a" xmlns:ds="urn:not-a-signature">` + strings.Repeat(`<row n="1">Құжат &amp; &#13; <![CDATA[<x>]]></row>`, 2000) + "</doc>"
	known := `<doc xmlns:ds="` + nsDSig + `" xmlns:a="urn:q"><a:b Id="x"/></doc>`
	inherited := `<doc xmlns="urn:a" xml:lang="kk" xml:base="http://b.kz/" xml:space="preserve"><in xml:lang="ru"><part Id="p">x</part></in> </doc>`
	type example struct {
		name, in string
		o        Options
		signers  []pki.Family
	}
	list := []example{
		{"big", big, Options{}, []pki.Family{pki.GOST512}},
		{"ds known", known, Options{}, []pki.Family{pki.GOST512}},
		{"ds known by id", known, Options{Element: "//*[@Id='x']", Compact: true}, []pki.Family{pki.RSA}},
		{"inherited", inherited, Options{}, []pki.Family{pki.RSA}},
		{"inherited in two signatures", inherited, Options{}, []pki.Family{pki.GOST512, pki.GOST2004}},
		{"three", form, Options{}, []pki.Family{pki.GOST512, pki.RSA, pki.GOST2004}},
		{"empty root", "<root></root>", Options{Compact: true}, []pki.Family{pki.GOST512}},
	}
	for _, f := range allFamilies {
		list = append(list,
			example{f.String() + " whole", form, Options{}, []pki.Family{f}},
			example{f.String() + " compact", form, Options{Compact: true}, []pki.Family{f}},
			example{f.String() + " by id", form, Options{Element: "//*[@Id='p1']", Parent: "//f:sig"}, []pki.Family{f}})
	}
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			document := c.in
			for _, f := range c.signers {
				document = signed(t, signer(t, f, 2), document, c.o)
			}
			if _, err := Verify([]byte(document)); err != nil {
				t.Fatal(err)
			}
			file := testoracle.File(t, "signed.xml", []byte(document))
			bad := strings.Replace(document, "row n=\"1\"", "row n=\"2\"", 1)
			if bad == document {
				bad = strings.NewReplacer("Қазақстан", "Казахстан", "<root>", "<root> ", ">x</part>", ">y</part>", "<a:b Id=\"x\"/>", "<a:b Id=\"x\">!</a:b>").Replace(document)
			}
			if bad == document {
				bad = strings.Replace(document, "DigestValue>", "DigestValue>AAAA", 1)
			}
			badFile := testoracle.File(t, "bad.xml", []byte(bad))
			if r := testoracle.Java(t, "xml-verify", file); !r.Valid {
				t.Errorf("Java: %s", r.Output)
			}
			if r := testoracle.OpenSSL(t, "xml-verify", file); !r.Valid && !strings.HasPrefix(c.name, "inherited") {
				t.Errorf("OpenSSL: %s", r.Output)
			}
			if testoracle.Java(t, "xml-verify", badFile).Valid {
				t.Error("Java accepts a changed document")
			}
			if testoracle.OpenSSL(t, "xml-verify", badFile).Valid {
				t.Error("OpenSSL accepts a changed document")
			}
			if len(c.signers) == 1 && c.signers[0] == pki.RSA {
				xmlsec(t, document, true)
				xmlsec(t, bad, false)
			}
		})
	}
}

// xmlsec gives xmlsec1 the key; what stands in KeyInfo it cannot judge.
func xmlsec(t *testing.T, document string, want bool) {
	t.Helper()
	key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: identity(t, pki.RSA, 2).Certificate.PublicKey.SPKI()})
	bare := regexp.MustCompile(`(?s)<ds:KeyInfo>.*?</ds:KeyInfo>`).ReplaceAllString(document, "")
	r := testoracle.Tool(t, "xmlsec1", "--verify", "--pubkey-pem", testoracle.File(t, "key.pem", key),
		"--id-attr:Id", "part", "--id-attr:Id", "urn:de:part", "--id-attr:Id", "urn:q:b", testoracle.File(t, "bare.xml", []byte(bare)))
	if r.Valid != want {
		t.Errorf("xmlsec1: %v, want %v\n%s", r.Valid, want, r.Output)
	}
}

// And we accept what the oracle makes.
func TestOracleSignatures(t *testing.T) {
	id := identity(t, pki.GOST512, 2)
	store, _, err := issued.authority.PKCS12(id, []byte("Aa123456"))
	if err != nil {
		t.Fatal(err)
	}
	p12 := testoracle.File(t, "key.p12", store)
	in := testoracle.File(t, "in.xml", []byte(form))
	for i, args := range [][]string{{}, {"--compact"}, {"--id", "p1"}} {
		out := testoracle.File(t, fmt.Sprintf("out%d.xml", i), nil)
		r := testoracle.Java(t, append([]string{"xml-sign", p12, "Aa123456", in, out}, args...)...)
		if !r.Valid {
			t.Fatal(r.Output)
		}
		document := readFile(t, out)
		list, err := Verify(document)
		if err != nil || len(list) != 1 {
			t.Errorf("%v: %v\n%s", args, err, document)
		}
	}
}

package xmldsig

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"tanba/internal/pki"
)

// go test -fuzz FuzzVerify -fuzzminimizetime 10x ./internal/xmldsig
func seeds(f *testing.F) {
	f.Add([]byte(form))
	f.Add([]byte(partForm))
	for seed := range uint64(40) {
		f.Add([]byte(generate(seed, false)))
	}
	files, err := filepath.Glob(filepath.Join("testdata", "c14n", "*.xml"))
	if err != nil || len(files) == 0 {
		f.Fatal("no corpus", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// What is accepted can be written again, and reading that gives the same.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Add([]byte("\xEF\xBB\xBF<?xml version='1.0' encoding='UTF8'?><!DOCTYPE a []><a>&b;</a>"))
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := Parse(src)
		if err != nil {
			return
		}
		text := d.serialize(nil, 0, nil)
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("%v\n%q\n%q", err, src, text)
		}
		if twice := again.serialize(nil, 0, nil); !bytes.Equal(twice, text) {
			t.Fatalf("%q\nbecame %q\nthen %q", src, text, twice)
		}
		var a, b bytes.Buffer
		errA, errB := d.Canonicalize(&a, Method{Comments: true}), again.Canonicalize(&b, Method{Comments: true})
		if (errA == nil) != (errB == nil) || errA == nil && !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatalf("%q\n%v %q\n%v %q", src, errA, a.Bytes(), errB, b.Bytes())
		}
	})
}

// A canonical form is canonical.
func FuzzCanonicalize(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := Parse(src)
		if err != nil {
			return
		}
		for _, m := range []Method{{}, {Comments: true}, {Exclusive: true}, {Exclusive: true, Comments: true}, {Exclusive: true, Prefixes: []string{"p", "#default"}}} {
			var once, twice bytes.Buffer
			if d.Canonicalize(&once, m) != nil {
				continue
			}
			again, err := Parse(once.Bytes())
			if err != nil {
				t.Fatalf("%+v: %v\n%q\n%q", m, err, src, once.Bytes())
			}
			if err := again.Canonicalize(&twice, m); err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
				t.Fatalf("%+v: %v\n%q\n%q\n%q", m, err, src, once.Bytes(), twice.Bytes())
			}
			_ = d.CanonicalizeElement(io.Discard, "t", m)
		}
	})
}

// Nothing that verifies says anything that was not signed by the test key.
func FuzzVerify(f *testing.F) {
	s := signer(f, pki.GOST512, 0) // quick to make in each worker
	// GOST signatures differ from process to process, so that earlier ones are
	// taken out of what later ones cover.
	content := func(part Part) string {
		return string(regexp.MustCompile(`(?s)<ds:Signature .*</ds:Signature>`).ReplaceAll(part.Bytes, nil))
	}
	known := map[string]bool{}
	for _, o := range []Options{{}, {Compact: true}, {Element: "//part"}, {Element: "//part", Parent: "//to", Compact: true}} {
		document := []byte(signed(f, s, partForm, o))
		list, err := Verify(document)
		if err != nil {
			f.Fatal(err)
		}
		known[content(list[0].Parts[0])] = true
		f.Add(document)
		two := []byte(signed(f, s, string(document), Options{}))
		list, err = Verify(two)
		if err != nil {
			f.Fatal(err)
		}
		known[content(list[1].Parts[0])] = true
		f.Add(two)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		list, err := Verify(document)
		if err != nil {
			return
		}
		for _, v := range list {
			if !v.Certificate.PublicKey.Equal(s.Certificate().PublicKey) {
				continue
			}
			for _, p := range v.Parts {
				if !known[content(p)] {
					t.Fatalf("nobody signed %q\n%q", p.Bytes, document)
				}
			}
		}
	})
}

// Paths come from the page.
func FuzzXPath(f *testing.F) {
	for _, path := range []string{"//*[@Id='x']", "/a/b[2]/c[last()]", "//p:*[local-name()=\"x\" and namespace-uri()='u']", "a//b[@x][1]", "//b[", "[", "/"} {
		f.Add(path)
	}
	d, err := Parse([]byte(`<a xmlns:p="urn:p" Id="x"><b x="1"><c/><c/></b><p:b p:x="2"><a><b/></a></p:b></a>`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if i, err := d.find(path); err == nil && d.nodes[i].kind != elementNode {
			t.Errorf("%q found %+v", path, d.nodes[i])
		}
	})
}

package xmldsig

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"tanba/internal/pki"
)

// sized is a document like those of portals: elements, attributes, Cyrillic
// text, about n octets.
func sized(n int) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><req:request xmlns:req="http://portal.kz/req" xmlns="http://portal.kz/data" version="2">`)
	for i := 0; b.Len() < n-60; i++ {
		fmt.Fprintf(&b, "\n  <row id=\"r%d\" type=\"string\"><name>Тегі және аты</name><value>Ахметов &amp; Ко &lt;%d&gt;</value><empty/></row>", i, i)
	}
	b.WriteString("\n</req:request>")
	return []byte(b.String())
}

var sizes = []struct {
	name string
	n    int
}{{"2KB", 2 << 10}, {"100KB", 100 << 10}, {"5MB", 5 << 20}}

func BenchmarkSign(b *testing.B) {
	for _, f := range []pki.Family{pki.RSA, pki.GOST512, pki.GOST2004} {
		for _, size := range sizes {
			b.Run(f.KalkanName()+"/"+size.name, func(b *testing.B) {
				s := signer(b, f, 0)
				document := sized(size.n)
				out := make([]byte, 0, 2*len(document)+8192)
				b.SetBytes(int64(len(document)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Append(out, document, Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, f := range []pki.Family{pki.RSA, pki.GOST512} {
		for _, size := range sizes {
			b.Run(f.KalkanName()+"/"+size.name, func(b *testing.B) {
				document := []byte(signed(b, signer(b, f, 0), string(sized(size.n)), Options{}))
				b.SetBytes(int64(len(document)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Verify(document); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			document := sized(size.n)
			var d Document
			b.SetBytes(int64(len(document)))
			b.ReportAllocs()
			for b.Loop() {
				if err := d.parse(document); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCanonicalize(b *testing.B) {
	for name, m := range map[string]Method{"inclusive": {}, "exclusive": {Exclusive: true}} {
		for _, size := range sizes {
			b.Run(name+"/"+size.name, func(b *testing.B) {
				document := sized(size.n)
				d, err := Parse(document)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(document)))
				b.ReportAllocs()
				for b.Loop() {
					if err := d.Canonicalize(io.Discard, m); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSerialize(b *testing.B) {
	document := sized(5 << 20)
	d, err := Parse(document)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]byte, 0, 2*len(document))
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		out = d.serialize(out[:0], 0, nil)
	}
}

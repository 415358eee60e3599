package pkcs12_test

import (
	"testing"

	"tanba/keystore/pkcs12"
)

func BenchmarkOpen(b *testing.B) {
	for _, name := range []string{"gost512", "gost2004", "rsa", "chain"} {
		data := read(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := pkcs12.Open(data, []byte(password))
				if err != nil {
					b.Fatal(err)
				}
				s.Destroy()
			}
		})
	}
}

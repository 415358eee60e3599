package cms

import (
	"bytes"
	"testing"

	"tanba/internal/pki"
)

func benchmarkAppend(b *testing.B, o Options) {
	content := bytes.Repeat([]byte("x"), 10<<10)
	o.Time = signingTime
	for _, f := range families {
		b.Run(f.KalkanName(), func(b *testing.B) {
			s := signer(b, f, 0)
			dst := make([]byte, 0, 32<<10)
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Append(dst, content, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// 10 KiB hashed and signed into a buffer that is used again.
func BenchmarkDetached10K(b *testing.B) { benchmarkAppend(b, Options{Detached: true}) }
func BenchmarkAttached10K(b *testing.B) { benchmarkAppend(b, Options{}) }

// What this package costs by itself: everything but hash and signature.
func BenchmarkContainer10K(b *testing.B) {
	own := signer(b, pki.GOST512, 0)
	s, err := NewSigner(still{own.key, own.signatureLen}, own.certificate)
	if err != nil {
		b.Fatal(err)
	}
	content, digest := bytes.Repeat([]byte("x"), 10<<10), make([]byte, 64)
	dst := make([]byte, 0, 32<<10)
	sc := s.scratch.Get().(*scratch)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		l, when, err := s.layoutFor(Options{Time: signingTime}, len(digest))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.appendInfo(l.appendFront(dst, content, false), l, when, digest, Options{}, sc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddTo(b *testing.B) {
	der := sign(b, signer(b, pki.GOST512, 0), Options{})
	s := signer(b, pki.GOST512, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.AddTo(der, nil, Options{Time: signingTime}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	der := sign(b, signer(b, pki.GOST512, 0), Options{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(der); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, f := range families {
		b.Run(f.KalkanName(), func(b *testing.B) {
			der := sign(b, signer(b, f, 0), Options{})
			b.ReportAllocs()
			for b.Loop() {
				sd, err := Parse(der)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := sd.Verify(nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

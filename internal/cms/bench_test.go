package cms

import (
	"bytes"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/streebog"
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

// What a detached container of 10 KiB cannot cost less than: the two hashes and the
// signature.
func BenchmarkHashAndSign10K(b *testing.B) {
	s := signer(b, pki.GOST512, 0)
	content, attributes := bytes.Repeat([]byte("x"), 10<<10), make([]byte, s.usual.attrsEnd-s.usual.attrs)
	dst := make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		streebog.Sum512(content)
		hashed := streebog.Sum512(attributes)
		if _, err := s.appender.AppendSignature(dst, hashed[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// A group of a batch; the time is for one document.
func BenchmarkDetached10KBatch(b *testing.B) {
	s := signer(b, pki.GOST512, 0)
	documents, dst := groupOf10K(), make([]byte, 0, 4<<10)
	batch, err := s.NewBatch(documents, Options{Detached: true, Time: signingTime})
	if err != nil {
		b.Fatal(err)
	}
	if err := batch.Sign(b.Context(), 0, group); err != nil { // makes the tables
		b.Fatal(err)
	}
	pieces, scratch := make([][]byte, 0, 4), make([]byte, 0, 4<<10)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += group {
		if err := batch.Sign(b.Context(), 0, group); err != nil {
			b.Fatal(err)
		}
		for j := range group {
			pieces, scratch = batch.Pieces(pieces[:0], scratch[:0], j)
			dst = dst[:0]
			for _, p := range pieces {
				dst = append(dst, p...)
			}
		}
	}
}

// The same hashes and signatures by themselves.
func BenchmarkHashAndSign10KBatch(b *testing.B) {
	s := signer(b, pki.GOST512, 0)
	documents, attributes := groupOf10K(), make([][]byte, group)
	for i := range attributes {
		attributes[i] = make([]byte, s.usual.attrsEnd-s.usual.attrs)
	}
	sums, dst := make([][streebog.Size512]byte, group), make([]byte, 0, 128*group)
	digests := make([]byte, 0, 64*group)
	sign := func() {
		streebog.Sum512Each(sums, documents)
		streebog.Sum512Each(sums, attributes)
		digests = digests[:0]
		for i := range sums {
			digests = append(digests, sums[i][:]...)
		}
		if _, err := s.batcher.SignBatch(nil, dst, digests); err != nil {
			b.Fatal(err)
		}
	}
	sign() // makes the tables
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += group {
		sign()
	}
}

func groupOf10K() [][]byte {
	documents := make([][]byte, group)
	for i := range documents {
		documents[i] = bytes.Repeat([]byte{byte(i)}, 10<<10)
	}
	return documents
}

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

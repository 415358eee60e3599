package cms

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"tanba/internal/pki"
)

func batchDocuments(n int) [][]byte {
	documents := make([][]byte, n)
	for i := range documents {
		documents[i] = bytes.Repeat([]byte{byte(i), byte(i >> 8)}, i*i%5000)
	}
	return documents
}

// What a batch writes is what Sign writes, but for the signature value, and that
// is good.
func TestBatchIsSign(t *testing.T) {
	documents := batchDocuments(150)
	for _, f := range families {
		for _, detached := range []bool{false, true} {
			s := signer(t, f, 0)
			o := Options{Detached: detached, Time: signingTime}
			b, err := s.NewBatch(documents, o)
			if err != nil {
				t.Fatal(err)
			}
			ahead := [64]byte{}
			h := f.NewHash()
			h.Write(documents[70])
			known := h.Sum(ahead[:0])
			b.Digest = func(i int) []byte {
				if i == 70 {
					return known
				}
				return nil
			}
			var wg sync.WaitGroup
			for _, part := range [][2]int{{0, 1}, {1, 2}, {2, 70}, {70, 150}} {
				wg.Go(func() {
					if err := b.Sign(t.Context(), part[0], part[1]); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if b.Len() != len(documents) {
				t.Fatal(b.Len())
			}
			for i, document := range documents {
				got := b.Append([]byte("before"), i)[len("before"):]
				want, err := s.Sign(document, o)
				if err != nil {
					t.Fatal(err)
				}
				if b.Size(i) != len(want) {
					t.Fatalf("%v, document %d: size %d, want %d", f, i, b.Size(i), len(want))
				}
				signature := s.signatureLen
				if f == pki.RSA {
					signature = 0 // the same every time
				}
				if n := len(want) - signature; !bytes.Equal(got[:n], want[:n]) || len(got) != len(want) {
					t.Fatalf("%v, document %d:\n%x\nwant\n%x", f, i, got, want)
				}
				sd, err := Parse(got)
				if err != nil {
					t.Fatal(err)
				}
				content := document
				if !detached {
					content = nil
				}
				if verdicts, err := sd.Verify(content); err != nil || len(verdicts) != 1 || verdicts[0].Err != nil {
					t.Fatalf("%v, document %d: %v %v", f, i, err, verdicts)
				}
			}
		}
	}
}

func TestDigestBatch(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	for _, n := range []int{3, 32, 64, 200} {
		digests := [][]byte{bytes.Repeat([]byte{1}, n), bytes.Repeat([]byte{2}, n)}
		b, err := s.NewDigestBatch(digests, Options{Time: signingTime})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Sign(t.Context(), 0, 2); err != nil {
			t.Fatal(err)
		}
		for i, d := range digests {
			want, err := s.SignDigest(d, Options{Time: signingTime})
			if err != nil {
				t.Fatal(err)
			}
			got := b.Append(nil, i)
			if k := len(want) - s.signatureLen; len(got) != len(want) || !bytes.Equal(got[:k], want[:k]) {
				t.Errorf("%d octets:\n%x\nwant\n%x", n, got, want)
			}
		}
	}
	if _, err := s.NewDigestBatch([][]byte{{1, 2}, {3}}, Options{}); err == nil || !strings.Contains(err.Error(), "digests of 2 and 1 octets") {
		t.Error(err)
	}
	if _, err := s.NewDigestBatch([][]byte{{}}, Options{}); !errors.Is(err, ErrContentMissing) {
		t.Error(err)
	}
}

// A wrong signature of the key is an error, never a container.
func TestBatchRefusesWrongSignatures(t *testing.T) {
	own := signer(t, pki.GOST512, 0)
	for name, key := range map[string]still{
		"short": {own.key, own.signatureLen - 1}, "long": {own.key, own.signatureLen + 1}, "wrong": {own.key, own.signatureLen},
	} {
		s, err := NewSigner(key, own.certificate)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.NewBatch(batchDocuments(3), Options{VerifyAfter: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Sign(t.Context(), 0, 3); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nothing is left behind per document.
func TestBatchAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("counted without the race detector")
	}
	documents := batchDocuments(640)
	b, err := signer(t, pki.GOST512, 0).NewBatch(documents, Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	pieces, scratch := make([][]byte, 0, 8), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(2, func() {
		if err := b.Sign(t.Context(), 0, len(documents)); err != nil {
			t.Fatal(err)
		}
		for i := range documents {
			pieces, scratch = b.Pieces(pieces[:0], scratch[:0], i)
		}
	}); n > 4 {
		t.Errorf("%v allocations for %d documents", n, len(documents))
	}
}

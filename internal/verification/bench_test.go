package verification_test

import (
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/internal/verification"
)

func BenchmarkCMS(b *testing.B) {
	a, err := testpki.New(nil, now)
	if err != nil {
		b.Fatal(err)
	}
	id, err := a.Issue(testpki.Profile{NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)})
	if err != nil {
		b.Fatal(err)
	}
	s, err := cms.NewSigner(id.Key, id.Certificate)
	if err != nil {
		b.Fatal(err)
	}
	der, err := s.Sign(make([]byte, 1000), cms.Options{Time: now})
	if err != nil {
		b.Fatal(err)
	}
	v := verification.New(verification.Trust{Roots: []*pki.Certificate{a.Root(), a.Issuing()}, Now: func() time.Time { return now }})
	b.ReportAllocs()
	for b.Loop() {
		if r, err := v.CMS(b.Context(), der, verification.Options{}); err != nil || !r.Trusted() {
			b.Fatal(err)
		}
	}
}

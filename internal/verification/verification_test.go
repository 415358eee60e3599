package verification_test

import (
	"errors"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/internal/verification"
)

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func TestCMS(t *testing.T) {
	authority, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	id, err := authority.Issue(testpki.Profile{
		Family: pki.GOST512, CommonName: "ТЕСТОВ ТЕСТ", Surname: "ТЕСТОВ", IIN: "123456789011",
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cms.NewSigner(id.Key, id.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	content := []byte("акт")
	attached, err := signer.Sign(content, cms.Options{Time: now})
	if err != nil {
		t.Fatal(err)
	}
	detached, err := signer.Sign(content, cms.Options{Time: now, Detached: true})
	if err != nil {
		t.Fatal(err)
	}
	tampered := append([]byte(nil), attached...)
	tampered[len(tampered)-1] ^= 1
	roots := []*pki.Certificate{authority.Root(), authority.Issuing()}

	for _, test := range []struct {
		name          string
		data, content []byte
		at            time.Time
		roots         []*pki.Certificate
		good, trusted bool
		state         verification.CertificateState
		err           error
	}{
		{name: "attached", data: attached, at: now, roots: roots, good: true, trusted: true, state: verification.Trusted},
		{name: "detached", data: detached, content: content, at: now, roots: roots, good: true, trusted: true, state: verification.Trusted},
		{name: "detached, content missing", data: detached, at: now, roots: roots, err: cms.ErrContentMissing},
		{name: "detached, other content", data: detached, content: []byte("другой"), at: now, roots: roots, state: verification.Trusted},
		{name: "tampered", data: tampered, at: now, roots: roots, state: verification.Trusted},
		{name: "unknown authority", data: attached, at: now, good: true, state: verification.Unknown},
		{name: "after the certificate's end", data: attached, at: now.AddDate(2, 0, 0), roots: roots, good: true, state: verification.Expired},
		{name: "before its beginning", data: attached, at: now.AddDate(0, 0, -1), roots: roots, good: true, state: verification.NotYetValid},
		{name: "expired, of an unknown authority", data: attached, at: now.AddDate(2, 0, 0), good: true, state: verification.Expired},
		{name: "no signature", data: []byte("text"), at: now, err: cms.ErrNotSignedData},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := verification.CMS(test.data, verification.Options{Content: test.content, At: test.at, Roots: test.roots})
			if test.err != nil {
				if !errors.Is(err, test.err) {
					t.Fatalf("err = %v, want %v", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if report.Good() != test.good || report.Trusted() != test.trusted && test.good {
				t.Errorf("good %v, trusted %v; want %v, %v", report.Good(), report.Trusted(), test.good, test.trusted)
			}
			if got := report.Signers[0].State; got != test.state {
				t.Errorf("certificate %s (%v), want %s", got, report.Signers[0].StateErr, test.state)
			}
			if !test.good && report.Signers[0].Err == nil {
				t.Error("bad without a reason")
			}
		})
	}
}

package xmldsig

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

var allFamilies = []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004, pki.RSA}

var issued = struct {
	sync.Mutex
	authority  *testpki.Authority
	identities map[pki.Family][]*testpki.Identity
}{identities: map[pki.Family][]*testpki.Identity{}}

// identity returns the n-th throw-away key of a family with its certificate,
// the same in every run.
func identity(t testing.TB, f pki.Family, n int) *testpki.Identity {
	t.Helper()
	issued.Lock()
	defer issued.Unlock()
	if issued.authority == nil {
		a, err := testpki.New(rand.NewChaCha8([32]byte{4}), time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		issued.authority = a
	}
	for len(issued.identities[f]) <= n {
		id, err := issued.authority.Issue(testpki.Profile{Family: f, Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"})
		if err != nil {
			t.Fatal(err)
		}
		issued.identities[f] = append(issued.identities[f], id)
	}
	return issued.identities[f][n]
}

func signer(t testing.TB, f pki.Family, n int) *Signer {
	t.Helper()
	id := identity(t, f, n)
	s, err := NewSigner(id.Key, id.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signed(t testing.TB, s *Signer, document string, o Options) string {
	t.Helper()
	out, err := s.Sign([]byte(document), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return string(out)
}

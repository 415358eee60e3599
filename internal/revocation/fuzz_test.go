package revocation

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

func fuzzService(f *testing.F) (*testpki.Authority, *testpki.Status, *pki.Certificate) {
	f.Helper()
	a, err := testpki.New(nil, now)
	if err != nil {
		f.Fatal(err)
	}
	id, err := a.Issue(testpki.Profile{})
	if err != nil {
		f.Fatal(err)
	}
	s := a.NewStatus(func() time.Time { return now })
	s.Revoke(id.Certificate, testpki.Revocation{At: now, Reason: 1, Invalid: now})
	return a, s, id.Certificate
}

// More seeds lie beside the checkout, where there is one.
func shared(f *testing.F, folder, pattern string) {
	f.Helper()
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "fixtures", folder, pattern))
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(data)
		}
	}
}

// Whatever is read, nothing but what our throw-away authority signed is good.
func FuzzParseResponse(f *testing.F) {
	a, s, leaf := fuzzService(f)
	issuer := IssuerOf(a.Issuing())
	good := map[string]bool{}
	for _, fault := range []testpki.Fault{testpki.NoFault, testpki.NextDay, testpki.ByIssuer, testpki.Unauthorized, testpki.Stranger} {
		s.SetFault(fault)
		request, err := newRequest(leaf, issuer, pki.OIDSHA256, []byte("\x04\x0812345678"))
		if err != nil {
			f.Fatal(err)
		}
		answer, err := s.Respond(request)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(answer)
		if r, err := ParseResponse(answer); err == nil && fault != testpki.Stranger {
			good[string(r.signed)] = true
		}
	}
	shared(f, "ocsp", "*.der")
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := ParseResponse(in)
		if err != nil {
			return
		}
		if _, err := r.Verify(issuer); err == nil && !good[string(r.signed)] {
			t.Error("believed, though nobody signed it")
		}
		if st, err := r.About(leaf, issuer); err == nil {
			st.RevokedBy(now)
			_ = st.fresh(now, time.Hour, time.Hour)
		}
		NewArchive([][]byte{in}, nil).Judge(leaf, issuer, now)
	})
}

func FuzzParseCRL(f *testing.F) {
	a, s, leaf := fuzzService(f)
	issuer := IssuerOf(a.Issuing())
	var good [][]byte
	for _, name := range []string{"nca_GOST", "nca_GOST_d"} {
		der, err := s.CRL(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
		good = append(good, der)
	}
	shared(f, "crl", "*.crl")
	f.Fuzz(func(t *testing.T, in []byte) {
		l, err := ParseCRL(in)
		if err != nil {
			return
		}
		if err := l.Verify(issuer); err == nil && !bytes.Equal(in, good[0]) && !bytes.Equal(in, good[1]) {
			t.Error("believed, though nobody signed it")
		}
		for i := range min(l.Len(), 100) {
			if _, found, _ := l.lookup(l.serial(i)); !found {
				t.Errorf("entry %d is not found", i)
			}
		}
		l.About(leaf, nil)
		l.About(leaf, l)
		NewArchive(nil, [][]byte{in, good[0], good[1]}).Judge(leaf, issuer, now)
	})
}

package revocation

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testdata"
)

func fixture(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(testdata.Shared(t, path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func certificate(t testing.TB, path ...string) *pki.Certificate {
	t.Helper()
	c, err := pki.ParseCertificatePEM(fixture(t, path...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err) // a constant of a test
	}
	return t
}

// Answers of the national test system, recorded in 2022: of all three families,
// good, revoked and never issued.
func TestRecordedResponses(t *testing.T) {
	for _, tt := range []struct {
		file        string
		issuer      []string
		state       State
		revokedAt   time.Time
		reason      Reason
		neverIssued bool
	}{
		{"ceo_2015_revoked.der", []string{"certs", "ca", "test-2022", "nca_gost2022_test.cer"}, Revoked, at("2022-07-27T10:25:30Z"), CertificateHold, false},
		{"individual_2015.der", []string{"certs", "ca", "test-2022", "nca_gost2022_test.cer"}, Revoked, time.Unix(0, 0).UTC(), CertificateHold, true},
		{"ceo_sign_2004_revoked.der", []string{"certs", "ca", "test-3.0", "nca_gost_test.crt"}, Revoked, at("2022-01-18T06:30:55Z"), Superseded, false},
		{"individual_sign_2004.der", []string{"certs", "ca", "test-3.0", "nca_rsa_test.crt"}, Good, time.Time{}, None, false},
	} {
		t.Run(tt.file, func(t *testing.T) {
			der := fixture(t, "ocsp", tt.file)
			issuer := IssuerOf(certificate(t, tt.issuer...))
			r, err := ParseResponse(der)
			if err != nil {
				t.Fatal(err)
			}
			responder, err := r.Verify(issuer)
			if err != nil || responder == nil || !responder.NoOCSPCheck {
				t.Fatalf("responder %v, %v", responder != nil, err)
			}
			if len(r.Nonce) != 10 || r.Nonce[0] != 4 {
				t.Errorf("nonce %x", r.Nonce)
			}
			s := r.singles[0]
			name, key, ok := hashesOf(s.id.hash, issuer)
			if !ok || !bytes.Equal(name, s.id.nameHash) || !bytes.Equal(key, s.id.keyHash) {
				t.Error("the CertID is not that of the issuer")
			}
			if s.state != tt.state || !s.revokedAt.Equal(tt.revokedAt) || s.reason != tt.reason || !s.nextUpdate.IsZero() {
				t.Errorf("%+v", s)
			}
			st := Status{State: s.state, Reason: s.reason, RevokedAt: s.revokedAt, NeverIssued: tt.neverIssued}
			if tt.neverIssued && !st.RevokedBy(at("2000-01-01T00:00:00Z")) {
				t.Error("never issued, but good once")
			}
			// Nobody else's.
			for _, other := range [][]string{{"certs", "ca", "test-2022", "root_test_gost_2022.cer"}, {"certs", "ca", "prod-2015", "nca_rsa.crt"}} {
				if _, err := r.Verify(IssuerOf(certificate(t, other...))); !errors.Is(err, ErrSigner) && !errors.Is(err, ErrSignature) {
					t.Errorf("of %v: %v", other, err)
				}
			}
			original := r
			everyBit(t, der, func(changed []byte) bool {
				r, err := ParseResponse(changed)
				if err != nil {
					return false
				}
				if _, err = r.Verify(issuer); err != nil {
					return false
				}
				// The certificate of the responder is not part of what is signed here,
				// but carries a signature of its own; the status octets outside say no
				// more than that there is an answer.
				return !bytes.Equal(r.signed, original.signed) || !bytes.Equal(r.signature, original.signature)
			})
		})
	}
}

// everyBit flips bits all over and reports where that is accepted.
func everyBit(t *testing.T, der []byte, accepted func([]byte) bool) {
	t.Helper()
	step := max(1, len(der)/200)
	for i := 0; i < len(der); i += step {
		changed := bytes.Clone(der)
		changed[i] ^= 1 << (i % 8)
		if accepted(changed) {
			t.Errorf("octet %d changed, and still good", i)
		}
	}
	for _, n := range []int{0, 1, len(der) / 2, len(der) - 1} {
		if accepted(der[:n]) {
			t.Errorf("cut after %d octets, and still good", n)
		}
	}
}

// Answers of the oracle's responder that Kalkan asked for and accepted, with all
// three hashes of CertID.
func TestKalkanAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		leaf, issuer []string
		state        State
	}{
		"valid":   {[]string{"oracle-pki", "gost512", "individual", "valid"}, []string{"oracle-pki", "trust", "nca_gost_oracle.cer"}, Good},
		"revoked": {[]string{"oracle-pki", "gost512", "individual", "revoked"}, []string{"oracle-pki", "trust", "nca_gost_oracle.cer"}, Revoked},
	} {
		for _, hash := range []string{"sha1", "sha256", "gost"} {
			t.Run(name+" "+hash, func(t *testing.T) {
				dir := testdata.Shared(t, tt.leaf...)
				files, err := filepath.Glob(filepath.Join(dir, "*.cer"))
				if err != nil || len(files) != 1 {
					t.Fatalf("%v, %v", files, err)
				}
				data, err := os.ReadFile(files[0])
				if err != nil {
					t.Fatal(err)
				}
				leaf, err := pki.ParseCertificatePEM(data)
				if err != nil {
					t.Fatal(err)
				}
				issuer := IssuerOf(certificate(t, tt.issuer...))
				r, err := ParseResponse(fixture(t, "kalkan", "ocsp", name+"."+hash+".resp"))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.Verify(issuer); err != nil {
					t.Fatal(err)
				}
				st, err := r.About(leaf, issuer)
				if err != nil || st.State != tt.state {
					t.Fatalf("%+v, %v", st, err)
				}
				// Our request is Kalkan's, but for the nonce.
				request, err := newRequest(leaf, issuer, r.singles[0].id.hash, r.Nonce)
				if err != nil {
					t.Fatal(err)
				}
				if theirs := fixture(t, "kalkan", "ocsp", name+"."+hash+".req"); !bytes.Equal(request, theirs) {
					t.Errorf("request\n%x, theirs\n%x", request, theirs)
				}
			})
		}
	}
}

// The lists of the national test system.
func TestRecordedLists(t *testing.T) {
	for _, tt := range []struct {
		file, issuer string
		entries      int
		delta        bool
	}{
		{"nca_gost2022_test_2026-08-11.crl", "test-2022/nca_gost2022_test.cer", 195, false},
		{"nca_gost2022_test_2025-04-29.crl", "test-2022/nca_gost2022_test.cer", 54, false},
		{"nca_gost2022_test_delta.crl", "test-2022/nca_gost2022_test.cer", 0, true},
		{"nca_gost2022_test_5cb0411e.crl", "test-2022/nca_gost2022_test.cer", 6, false},
		{"nca_gost_test_3.0.crl", "test-3.0/nca_gost_test.crt", 31, false},
		{"nca_rsa_test_3.0.crl", "test-3.0/nca_rsa_test.crt", 126, false},
	} {
		t.Run(tt.file, func(t *testing.T) {
			der := fixture(t, "crl", tt.file)
			issuer := IssuerOf(certificate(t, "certs", "ca", filepath.FromSlash(tt.issuer)))
			l, err := ParseCRL(der)
			if err != nil {
				t.Fatal(err)
			}
			if l.Len() != tt.entries || (l.Base != nil) != tt.delta || l.Number == nil {
				t.Errorf("%d entries, base %v, number %v", l.Len(), l.Base, l.Number)
			}
			if err := l.Verify(issuer); err != nil {
				t.Fatal(err)
			}
			if err := l.current(l.ThisUpdate.Add(time.Hour), 0); err != nil {
				t.Error(err)
			}
			if err := l.current(l.NextUpdate.Add(time.Second), 0); !errors.Is(err, ErrTime) {
				t.Errorf("past its time: %v", err)
			}
			for i := range l.Len() {
				e, found, err := l.lookup(l.serial(i))
				if err != nil || !found || e.revokedAt.IsZero() {
					t.Errorf("entry %d: %+v, %v, %v", i, e, found, err)
				}
			}
			everyBit(t, der, func(changed []byte) bool {
				l, err := ParseCRL(changed)
				return err == nil && l.Verify(issuer) == nil
			})
		})
	}
	// The delta applies to the list of its day, and to no older one.
	parse := func(file string) *List {
		l, err := ParseCRL(fixture(t, "crl", file))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	delta := parse("nca_gost2022_test_delta.crl")
	if err := delta.extends(parse("nca_gost2022_test_2025-04-29.crl")); err != nil {
		t.Error(err)
	}
	if err := delta.extends(parse("nca_gost2022_test_5cb0411e.crl")); err == nil {
		t.Error("applied to a list of 2022")
	}
	if err := delta.extends(parse("nca_gost2022_test_2026-08-11.crl")); !errors.Is(err, ErrTime) {
		t.Errorf("applied to a later list: %v", err)
	}
}

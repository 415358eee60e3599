package verification_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/verification"
)

func fixture(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(testdata.Shared(t, path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// roots are those of the oracle's PKI.
func oracleRoots(t testing.TB) []*pki.Certificate {
	t.Helper()
	var roots []*pki.Certificate
	for _, name := range []string{"root_gost_oracle.cer", "root_rsa_oracle.cer", "nca_gost_oracle.cer", "nca_rsa_oracle.cer", "nca_gost2004_oracle.cer"} {
		file := fixture(t, "oracle-pki", "trust", name)
		c, err := pki.ParseCertificatePEM(file)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, c)
	}
	return roots
}

// The examples of levels that the oracle made, attached and detached, GOST and
// RSA: judged as what they are named, offline.
func TestExamplesOfLevels(t *testing.T) {
	v := verification.New(verification.Trust{Roots: oracleRoots(t), Now: func() time.Time { return now.AddDate(0, 0, 1) }})
	files, err := filepath.Glob(filepath.Join(testdata.Shared(t, "ades"), "*"))
	if err != nil || len(files) < 24 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	levels := 0
	for _, file := range files {
		name := filepath.Base(file)
		if !strings.HasSuffix(name, ".cms") && !strings.HasSuffix(name, ".xml") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			data := fixture(t, "ades", name)
			var r *verification.Report
			var err error
			if strings.HasSuffix(name, ".xml") {
				r, err = v.XML(t.Context(), data, verification.Options{})
			} else {
				var content []byte
				if strings.Contains(name, "detached") {
					content = fixture(t, "ades", name+".content")
				}
				r, err = v.CMS(t.Context(), data, verification.Options{Content: content})
			}
			if err != nil {
				t.Fatal(err)
			}
			s := r.Signers[0]
			if !r.Good() || !r.Trusted() {
				t.Errorf("good %v, trusted %v: %v, %v, stamp %+v, archives %+v", r.Good(), r.Trusted(), s.Err, s.StateErr, s.Stamp, s.Archives)
			}
			_, want, _ := strings.Cut(strings.TrimSuffix(name, ".cms"), "tached_")
			if strings.HasSuffix(name, ".cms") {
				levels++
				if got := strings.ToLower(string(s.Level)); got != want {
					t.Errorf("level %s, want %s (%v)", got, want, s.StatusErr)
				}
			}
		})
	}
	if levels != 16 {
		t.Errorf("%d levels judged", levels)
	}
}

// Signatures of the original: what is claimed, what the production authority
// stamped, and that the signer's certificate of the test system was good then.
func TestOriginalStamped(t *testing.T) {
	content := fixture(t, "cms", "skarm", "individual_detached.cms.content")
	for name, content := range map[string][]byte{"individual_attached.cms": nil, "individual_detached.cms": content} {
		v := verification.New(verification.Trust{Now: func() time.Time { return now.AddDate(2, 0, 0) }})
		r, err := v.CMS(t.Context(), fixture(t, "cms", "skarm", name), verification.Options{Content: content})
		if err != nil {
			t.Fatal(err)
		}
		s := r.Signers[0]
		if !r.Good() || s.Level != verification.LevelT || s.State != verification.Expired || s.Then != verification.TrustedTest || !r.Trusted() ||
			s.Stamp.Anchor != "NCA GOST 2022" || s.Stamp.Test || s.Proven().IsZero() {
			t.Errorf("%s: %+v, stamp %+v", name, s, s.Stamp)
		}
	}
}

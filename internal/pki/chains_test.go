package pki_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testdata"
)

// TestAnchors checks the built-in facts against the certificates they were
// taken from.
func TestAnchors(t *testing.T) {
	folder := testdata.Shared(t, "certs", "ca")
	seen := map[[32]byte]*pki.Certificate{}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.c*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		c := readCertificate(t, file)
		seen[c.Fingerprint()] = c
	}
	all := pki.Anchors(true, true)
	if len(all) != 16 || len(pki.Anchors(true, false)) != 8 || len(pki.Anchors(false, true)) != 8 || len(pki.Anchors(false, false)) != 0 {
		t.Fatalf("%d anchors", len(all))
	}
	for _, a := range all {
		if a.SHA256 == ([32]byte{}) {
			continue
		}
		c := seen[a.SHA256]
		if c == nil {
			t.Errorf("%s: no certificate with this fingerprint", a.Name)
			continue
		}
		delete(seen, a.SHA256)
		if !bytes.Equal(a.Subject.Raw(), c.RawSubject) || !a.PublicKey.Equal(c.PublicKey) ||
			!bytes.Equal(a.KeyID, c.SubjectKeyID) || !a.NotBefore.Equal(c.NotBefore) || !a.NotAfter.Equal(c.NotAfter) {
			t.Errorf("%s: facts differ from the certificate", a.Name)
		}
		if a.Production == strings.Contains(c.Subject.String(), "TEST") {
			t.Errorf("%s: production %v", a.Name, a.Production)
		}
	}
	if len(seen) != 0 {
		t.Errorf("%d certificates without an anchor", len(seen))
	}
}

// TestAnchorDegrees: what is known of the hierarchy of 2022 and what is not.
func TestAnchorDegrees(t *testing.T) {
	for _, a := range pki.Anchors(true, false) {
		switch a.Name {
		case "NCA GOST 2022":
			if a.PublicKey == nil || a.Pinned() || !a.NotAfter.IsZero() || hex.EncodeToString(a.PublicKey.KeyID()) != "fe30be9fc890633f1fff5a3c0cb0c85f4c6d1708" {
				t.Errorf("%+v", a)
			}
		case "NCA RSA 2022":
			if a.PublicKey != nil || !a.Pinned() {
				t.Errorf("%+v", a)
			}
		case "Root GOST 2022":
			if a.PublicKey != nil || a.Pinned() {
				t.Errorf("%+v", a)
			}
		default:
			if a.PublicKey == nil || a.NotAfter.IsZero() || a.SHA256 == ([32]byte{}) {
				t.Errorf("%s is not known in full", a.Name)
			}
		}
		if a.Source == "" {
			t.Errorf("%s: no source", a.Name)
		}
	}
}

// TestNationalChains builds paths from real certificates to the built-in
// anchors, without any file.
func TestNationalChains(t *testing.T) {
	folder := testdata.Shared(t, "certs")
	for _, test := range []struct {
		file   string
		at     string
		prod   bool
		anchor string
		want   error
	}{
		{"leaf/individual_signer_2026.cer", "2026-11-23", false, "Test NCA GOST 2022", nil},
		{"leaf/individual_signer_2026.cer", "2026-11-23", true, "", pki.ErrUnknownIssuer},
		{"leaf/individual_signer_2026.cer", "2027-06-01", false, "", pki.ErrExpired},
		{"leaf/individual_signer_2026.cer", "2026-05-01", false, "", pki.ErrNotYetValid},
		{"leaf/legal_entity_signer_2026.cer", "2026-11-23", false, "Test NCA GOST 2022", nil},
		{"tsa-ocsp/tsa_prod_gost_2025.cer", "2026-11-23", true, "NCA GOST 2022", nil},
		{"tsa-ocsp/tsa_prod_gost_2025.cer", "2026-11-23", false, "", pki.ErrUnknownIssuer},
		{"tsa-ocsp/tsa_prod_rsa_2025.cer", "2026-11-23", true, "", pki.ErrUnknownIssuer}, // a pin alone verifies nothing
		{"tsa-ocsp/ocsp_responder_test_2022.cer", "2023-01-01", false, "Test NCA GOST 2022", nil},
		{"tsa-ocsp/ocsp_responder_test_3.0_gost.cer", "2022-06-01", false, "Test NCA GOST 3.0", nil},
		{"tsa-ocsp/ocsp_responder_test_3.0_rsa.cer", "2022-06-01", false, "Test NCA RSA 3.0", nil},
		{"tsa-ocsp/tsa_test_3.0_gost_2021.cer", "2022-06-01", false, "Test NCA GOST 3.0", nil},
		{"tsa-ocsp/tsa_test_3.0_gost_2021.cer", "2024-03-20", false, "", pki.ErrExpired}, // the anchor is
		{"tsa-ocsp/tsa_test_gost_2023.cer", "2024-01-01", false, "Test NCA GOST 3.0 2023", nil},
		{"ca/prod-2015/nca_gost.crt", "2020-01-01", true, "NCA GOST 2018", nil},                   // is an anchor itself
		{"ca/prod-2015/nca_rsa_2015.crt", "2018-01-01", true, "NCA RSA 2015", nil},                // the same
		{"ca/prod-2015/nca_gost.crt", "2026-01-01", true, "", pki.ErrExpired},                     // in 2025
		{"ca/test-2022/nca_gost2022_test.cer", "2026-01-01", true, "", pki.ErrUnknownIssuer},      // test under production
		{"ca/test-2022/root_test_gost_2022.cer", "2026-01-01", false, "Test root GOST 2022", nil}, //
	} {
		c := readCertificate(t, filepath.Join(folder, filepath.FromSlash(test.file)))
		at, err := time.Parse(time.DateOnly, test.at)
		if err != nil {
			t.Fatal(err)
		}
		chain, err := pki.NewPool(pki.Anchors(test.prod, !test.prod)).Build(c, at)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s at %s: error %v, want %v", test.file, test.at, err, test.want)
			continue
		}
		if err == nil && (chain.Anchor != test.anchor || chain.Production != test.prod) {
			t.Errorf("%s: anchor %q, want %q", test.file, chain.Anchor, test.anchor)
		}
	}
}

// TestNationalHierarchy: the issuing certificates were signed by their roots.
// The anchors do not need this; it shows that all four families verify.
func TestNationalHierarchy(t *testing.T) {
	folder := testdata.Shared(t, "certs", "ca")
	for issued, issuer := range map[string]string{
		"test-2022/nca_gost2022_test.cer":   "test-2022/root_test_gost_2022.cer",
		"test-2022/root_test_gost_2022.cer": "test-2022/root_test_gost_2022.cer",
		"test-3.0/nca_gost_test.crt":        "test-3.0/root_gost_test.crt",
		"test-3.0/nca_rsa_test.crt":         "test-3.0/root_rsa_test.crt",
		"prod-2015/nca_gost.crt":            "prod-2015/root_gost.crt",
		"prod-2015/nca_rsa.crt":             "prod-2015/root_rsa.crt",
		"prod-2015/nca_rsa_2015.crt":        "prod-2015/root_rsa.crt",
		"prod-2015/root_gost.crt":           "prod-2015/root_gost.crt",
		"prod-2015/root_rsa.crt":            "prod-2015/root_rsa.crt",
		"test-3.0/root_gost_test.crt":       "test-3.0/root_gost_test.crt",
		"test-3.0/root_rsa_test.crt":        "test-3.0/root_rsa_test.crt",
	} {
		c, ca := readCertificate(t, filepath.Join(folder, issued)), readCertificate(t, filepath.Join(folder, issuer))
		if err := c.CheckSignatureFrom(ca); err != nil {
			t.Errorf("%s: %v", issued, err)
		}
		pool := pki.NewPool(nil)
		pool.AddRoot(ca)
		if _, err := pool.Build(c, c.NotBefore.Add(time.Hour)); err != nil {
			t.Errorf("%s: %v", issued, err)
		}
	}
}

// TestOraclePKI goes through a whole PKI made by another program, with
// everything that can be wrong with a certificate.
func TestOraclePKI(t *testing.T) {
	folder := testdata.Shared(t, "oracle-pki")
	data, err := os.ReadFile(filepath.Join(folder, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		GeneratedAt time.Time
		Entries     []struct {
			ID, Path, KeyAlgorithm  string
			Subject, Issuer, Serial string
			NotBefore, NotAfter     time.Time
		}
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	families := map[string]pki.Family{
		"gost3410-2015-512 key": pki.GOST512, "gost3410-2015-256 key": pki.GOST256,
		"gost34310-2004 key": pki.GOST2004, "rsaEncryption": pki.RSA,
	}
	wrong := map[string]error{
		"stranger_root": pki.ErrUnknownIssuer, "stranger_nca": pki.ErrUnknownIssuer,
		"individual_stranger_issuer": pki.ErrUnknownIssuer,
		"individual_bad_signature":   pki.ErrBadSignature,
		"individual_expired":         pki.ErrExpired,
		"individual_not_yet_valid":   pki.ErrNotYetValid,
	}
	trusted, known := pki.NewPool(nil), pki.NewPool(nil)
	trust, err := filepath.Glob(filepath.Join(folder, "trust", "*.cer"))
	if err != nil || len(trust) != 7 {
		t.Fatalf("%d CA certificates, %v", len(trust), err)
	}
	for _, file := range trust {
		c := readCertificate(t, file)
		known.AddCertificate(c)
		if trusted.AddCertificate(c); c.SelfIssued() {
			trusted.AddRoot(c)
		}
	}
	var strangers []*pki.Certificate
	for _, name := range []string{"stranger_nca", "stranger_root"} {
		strangers = append(strangers, readCertificate(t, filepath.Join(folder, "ca", name, name+".cer")))
	}
	for _, want := range index.Entries {
		t.Run(want.ID, func(t *testing.T) {
			c := readCertificate(t, filepath.Join(folder, want.Path+".cer"))
			for _, fact := range []struct{ what, got, want string }{
				{"subject", plain(c.Subject.String()), want.Subject},
				{"issuer", plain(c.Issuer.String()), want.Issuer},
				{"serial", c.SerialHex(), want.Serial},
				{"from", c.NotBefore.String(), want.NotBefore.String()},
				{"to", c.NotAfter.String(), want.NotAfter.String()},
				{"key", c.PublicKey.Family.String(), families[want.KeyAlgorithm].String()},
				{"key identifier", hex.EncodeToString(c.PublicKey.KeyID()), hex.EncodeToString(c.SubjectKeyID)},
			} {
				if fact.got != fact.want {
					t.Errorf("%s %q, want %q", fact.what, fact.got, fact.want)
				}
			}
			// Twice: with the stranger's certificates at hand they change nothing.
			for _, extra := range [][]*pki.Certificate{nil, strangers} {
				_, err := trusted.Build(c, index.GeneratedAt, extra...)
				if want := wrong[want.ID]; !errors.Is(err, want) || want == nil && err != nil {
					t.Errorf("error %v, want %v", err, want)
				}
			}
			// Certificates that are only known give no trust.
			if _, err := known.Build(c, index.GeneratedAt); err == nil {
				t.Error("a path to no anchor")
			}
		})
	}
}

// TestOracleSubjects: what people read in each kind of certificate.
func TestOracleSubjects(t *testing.T) {
	folder := testdata.Shared(t, "oracle-pki")
	person := pki.Subject{
		CommonName: "ОРАКУЛ ТЕСТ", Surname: "ОРАКУЛ", GivenName: "ТЕСТ", Patronymic: "ТЕСТОВИЧ",
		IIN: "900101300017", Email: "oracle@example.kz", Kind: pki.NaturalPerson,
	}
	organisation := person
	organisation.Organisation, organisation.BIN, organisation.Kind = `ТОО "ОРАКУЛ"`, "210140000016", pki.Organisation
	with := func(s pki.Subject, role pki.Role) pki.Subject {
		s.Role = role
		return s
	}
	system := pki.Subject{
		CommonName: `ИС "ОРАКУЛ"`, Organisation: `ТОО "ОРАКУЛ"`, BIN: "210140000016",
		SystemID: "1.2.398.6.10.1.1", Role: pki.RoleSystem, Kind: pki.InformationSystem,
	}
	personal := with(person, pki.RoleIndividualSystem)
	personal.Kind = pki.InformationSystem
	kazakh := person
	kazakh.CommonName, kazakh.Surname, kazakh.GivenName, kazakh.Patronymic = "ӘЛІҒҰҢҮӨҺІ ҚАҢТАР", "ӘЛІҒҰҢҮӨҺІ", "ҚАҢТАР", "ҰЛЫҚБЕКҰЛЫ"
	city := person
	city.Locality = "АЛМАТЫ"
	for _, test := range []struct {
		pattern    string
		want       pki.Subject
		auth, sign bool
	}{
		{"gost512/individual/valid", person, true, true},
		{"gost512/individual/kazakh_names", kazakh, true, true},
		{"gost512/individual/with_email_city", city, true, true},
		{"gost512/individual/no_eku", person, true, true},
		{"gost512/individual/ku_encipher_only", person, false, false},
		{"gost512/individual_auth_and_sign/valid", person, true, true},
		{"gost512/individual_infosystem/valid", personal, true, true},
		{"gost512/legal_first_head/valid", with(organisation, pki.RoleHead), true, true},
		{"gost512/legal_signer/valid", with(organisation, pki.RoleSign), true, true},
		{"gost512/legal_finance/valid", with(organisation, pki.RoleFinance), true, true},
		{"gost512/legal_hr/valid", with(organisation, pki.RoleHR), true, true},
		{"gost512/legal_employee/valid", with(organisation, pki.RoleEmployee), true, true},
		{"gost512/legal_treasury/valid", with(organisation, pki.RoleTreasury), true, true},
		{"gost512/legal_infosystem/valid", system, true, true},
		{"rsa/individual", person, true, false},
		{"gost2004/individual", person, false, true},
		{"gost256/individual", person, true, true},
		{"services", pki.Subject{CommonName: "OCSP RESPONDER"}, false, false},
	} {
		files, err := filepath.Glob(filepath.Join(folder, filepath.FromSlash(test.pattern), "*.cer"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no certificate (%v)", test.pattern, err)
		}
		c := readCertificate(t, files[0]) // AUTH_ sorts before the signature key
		got := c.Person()
		if test.pattern == "services" {
			got = pki.Subject{CommonName: got.CommonName, Kind: got.Kind}
		}
		got.Roles = nil
		if got.Email == "" {
			got.Email = test.want.Email // not every profile has one
		}
		if !subjectsEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", test.pattern, got, test.want)
		}
		if c.CanAuthenticate() != test.auth || c.CanSign() != test.sign {
			t.Errorf("%s: authenticates %v, signs %v", test.pattern, c.CanAuthenticate(), c.CanSign())
		}
		if c.Serves(pki.Authentication) != test.auth || c.Serves(pki.Signature) != test.sign || !c.Serves(pki.AnyUse) {
			t.Errorf("%s: Serves differs", test.pattern)
		}
	}
}

func subjectsEqual(a, b pki.Subject) bool {
	a.Roles, b.Roles = nil, nil
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/csr"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testdata"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
	"tanba/keystore"
)

// person answers questions as the test likes and keeps them.
type person struct {
	seen   []*prompt.Request
	answer func(ctx context.Context, r *prompt.Request) (prompt.Decision, error)
}

func (p *person) Approve(ctx context.Context, r *prompt.Request) (prompt.Decision, error) {
	p.seen = append(p.seen, r)
	d, err := p.answer(ctx, r)
	d.Progress = nil
	return d, err
}

// yes makes the key in a folder, or opens the file that waits.
func yes(folder, password string) func(context.Context, *prompt.Request) (prompt.Decision, error) {
	return func(ctx context.Context, r *prompt.Request) (prompt.Decision, error) {
		var keys []prompt.Key
		var err error
		if r.Purpose == prompt.MakeKey {
			keys, err = r.NewFile(ctx, folder, []byte(password))
		} else {
			keys, err = r.Unlock(ctx, r.Recent[0].Path, []byte(password))
		}
		if err != nil {
			return prompt.Decision{}, fmt.Errorf("%w: %w", prompt.ErrCancelled, err)
		}
		return prompt.Decision{KeyID: keys[0].ID}, nil
	}
}

func no(context.Context, *prompt.Request) (prompt.Decision, error) {
	return prompt.Decision{}, prompt.ErrCancelled
}

type enrolled struct {
	*running
	person *person
	state  state.Dir
}

func startEnrolling(t *testing.T, anchors *pki.Pool) *enrolled {
	t.Helper()
	p := &person{answer: no}
	dir := state.Dir(filepath.Join(t.TempDir(), "state"))
	d := consent.New(consent.Options{Prompter: p, State: dir, Anchors: anchors, KeyFolder: "/home/x/Documents/Tanba keys"})
	return &enrolled{start(t, d), p, dir}
}

const subjectDN = "CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,SERIALNUMBER=IIN123456789011,C=KZ,G=ТЕСТОВИЧ"

func generate(more string) string {
	return fmt.Sprintf(`{"module":"kz.gov.pki.knca.basics","method":"generateCsr","args":{"subject":%q%s}}`, subjectDN, more)
}

func install[T string | []byte](keyID string, certificates ...T) string {
	texts := []string{}
	for _, c := range certificates {
		texts = append(texts, string(c))
	}
	list, _ := json.Marshal(texts)
	return fmt.Sprintf(`{"module":"kz.gov.pki.knca.basics","method":"importCertificate","args":{"keyId":%q,"certificates":%s}}`, keyID, list)
}

// made asks for a key and returns the request and its name.
func (e *enrolled) made(p *page, more string) (request *csr.Request, der []byte, keyID string) {
	e.t.Helper()
	p.say(generate(more))
	reply := p.hear()
	result, ok := jsonOf(e.t, reply)["body"].(map[string]any)["result"].(map[string]any)
	if !ok {
		e.t.Fatalf("reply %s", reply)
	}
	block, rest := pem.Decode([]byte(result["csr"].(string)))
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(rest) > 0 {
		e.t.Fatalf("request %q", result["csr"])
	}
	request, err := csr.Parse(block.Bytes)
	if err != nil {
		e.t.Fatal(err)
	}
	keyID = result["keyId"].(string)
	if want := fmt.Sprintf("%x", request.PublicKey.KeyID()); keyID != want {
		e.t.Errorf("keyId %s, want %s", keyID, want)
	}
	return request, block.Bytes, keyID
}

// stores lists the key files of a folder.
func stores(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestNewKeyFromThePageToTheSignature(t *testing.T) {
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.RSA(); err != nil {
		t.Fatal(err)
	}
	for name, alg := range map[string]struct {
		member string
		family pki.Family
	}{"gost": {"", pki.GOST512}, "rsa": {`,"keyAlgorithm":"RSA-2048","extKeyUsageOids":["1.3.6.1.5.5.7.3.2"]`, pki.RSA}} {
		t.Run(name, func(t *testing.T) {
			e := startEnrolling(t, a.Pool())
			folder := filepath.Join(t.TempDir(), "Tanba keys")
			e.person.answer = yes(folder, "Qwerty12")
			page := e.open()
			request, _, keyID := e.made(page, alg.member)
			if request.PublicKey.Family != alg.family || request.Subject.Get(pki.OIDSerialNumber) != "IIN123456789011" {
				t.Errorf("request of %v for %s", request.PublicKey.Family, request.Subject)
			}
			shown := e.person.seen[0]
			if shown.Site.Name != "portal.test" || shown.Minimum == 0 || shown.Folder == "" || len(shown.Facts) < 2 || !strings.Contains(shown.Facts[0].Value, "ТЕСТОВ ТЕСТ") {
				t.Errorf("the window shows %+v", shown)
			}
			if names := stores(t, folder); len(names) != 1 || !strings.HasPrefix(names[0], "REQUEST_") {
				t.Fatalf("files %q", names)
			}
			leaf, err := a.Certify(request.PublicKey, testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"})
			if err != nil {
				t.Fatal(err)
			}
			// Refused first: another key's, and a wrong password. Then installed, twice.
			other := newKey(t, testpki.Profile{})
			page.say(install(keyID, other.Certificate().PEM()))
			expectCode(t, page.hear(), "INVALID_IMPORTING_CERTIFICATE")
			e.person.answer = yes("", "Wrong123")
			page.ask(install(keyID, leaf.PEM()), `{"body":{},"status":true}`)
			e.person.answer = yes("", "Qwerty12")
			want := fmt.Sprintf(`{"body":{"result":{"imported":true,"keyId":%q,"alias":"%x","serialNumber":%q,"storage":"PKCS12"}},"status":true}`, keyID, leaf.SubjectKeyID, leaf.SerialHex())
			for range 2 {
				page.say(install(strings.ToUpper(keyID), leaf.PEM(), a.Issuing().PEM()))
				if got := page.hear(); !sameJSON(t, got, strings.Replace(want, keyID, strings.ToLower(keyID), 1)) {
					t.Fatalf("%s\nwant %s", got, want)
				}
			}
			names := stores(t, folder)
			if len(names) != 1 || strings.HasPrefix(names[0], "REQUEST_") {
				t.Fatalf("files %q", names)
			}
			// The new key signs.
			s, err := keystore.OpenFile(filepath.Join(folder, names[0]))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			keys, err := s.Unlock(t.Context(), []byte("Qwerty12"))
			if err != nil || len(keys) != 1 || !keys[0].Certificate().Equal(leaf) {
				t.Fatalf("%d keys, %v", len(keys), err)
			}
			if err := pki.Owns(keys[0], leaf); err != nil {
				t.Error(err)
			}
			journal, err := os.ReadFile(e.state.Path("journal.jsonl"))
			if err != nil || !bytes.Contains(journal, []byte(`"operation":"generateCsr"`)) || !bytes.Contains(journal, []byte(`"keySerial":"`+leaf.SerialHex())) ||
				bytes.Contains(journal, []byte(folder)) || bytes.Contains(journal, []byte("Qwerty12")) {
				t.Errorf("journal, %v:\n%s", err, journal)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	x, _ := json.Marshal(jsonOf(t, a))
	y, _ := json.Marshal(jsonOf(t, b))
	return bytes.Equal(x, y)
}

func expectCode(t *testing.T, reply, code string) {
	t.Helper()
	if got := jsonOf(t, reply)["code"]; got != code {
		t.Errorf("code %v, want %s: %s", got, code, reply)
	}
}

func TestNewKeyRefusals(t *testing.T) {
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	e := startEnrolling(t, a.Pool())
	page := e.open()
	page.ask(generate(""), `{"body":{},"status":true}`) // a no is a no
	if len(e.person.seen) != 1 {
		t.Fatalf("%d windows", len(e.person.seen))
	}
	for frame, code := range map[string]string{
		generate(`,"storage":["JKS"]`):                                                                                   "CSR_GENERATING_FAILURE",
		generate(`,"extensions":[{"oid":"1.2.3","value":"BQ=="}]`):                                                       "CSR_GENERATING_FAILURE", // no DER
		generate(`,"extensions":[{"oid":"1.2.3","value":"BQA="},{"oid":"1.2.3","value":"BQA="}]`):                        "CSR_GENERATING_FAILURE",
		`{"module":"kz.gov.pki.knca.basics","method":"generateCsr","args":{"subject":[{"oid":"2.5.4.6","value":"ҚЗ"}]}}`: "CSR_GENERATING_FAILURE",
		install(strings.Repeat("ab", 20), a.Issuing().PEM()):                                                             "CERTIFICATE_IMPORTING_FAILURE", // no such key waits
		install(strings.Repeat("ab", 20), "MTEK"):                                                                        "CERTIFICATE_IMPORTING_FAILURE",
		install[string](strings.Repeat("ab", 20)):                                                                        "INVALID_IMPORTING_CERTIFICATE",
	} {
		page.say(frame)
		expectCode(t, page.hear(), code)
	}
	if len(e.person.seen) != 1 {
		t.Errorf("%d windows for what can never be done", len(e.person.seen)-1)
	}
	// What is wrong with the place or the password stays in the window.
	folder := t.TempDir()
	occupied := filepath.Join(folder, "key.p12")
	os.WriteFile(occupied, []byte("old"), 0o600)
	n := 0
	for place, password := range map[string]string{
		occupied:                         "Qwerty12",
		filepath.Join(occupied, "below"): "Qwerty12",
		"relative":                       "Qwerty12",
		folder:                           "qwerty12",
	} {
		var trouble error
		e.person.answer = func(ctx context.Context, r *prompt.Request) (prompt.Decision, error) {
			secret := []byte(password)
			_, trouble = r.NewFile(ctx, place, secret)
			if !bytes.Equal(secret, make([]byte, len(secret))) {
				t.Error("the password is not cleared")
			}
			return prompt.Decision{}, nil // a yes to nothing
		}
		n++
		p := e.openAs(fmt.Sprintf("https://p%d.test", n)) // the limits count refusals
		p.ask(generate(""), `{"body":{},"status":true}`)
		if trouble == nil {
			t.Errorf("%q %q is taken", place, password)
		}
	}
	if data, _ := os.ReadFile(occupied); string(data) != "old" || len(stores(t, folder)) != 1 {
		t.Errorf("files changed: %q", stores(t, folder))
	}
}

// Certificates nobody can take for the key are refused before any window.
func TestUnfitCertificates(t *testing.T) {
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	e := startEnrolling(t, a.Pool())
	e.person.answer = yes(t.TempDir(), "Qwerty12")
	page := e.open()
	request, _, keyID := e.made(page, "")
	who := testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"}
	ended := who
	ended.NotBefore, ended.NotAfter = time.Now().AddDate(-2, 0, 0), time.Now().AddDate(-1, 0, 0)
	for name, issue := range map[string]func() (*pki.Certificate, error){
		"expired":           func() (*pki.Certificate, error) { return a.Certify(request.PublicKey, ended) },
		"unknown authority": func() (*pki.Certificate, error) { return stranger.Certify(request.PublicKey, who) },
	} {
		c, err := issue()
		if err != nil {
			t.Fatal(name, err)
		}
		page.say(install(keyID, c.PEM()))
		expectCode(t, page.hear(), "INVALID_IMPORTING_CERTIFICATE")
	}
	if len(e.person.seen) != 1 {
		t.Errorf("%d windows", len(e.person.seen)-1)
	}
}

// TestOracleIssues: the Java oracle's stand-in of the authority takes our request
// and its certificate is installed.
func TestOracleIssues(t *testing.T) {
	dir := testdata.Shared(t, "oracle-pki")
	base := testoracle.Serve(t, dir)
	pool := pki.NewPool(nil)
	files, _ := filepath.Glob(filepath.Join(dir, "ca", "*", "*.cer"))
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			if c, err := pki.ParseCertificate(data); err == nil && c.IsCA && c.SelfIssued() {
				pool.AddRoot(c)
			} else if err == nil && c.IsCA {
				pool.AddCertificate(c)
			}
		}
	}
	e := startEnrolling(t, pool)
	folder := t.TempDir()
	e.person.answer = yes(folder, "Qwerty12")
	page := e.open()
	_, der, keyID := e.made(page, "")
	c, err := pki.ParseCertificate(testoracle.Issue(t, base, der))
	if err != nil {
		t.Fatal(err)
	}
	page.say(install(keyID, c.PEM()))
	reply := page.hear()
	if jsonOf(t, reply)["status"] != true || !strings.Contains(reply, c.SerialHex()) {
		t.Fatal(reply)
	}
	names := stores(t, folder)
	if len(names) != 1 {
		t.Fatalf("files %q", names)
	}
	if got := testoracle.Java(t, "p12-open", filepath.Join(folder, names[0]), "Qwerty12"); !got.Valid {
		t.Errorf("the oracle says %s", got.Output)
	}
}

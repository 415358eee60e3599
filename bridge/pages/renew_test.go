package pages

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/cms"
	"tanba/internal/csr"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testpki"
)

// holder is a person with an old key, who says yes to our own pages.
type holder struct {
	t      *testing.T
	old    string // key file
	folder string // of the new one
	refuse bool
	seen   []*prompt.Request
}

func (p *holder) Approve(ctx context.Context, r *prompt.Request) (prompt.Decision, error) {
	p.seen = append(p.seen, r)
	if p.refuse {
		return prompt.Decision{}, prompt.ErrCancelled
	}
	var keys []prompt.Key
	var err error
	switch r.Purpose {
	case prompt.MakeKey:
		keys, err = r.NewFile(ctx, p.folder, []byte("Newkey12"))
	case prompt.InstallCertificate:
		keys, err = r.Unlock(ctx, r.Recent[0].Path, []byte("Newkey12"))
	default:
		keys, err = r.Unlock(ctx, p.old, []byte("Qwerty12"))
	}
	if err != nil {
		return prompt.Decision{}, errors.Join(prompt.ErrCancelled, err)
	}
	return prompt.Decision{KeyID: keys[0].ID}, nil
}

// steps calls a Renewal as the page does.
type steps struct {
	t     *testing.T
	calls map[string]Call
}

func (s steps) call(name string, in renewInput) (renewView, error) {
	s.t.Helper()
	body, _ := json.Marshal(in)
	answer, err := s.calls[name](s.t.Context(), "en", body)
	if err != nil {
		return renewView{}, err
	}
	v, ok := answer.(renewView)
	if !ok {
		s.t.Fatalf("%s answers %T", name, answer)
	}
	return v, nil
}

// do begins a step and follows it to its end.
func (s steps) do(name string, in renewInput) renewView {
	s.t.Helper()
	v, err := s.call(name, in)
	for err == nil && v.Busy != "" {
		v, err = s.call("renew/wait", renewInput{Turn: v.Turn})
	}
	if err != nil {
		s.t.Fatal(name, err)
	}
	return v
}

func (s steps) download(in renewInput) []byte {
	s.t.Helper()
	body, _ := json.Marshal(in)
	answer, err := s.calls["renew/file"](s.t.Context(), "en", body)
	if err != nil {
		s.t.Fatal(err)
	}
	var b bytes.Buffer
	if err := answer.(*Download).Write(&b); err != nil {
		s.t.Fatal(err)
	}
	return b.Bytes()
}

func renewing(t *testing.T, dir state.Dir, p *holder, anchors *pki.Pool) steps {
	d := consent.New(consent.Options{Prompter: p, State: dir, Anchors: anchors})
	r := &Renewal{Desk: d, Registry: d.Registry(), Origin: "https://127.0.0.1:13579", Now: time.Now}
	return steps{t, r.Calls()}
}

// TestRenewal: from a key that ends to the new one, with a restart while the
// authority works, and nothing typed on the page.
func TestRenewal(t *testing.T) {
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	who := testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"}
	soon := who
	soon.NotBefore, soon.NotAfter = time.Now().AddDate(-1, 0, 10), time.Now().AddDate(0, 0, 10)
	id, err := a.Issue(soon)
	if err != nil {
		t.Fatal(err)
	}
	store, name, err := a.PKCS12(id, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	p := &holder{t: t, old: filepath.Join(t.TempDir(), name), folder: filepath.Join(t.TempDir(), "Tanba keys")}
	if err := os.WriteFile(p.old, store, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := state.Dir(filepath.Join(t.TempDir(), "state"))
	s := renewing(t, dir, p, a.Pool())

	if v := s.do("renew/request", renewInput{}); v.Fault != "renew.choose_first" {
		t.Errorf("without a key: %+v", v)
	}
	p.refuse = true
	if v := s.do("renew/key", renewInput{}); v.Fault != "" || v.Old != nil {
		t.Errorf("a no: %+v", v)
	}
	p.refuse = false
	v := s.do("renew/key", renewInput{})
	if v.Old == nil || !strings.Contains(v.Old.Owner, "ТЕСТОВ") || v.Old.Ended {
		t.Fatalf("%+v", v)
	}
	if own := p.seen[len(p.seen)-1]; own.Site.Name != "Tanba" || own.MayBlock || own.MayAlways {
		t.Errorf("the window says %+v", own.Site)
	}
	v = s.do("renew/request", renewInput{})
	if len(v.Pending) != 1 || v.Fault != "" || v.Pending[0].Signed {
		t.Fatalf("%+v", v)
	}
	keyID := v.Pending[0].KeyID
	v = s.do("renew/sign", renewInput{KeyID: keyID})
	if v.Fault != "" || !v.Pending[0].Signed {
		t.Fatalf("%+v", v)
	}
	request, err := csr.Parse(s.download(renewInput{KeyID: keyID}))
	if err != nil || request.Subject.String() != id.Certificate.Subject.String() || request.PublicKey.Equal(id.Certificate.PublicKey) {
		t.Fatalf("%+v, %v", request, err)
	}
	signed, err := cms.Parse(s.download(renewInput{KeyID: keyID, Signed: true}))
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := signed.Verify(nil)
	if err != nil || len(verdicts) != 1 || verdicts[0].Err != nil || !verdicts[0].Certificate.Equal(id.Certificate) {
		t.Errorf("%+v, %v: not signed by the old key", verdicts, err)
	}

	// The person writes the number down, and switches the computer off.
	if _, err := s.call("renew/application", renewInput{KeyID: keyID, Number: "123456789"}); err != nil {
		t.Fatal(err)
	}
	s = renewing(t, dir, p, a.Pool())
	v, err = s.call("renew", renewInput{})
	if err != nil || len(v.Pending) != 1 || v.Pending[0].Application != "123456789" || !v.Pending[0].Signed {
		t.Fatalf("after a restart: %+v, %v", v, err)
	}
	leaf, err := a.Certify(request.PublicKey, who)
	if err != nil {
		t.Fatal(err)
	}
	file := func(data []byte) renewInput {
		return renewInput{KeyID: keyID, Certificates: []string{base64.StdEncoding.EncodeToString(data)}}
	}
	windows := len(p.seen)
	for fault, in := range map[string]renewInput{
		"renew.no_certificate": file([]byte("no certificate")),
		"renew.other_key":      file(id.Certificate.Raw),
		"renew.not_pending":    {KeyID: "00", Certificates: file(leaf.Raw).Certificates},
	} {
		if v := s.do("renew/install", in); v.Fault != fault {
			t.Errorf("%+v, want %s", v, fault)
		}
	}
	if len(p.seen) != windows {
		t.Error("a window for a certificate that is not the key's")
	}
	v = s.do("renew/install", file(append(leaf.PEM(), a.Issuing().PEM()...)))
	if v.Fault != "" || v.Done == nil || len(v.Pending) != 0 || filepath.Dir(v.Done.Place) != p.folder {
		t.Fatalf("%+v", v)
	}
	if data, err := os.ReadFile(p.old); err != nil || !bytes.Equal(data, store) {
		t.Error("the old key was touched")
	}
	for _, in := range []renewInput{{KeyID: keyID, Number: strings.Repeat("9", 65)}, {KeyID: "00"}} {
		if _, err := s.call("renew/application", in); err == nil {
			t.Errorf("%+v is taken", in)
		}
	}
}

// A key that has ended is not renewed online: it is said what to do instead.
func TestRenewalTooLate(t *testing.T) {
	r := &Renewal{Now: time.Now, old: &pki.Certificate{NotAfter: time.Now().Add(-time.Hour)}}
	if err := r.makeRequest(t.Context(), "en", renewInput{}); renewFault(err) != "renew.late" {
		t.Error(err)
	}
}

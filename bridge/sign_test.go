package bridge

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// cmsOf takes the one signature out of a reply of commonUtils.
func cmsOf(t testing.TB, frame string) []byte {
	t.Helper()
	m := jsonOf(t, frame)
	text, ok := m["responseObject"].(string)
	if m["code"] != "200" || !ok {
		t.Fatalf("reply %.300s", frame)
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func verify(t testing.TB, der, content []byte, signers int) *cms.SignedData {
	t.Helper()
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := sd.Verify(content)
	if err != nil {
		t.Fatal(err)
	}
	if len(verified) != signers {
		t.Fatalf("%d signers, want %d", len(verified), signers)
	}
	for _, v := range verified {
		if v.Err != nil {
			t.Fatal(v.Err)
		}
	}
	return sd
}

func TestSignCMSAttachedAndDetached(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004, pki.RSA} {
		t.Run(family.KalkanName()+fmt.Sprint(family), func(t *testing.T) {
			d := &desk{ask: grants(newKey(t, testpki.Profile{Family: family}))}
			p := start(t, d).open()
			p.say(cadesRequest("қол қою", true))
			if sd := verify(t, cmsOf(t, p.hear()), nil, 1); string(sd.Content) != "қол қою" {
				t.Errorf("content %q", sd.Content)
			}
			p.say(cadesRequest("қол қою", false))
			if sd := verify(t, cmsOf(t, p.hear()), []byte("қол қою"), 1); !sd.Detached {
				t.Error("content is inside")
			}
			q := d.asked()[1]
			if q.Purpose != prompt.Sign || !q.Detached || q.Total != 1 || q.Documents[0].Text != "қол қою" || q.Asker.Origin != portal || q.Operation != "createCAdESFromBase64" {
				t.Errorf("question %+v", q)
			}
		})
	}
}

// Quirk 17: the length of a digest is not looked at.
func TestQuirk17Digest(t *testing.T) {
	d := &desk{ask: grants(newKey(t, profile))}
	p := start(t, d).open()
	for _, n := range []int{3, 64, 68} {
		p.say(fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64Hash","args":["PKCS12","123",%q]}`,
			base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n))))
		sd, err := cms.Parse(cmsOf(t, p.hear()))
		if err != nil || !sd.Detached {
			t.Fatal(err)
		}
	}
	if q := d.asked()[0]; !q.Digests || q.Documents[0].Kind != "digest" {
		t.Errorf("question %+v", q)
	}
}

// A document that is a CMS already gets one more signer.
func TestCoSign(t *testing.T) {
	first, second := newKey(t, profile), newKey(t, testpki.Profile{Family: pki.RSA})
	d := &desk{ask: grants(first)}
	p := start(t, d).open()
	p.say(cadesRequest("text", true))
	one := cmsOf(t, p.hear())
	d.ask = grants(second)
	p.say(fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","",%q,true]}`, base64.StdEncoding.EncodeToString(one)))
	if sd := verify(t, cmsOf(t, p.hear()), nil, 2); string(sd.Content) != "text" {
		t.Errorf("content %q", sd.Content)
	}
}

func basicsRequest(format string, documents []string, extra string) string {
	data, _ := json.Marshal(documents)
	return fmt.Sprintf(`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":%q,"data":%s,"signingParams":{"decode":false%s},"signerParams":{"chain":[]}}}`, format, data, extra)
}

// A batch: one window, every core, results in the order of the documents.
func TestBatchKeepsOrder(t *testing.T) {
	progress := newProgress()
	k := newKey(t, profile)
	d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
		return &consent.Grant{Key: k, Progress: progress}, nil
	}}
	p := start(t, d, func(o *Options) { o.Workers = 4 }).open()
	var documents []string
	for i := range 60 {
		documents = append(documents, fmt.Sprint("document ", i))
	}
	p.say(basicsRequest("cms", documents, ""))
	var reply struct {
		Status bool
		Body   struct{ Result []string }
	}
	if err := json.Unmarshal([]byte(p.hear()), &reply); err != nil || len(reply.Body.Result) != len(documents) {
		t.Fatal(err, len(reply.Body.Result))
	}
	for i, text := range reply.Body.Result {
		block, _ := pem.Decode([]byte(text))
		if block == nil || block.Type != "CMS" {
			t.Fatalf("result %d: %.60q", i, text)
		}
		if sd := verify(t, block.Bytes, nil, 1); string(sd.Content) != documents[i] {
			t.Errorf("result %d signs %q", i, sd.Content)
		}
	}
	if n := len(d.asked()); n != 1 {
		t.Errorf("%d windows for one batch", n)
	}
	steps, finished := progress.end()
	if len(steps) == 0 || steps[len(steps)-1] != 60 || len(finished) != 1 || finished[0] != "" {
		t.Errorf("window was told %v, then %q", steps, finished)
	}
}

// slowKey takes its time, or until it may.
type slowKey struct {
	testKey
	took    time.Duration
	may     chan struct{}
	signing atomic.Int32
}

func (k *slowKey) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	k.signing.Add(1)
	defer k.signing.Add(-1)
	time.Sleep(k.took)
	if k.may != nil {
		<-k.may
	}
	return k.testKey.Sign(r, digest, o)
}

// Stop in the window ends a batch as a cancel, without waiting for the documents
// in work; the key is not destroyed while one is still being signed with it.
func TestStopDuringBatch(t *testing.T) {
	progress := newProgress()
	k := &slowKey{testKey: newKey(t, profile), may: make(chan struct{})}
	d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
		return &consent.Grant{Key: k, Progress: progress}, nil
	}}
	p := start(t, d).open()
	p.say(basicsRequest("cms", strings.Split(strings.Repeat("x,", 49)+"x", ","), ""))
	eventually(t, "signing has begun", func() bool { return k.signing.Load() > 0 })
	progress.press()
	p.expect(`{"body":{},"status":true}`)
	if _, finished := progress.end(); len(finished) != 0 {
		t.Error("the grant was closed while its key was in use")
	}
	close(k.may)
	eventually(t, "the window is told", func() bool { _, f := progress.end(); return len(f) == 1 && f[0] == prompt.FailedStopped })
}

// The page leaves while documents are being signed: the work ends.
func TestSocketClosedDuringBatch(t *testing.T) {
	progress := newProgress()
	k := &slowKey{testKey: newKey(t, profile), took: 50 * time.Millisecond}
	d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
		return &consent.Grant{Key: k, Progress: progress}, nil
	}}
	r := start(t, d)
	p := r.open()
	p.say(basicsRequest("cms", strings.Split(strings.Repeat("x,", 199)+"x", ","), ""))
	eventually(t, "signing has begun", func() bool { return k.signing.Load() > 0 })
	p.Close()
	eventually(t, "the window is told", func() bool {
		_, f := progress.end()
		return len(f) == 1 && f[0] == prompt.FailedConnection
	})
	r.serves()
}

func TestSignRaw(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.RSA} {
		k := newKey(t, testpki.Profile{Family: family})
		p := start(t, &desk{ask: grants(k)}).open()
		p.say(basicsRequest("raw", []string{"a", "b"}, `,"outputCert":true`))
		var reply struct {
			Body struct {
				Result struct {
					Certificate string
					Signatures  []string
				}
			}
		}
		text := p.hear()
		if err := json.Unmarshal([]byte(text), &reply); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		got := reply.Body.Result
		c, err := pki.ParseCertificatePEM([]byte(got.Certificate))
		if err != nil || !c.Equal(k.Certificate()) || len(got.Signatures) != 2 {
			t.Fatal(err, text)
		}
		for i, document := range []string{"a", "b"} {
			sig, err := base64.StdEncoding.DecodeString(got.Signatures[i])
			if err != nil {
				t.Fatal(err)
			}
			h := family.NewHash()
			h.Write([]byte(document))
			if err := c.PublicKey.VerifyDigest(h.Sum(nil), sig); err != nil {
				t.Errorf("%v, document %d: %v", family, i, err)
			}
		}
	}
}

// Quirks 20 and 21.
func TestQuirk20And21KeyInfo(t *testing.T) {
	k := newKey(t, testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", Patronymic: "ТЕСТОВИЧ", IIN: "123456789011", Locality: "АЛМАТЫ"})
	d := &desk{ask: grants(k)}
	p := start(t, d).open()
	p.say(showKeyRequest)
	m := jsonOf(t, p.hear())
	info, ok := m["responseObject"].(map[string]any)
	if !ok || len(info) != 12 {
		t.Fatalf("reply %v", m)
	}
	c := k.Certificate()
	for name, want := range map[string]string{
		"certNotBefore": fmt.Sprint(c.NotBefore.UnixMilli()),
		"certNotAfter":  fmt.Sprint(c.NotAfter.UnixMilli()),
		"keyId":         fmt.Sprintf("%x", c.SubjectKeyID),
		"alias":         k.alias,
		"serialNumber":  c.SerialHex(),
		"algorithm":     "ECGOST3410-2015-512",
		"subjectCn":     c.Subject.CommonName(),
		"issuerCn":      c.Issuer.CommonName(),
		"subjectDn":     c.Subject.String(),
		"pem":           platformLines(c.PEM()),
	} {
		if info[name] != want {
			t.Errorf("%s: %v, want %q", name, info[name], want)
		}
	}
	for name, v := range info {
		if s, ok := v.(string); !ok || s == "" {
			t.Errorf("%s is %v", name, v)
		}
	}
	dn := info["subjectDn"].(string)
	if !strings.Contains(dn, "GIVENNAME=") || strings.Contains(dn, ",G=") || !strings.Contains(dn, "SERIALNUMBER=IIN123456789011") {
		t.Errorf("subject %s", dn)
	}
	if d.asked()[0].Purpose != prompt.ShowKey {
		t.Error("asked for something else than showing a key")
	}
}

func TestLocalePerConnection(t *testing.T) {
	d := &desk{ask: cancelAlways}
	r := start(t, d)
	p := r.open()
	for _, lang := range []string{"kk", "xx", ""} {
		p.ask(fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"changeLocale","args":[%q]}`, lang), `{"code":"200"}`)
		p.ask(showKeyRequest, cancelled)
	}
	r.open().ask(showKeyRequest, cancelled)
	var got []string
	for _, q := range d.asked() {
		got = append(got, q.Locale)
	}
	if want := "kk kk ru "; strings.Join(got, " ") != want {
		t.Errorf("languages %q, want %q", got, want)
	}
}

// What comes in later steps is refused before the person is bothered.
func TestNotSupportedAsksNobody(t *testing.T) {
	d := &desk{ask: cancelAlways}
	p := start(t, d).open()
	for _, frame := range []string{
		`{"module":"kz.gov.pki.knca.commonUtils","method":"createCMSSignatureFromBase64","args":["PKCS12","SIGNATURE","MTEK",true]}`,
		`{"module":"kz.gov.pki.knca.commonUtils","method":"createCMSSignatureFromFile","args":["PKCS12","SIGNATURE","/etc/hostname",true]}`,
		basicsRequest("xml", []string{"<a/>"}, `,"tsaProfile":{}`),
		basicsRequest("cms", []string{"x"}, `,"tsaProfile":{}`),
	} {
		p.say(frame)
		m := jsonOf(t, p.hear())
		if m["code"] == "200" || m["status"] == true {
			t.Errorf("%s\n%v", frame, m)
		}
	}
	if n := len(d.asked()); n != 0 {
		t.Errorf("%d windows", n)
	}
}

// protocol.md §5.1 step 4: a token storage without a token. commonUtils says so
// at once; in basics the person sees it in the window, as in the recordings.
func TestTokenStorageWithoutToken(t *testing.T) {
	d := &desk{ask: cancelAlways, known: true}
	p := start(t, d).open()
	p.ask(`{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":["AKKaztokenStore"]}`, `{"code":"500","message":"storage.empty"}`)
	if n := len(d.asked()); n != 0 {
		t.Errorf("%d windows", n)
	}
	p.ask(`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"allowedStorages":["AKKaztokenStore"],"format":"cms","data":"MTEK","signingParams":{},"signerParams":{"chain":[]}}}`,
		`{"body":{},"status":true}`)
	if n := len(d.asked()); n != 1 {
		t.Errorf("%d windows", n)
	}
}

// The whole way with the real desk: a key file, its password, a person.
func TestWithRealDesk(t *testing.T) {
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	k := newKey(t, profile)
	data, name, err := a.PKCS12(k.Identity, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPrompter()
	page := start(t, consent.New(consent.Options{Prompter: p})).open()
	page.say(cadesRequest("text", true))
	w := p.window(t)
	keys, err := w.request.Unlock(w.ctx, path, []byte("Qwerty12"))
	if err != nil || len(keys) != 1 || !keys[0].Fits {
		t.Fatal(keys, err)
	}
	w.answer <- answer{decision: prompt.Decision{KeyID: keys[0].ID}}
	verify(t, cmsOf(t, page.hear()), nil, 1)

	// The key file goes away while the window is open: the window says so,
	// the page waits and learns of a cancel only.
	page.say(cadesRequest("text", true))
	w = p.window(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := w.request.Unlock(w.ctx, path, []byte("Qwerty12")); err == nil {
		t.Fatal("a deleted key file was opened")
	}
	w.cancel()
	page.expect(cancelled)

	// The socket closes while the window is open.
	page.say(cadesRequest("text", true))
	w = p.window(t)
	page.Close()
	select {
	case <-w.ctx.Done():
	case <-time.After(time.Minute):
		t.Fatal("the window stays open")
	}
}

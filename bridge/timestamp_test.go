package bridge

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/internal/timestamp"
)

// stamping gives the bridge a client of a time-stamping authority of its own.
func stamping(t testing.TB, with ...func(*timestamp.Options)) (*testpki.TSA, func(*Options)) {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.RSA(); err != nil {
		t.Fatal(err)
	}
	tsa := a.NewTSA(nil)
	server := httptest.NewServer(tsa)
	t.Cleanup(server.Close)
	o := timestamp.Options{
		Addresses: []string{server.URL}, Trust: timestamp.Trust{Pool: a.Pool(), RequireChain: true},
		Wait: func(context.Context, time.Duration) error { return nil },
	}
	for _, w := range with {
		w(&o)
	}
	client, err := timestamp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tsa, func(o *Options) { o.Stamper = client }
}

func cmsRequest(content []byte, attached bool) string {
	return fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCMSSignatureFromBase64","args":["PKCS12","SIGNATURE",%q,%v]}`,
		base64.StdEncoding.EncodeToString(content), attached)
}

func applyRequest(der []byte) string {
	return fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"applyCAdEST","args":["PKCS12","",%q]}`,
		base64.StdEncoding.EncodeToString(der))
}

// stamps counts the signers that carry a good token; there is nothing between.
func stamps(t testing.TB, sd *cms.SignedData) int {
	t.Helper()
	n := 0
	for _, si := range sd.Signers {
		der := si.TimestampToken()
		if der == nil {
			continue
		}
		token, err := timestamp.ParseToken(der)
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Covers(si.Signature); err != nil {
			t.Error(err)
		}
		n++
	}
	return n
}

func TestTimestamp(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.GOST2004, pki.RSA} {
		t.Run(family.KalkanName(), func(t *testing.T) {
			tsa, with := stamping(t)
			k := newKey(t, testpki.Profile{Family: family})
			d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
				if n := tsa.Requests(); n != 0 {
					t.Errorf("%d requests before the person said yes", n)
				}
				return &consent.Grant{Key: k}, nil
			}}
			p := start(t, d, with).open()
			p.say(cmsRequest([]byte("акт"), true))
			if sd := verify(t, cmsOf(t, p.hear()), nil, 1); stamps(t, sd) != 1 || string(sd.Content) != "акт" {
				t.Error("attached: no stamp")
			}
			tsa.SetFault(testpki.NoFault)
			p.say(cmsRequest([]byte("акт"), false))
			if sd := verify(t, cmsOf(t, p.hear()), []byte("акт"), 1); stamps(t, sd) != 1 {
				t.Error("detached: no stamp")
			}
			// createCAdES never asks for one.
			tsa.SetFault(testpki.NoFault)
			p.say(cadesRequest("акт", true))
			if sd := verify(t, cmsOf(t, p.hear()), nil, 1); stamps(t, sd) != 0 || tsa.Requests() != 0 {
				t.Error("a stamp nobody wanted")
			}
		})
	}
}

func TestTimestampOfFile(t *testing.T) {
	_, with := stamping(t)
	path := filepath.Join(t.TempDir(), "акт.txt")
	if err := os.WriteFile(path, []byte("акт"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, &desk{ask: grants(newKey(t, profile))}, with).open()
	p.say(fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCMSSignatureFromFile","args":["PKCS12","",%q,true]}`, path))
	if sd := verify(t, cmsOf(t, p.hear()), nil, 1); stamps(t, sd) != 1 || string(sd.Content) != "акт" {
		t.Error("no stamp")
	}
}

// A person who says no has told the authority nothing, and the page hears what it
// hears without time stamps.
func TestTimestampCancelled(t *testing.T) {
	tsa, with := stamping(t)
	p := start(t, &desk{ask: cancelAlways}, with).open()
	p.ask(cmsRequest([]byte("акт"), true), cancelled)
	p.ask(basicsRequest("cms", []string{"a"}, `,"tsaProfile":{}`), `{"body":{},"status":true}`)
	if n := tsa.Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// Without a Stamper nobody is asked for a password that could not be used.
func TestTimestampNotSupported(t *testing.T) {
	d := &desk{ask: cancelAlways}
	p := start(t, d).open()
	p.ask(cmsRequest([]byte("акт"), true), `{"code":"500","message":"createCMSSignatureFromBase64 is not available in this version of Tanba"}`)
	p.ask(applyRequest([]byte("акт")), `{"code":"500","message":"applyCAdEST is not available in this version of Tanba"}`)
	if n := len(d.asked()); n != 0 {
		t.Errorf("%d windows", n)
	}
}

// Many documents: each in its place with a stamp of its own, though the service
// fails every other time.
func TestTimestampBatch(t *testing.T) {
	tsa, with := stamping(t)
	tsa.SetFault(testpki.Flapping)
	progress := newProgress()
	k := newKey(t, profile)
	p := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
		return &consent.Grant{Key: k, Progress: progress}, nil
	}}, with, func(o *Options) {
		c := o.Stamper
		o.Stamper = patient{c}
	}).open()
	var documents []string
	for i := range 40 {
		documents = append(documents, fmt.Sprintf("документ %d", i))
	}
	p.say(basicsRequest("cms", documents, `,"tsaProfile":{}`))
	body := jsonOf(t, p.hear())["body"].(map[string]any)
	result, _ := body["result"].([]any)
	if len(result) != len(documents) {
		t.Fatalf("%d results", len(result))
	}
	tokens := map[string]bool{}
	for i, text := range result {
		block, _ := pem.Decode([]byte(text.(string)))
		if block == nil {
			t.Fatalf("result %d: %.60s", i, text)
		}
		sd := verify(t, block.Bytes, nil, 1)
		if string(sd.Content) != documents[i] || stamps(t, sd) != 1 {
			t.Errorf("result %d: content %q, %d stamps", i, sd.Content, stamps(t, sd))
		}
		tokens[string(sd.Signers[0].TimestampToken())] = true
	}
	if len(tokens) != len(documents) {
		t.Errorf("%d different stamps", len(tokens))
	}
	steps, finished := progress.end()
	if steps[len(steps)-1] != len(documents) || !slices.Equal(finished, []string{""}) {
		t.Errorf("window: %v, %v", steps, finished)
	}
}

// patient asks again where several requests at once met the failing turn of a
// flapping service too often.
type patient struct{ timestamp.Stamper }

func (p patient) Stamp(ctx context.Context, f pki.Family, signature []byte) (token []byte, err error) {
	for range 20 {
		if token, err = p.Stamper.Stamp(ctx, f, signature); err == nil {
			break
		}
	}
	return token, err
}

// A failure after the yes is an error for the page and a reason for the person;
// never a signature without the stamp.
func TestTimestampFails(t *testing.T) {
	const failed = "The operation could not be completed."
	for _, tt := range []struct {
		fault         testpki.Fault
		message, told string
	}{
		{testpki.Down, "TSP_UNREACHABLE", prompt.FailedTimestamp},
		{testpki.Hangup, "TSP_UNREACHABLE", prompt.FailedTimestamp},
		{testpki.NotFound, "TSP_UNREACHABLE", prompt.FailedTimestamp},
		{testpki.OtherNonce, failed, prompt.FailedTimestampAnswer},
		{testpki.Stranger, failed, prompt.FailedTimestampAnswer},
		{testpki.FutureTime, failed, prompt.FailedTimestampAnswer},
		{testpki.Refusal, failed, prompt.FailedTimestampAnswer},
		{testpki.Page, failed, prompt.FailedTimestampAnswer},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			tsa, with := stamping(t)
			tsa.SetFault(tt.fault)
			progress := newProgress()
			k := newKey(t, profile)
			r := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
				return &consent.Grant{Key: k, Progress: progress}, nil
			}}, with)
			p := r.open()
			p.ask(cmsRequest([]byte("акт"), true), `{"code":"500","message":"`+tt.message+`"}`)
			eventually(t, "the window is told", func() bool {
				_, finished := progress.end()
				return slices.Equal(finished, []string{tt.told})
			})
			p.ask(basicsRequest("cms", []string{"a", "b"}, `,"tsaProfile":{}`),
				`{"code":"SIGNING_FAILURE","details":"`+tt.message+`","message":"Signing failure.","status":false}`)
			p.ask(applyRequest(signedOnce(t, k)), `{"code":"500","message":"`+tt.message+`"}`)
			if !strings.Contains(r.log.String(), "no time stamp") {
				t.Error("the log does not say why")
			}
		})
	}
}

func signedOnce(t testing.TB, k testKey) []byte {
	t.Helper()
	s, err := cms.NewSigner(k, k.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.Sign([]byte("акт"), cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// The person presses Stop while the authority does not answer.
func TestTimestampStopped(t *testing.T) {
	tsa, with := stamping(t)
	tsa.SetFault(testpki.Slow)
	progress := newProgress()
	k := newKey(t, profile)
	p := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
		return &consent.Grant{Key: k, Progress: progress}, nil
	}}, with).open()
	p.say(cmsRequest([]byte("акт"), true))
	eventually(t, "the authority is asked", func() bool { return tsa.Requests() > 0 })
	progress.press()
	p.expect(cancelled)
	eventually(t, "the window is told", func() bool { _, f := progress.end(); return slices.Equal(f, []string{prompt.FailedStopped}) })
}

// applyCAdEST asks nobody, gives every signer a stamp that has none, and leaves
// everything else alone.
func TestApplyTimestamp(t *testing.T) {
	tsa, with := stamping(t)
	d := &desk{ask: cancelAlways}
	p := start(t, d, with).open()
	first, second := newKey(t, profile), newKey(t, testpki.Profile{Family: pki.RSA})
	p.say(applyRequest(signedOnce(t, first)))
	one := cmsOf(t, p.hear())
	if sd := verify(t, one, nil, 1); stamps(t, sd) != 1 {
		t.Error("no stamp")
	}
	s, err := cms.NewSigner(second, second.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.AddTo(one, nil, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tsa.SetFault(testpki.NoFault)
	p.say(applyRequest(two))
	if sd := verify(t, cmsOf(t, p.hear()), nil, 2); stamps(t, sd) != 2 || tsa.Requests() != 1 {
		t.Errorf("%d stamps, %d requests", stamps(t, sd), tsa.Requests())
	}
	p.ask(applyRequest([]byte("no signature")), `{"code":"500","message":"The operation could not be completed."}`)
	if n := len(d.asked()); n != 0 {
		t.Errorf("%d windows", n)
	}
}

// A signer who joins gets a stamp; the one who was there is left alone.
func TestTimestampCoSign(t *testing.T) {
	_, with := stamping(t)
	first, second := newKey(t, profile), newKey(t, testpki.Profile{Family: pki.RSA})
	p := start(t, &desk{ask: grants(second)}, with).open()
	p.say(cmsRequest(signedOnce(t, first), true))
	sd := verify(t, cmsOf(t, p.hear()), nil, 2)
	if stamps(t, sd) != 1 {
		t.Errorf("%d stamps", stamps(t, sd))
	}
	for _, si := range sd.Signers {
		if f, _ := pki.FamilyOfSignature(si.SignatureAlgorithm); (f == pki.RSA) != (si.TimestampToken() != nil) {
			t.Errorf("%v: stamp %v", f, si.TimestampToken() != nil)
		}
	}
}

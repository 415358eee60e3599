package bridge

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/keystore"
)

// Bare signatures of many documents: each good and in its place, whether the key
// signs them together or not, from documents and from digests.
func TestRawBatch(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.GOST256, pki.RSA} {
		for name, k := range map[string]keystore.Key{
			"a key file":        fileKey(t, testpki.Profile{Family: family}),
			"one after another": newKey(t, testpki.Profile{Family: family}),
		} {
			for _, digests := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v/%s/digests %v", family, name, digests), func(t *testing.T) {
					p := start(t, granted{k}).open()
					encoded, sums := make([]string, 150), make([][]byte, 150)
					for i := range encoded {
						n := i * i
						if i == 77 && !digests {
							n = 2<<20 + 1
						}
						document := bytes.Repeat([]byte{byte(i)}, n)
						h := family.NewHash()
						h.Write(document)
						sums[i] = h.Sum(nil)
						if digests {
							document = sums[i]
						}
						encoded[i] = base64.StdEncoding.EncodeToString(document)
					}
					request := basicsRequest("raw", encoded, fmt.Sprintf(`,"digested":%v`, digests))
					p.say(strings.Replace(request, `"decode":false`, `"decode":true`, 1))
					var reply struct{ Body struct{ Result []string } }
					if err := json.Unmarshal([]byte(p.hear()), &reply); err != nil || len(reply.Body.Result) != len(encoded) {
						t.Fatal(err, len(reply.Body.Result))
					}
					for i, text := range reply.Body.Result {
						value, err := base64.StdEncoding.DecodeString(text)
						if err != nil {
							t.Fatal(err)
						}
						if err := k.Certificate().PublicKey.VerifyDigest(sums[i], value); err != nil {
							t.Fatalf("document %d: %v", i, err)
						}
					}
				})
			}
		}
	}
}

func TestRawDigestOfWrongLength(t *testing.T) {
	d := &desk{ask: grants(fileKey(t, profile))}
	p := start(t, d).open()
	request := basicsRequest("raw", []string{base64.StdEncoding.EncodeToString(make([]byte, 64)), "AAAA"}, `,"digested":true`)
	p.say(strings.Replace(request, `"decode":false`, `"decode":true`, 1))
	if got := p.hear(); !strings.Contains(got, `"code":"SIGNING_FAILURE"`) {
		t.Errorf("%.200s", got)
	}
}

// pressing signs one document after another and has Stop pressed in the middle.
type pressing struct {
	keystore.Key
	signed atomic.Int64
	press  func()
}

func (k *pressing) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if k.signed.Add(1) == 500 {
		k.press()
	}
	return k.Key.Sign(random, digest, o)
}

// Stop in the middle of a request of any format ends it at once, with the
// family's cancel, and nothing more is signed.
func TestStopInEveryFormat(t *testing.T) {
	inner := newKey(t, profile)
	for format, document := range map[string]string{"cms": "a", "raw": "a", "xml": "<a/>"} {
		t.Run(format, func(t *testing.T) {
			progress := newProgress()
			k := &pressing{Key: inner}
			var pressed time.Time
			k.press = func() { pressed = time.Now(); progress.press() }
			r := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
				return &consent.Grant{Key: k, Progress: progress}, nil
			}}, func(o *Options) { o.Workers = 4 })
			documents := make([]string, 10_000)
			for i := range documents {
				documents[i] = document
			}
			p := r.open()
			p.say(basicsRequest(format, documents, ""))
			p.expect(`{"body":{},"status":true}`)
			t.Logf("answered %v after Stop", time.Since(pressed))
			eventually(t, "the window is told", func() bool { _, f := progress.end(); return len(f) == 1 && f[0] == prompt.FailedStopped })
			if n := k.signed.Load(); n > 500+64*4 {
				t.Errorf("%d signatures", n)
			}
			eventually(t, "the message is given back", func() bool { return r.spent() == 0 })
			r.serves()
		})
	}
}

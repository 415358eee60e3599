package bridge

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/testpki"
)

// status is an authority with its own status service, a key below it, and a bridge's
// option that asks there.
func status(t *testing.T, with func(*revocation.Options)) (*testpki.Status, testKey, func(*Options)) {
	t.Helper()
	var service atomic.Pointer[testpki.Status]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		service.Load().ServeHTTP(w, r)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() }) // a slow one still holds some
	a, err := testpki.NewAt(nil, time.Now(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	service.Store(a.NewStatus(nil))
	id, err := a.Issue(profile)
	if err != nil {
		t.Fatal(err)
	}
	o := revocation.Options{
		Addresses: []string{strings.TrimPrefix(server.URL, "http://")}, Timeout: time.Minute,
		Wait: func(context.Context, time.Duration) error { return nil },
	}
	if with != nil {
		with(&o)
	}
	client, err := revocation.New(o)
	if err != nil {
		t.Fatal(err)
	}
	checker := &revocation.Checker{Client: client, Pool: a.Pool()}
	return service.Load(), testKey{Identity: id, alias: "a"}, func(o *Options) { o.Revocation = checker }
}

// troubles of a status service, and what becomes of the signatures.
var troubles = []struct {
	name      string
	ocsp, crl testpki.Fault
	revoked   bool
	required  bool
	timeout   time.Duration
	told      string // "" = signed
	notice    bool
}{
	{name: "down", ocsp: testpki.Down, crl: testpki.Down, notice: true},
	{name: "down, and an answer is required", ocsp: testpki.Down, crl: testpki.Down, required: true, told: failedRevocationUnknown},
	{name: "down, and the list names the key", ocsp: testpki.Down, revoked: true, told: failedRevoked},
	{name: "down, and the list does not name it", ocsp: testpki.Down},
	// It does not answer before the test is over: nobody waits for it.
	{name: "slow", ocsp: testpki.Slow, crl: testpki.Slow, timeout: time.Hour, notice: true},
	{name: "flapping", ocsp: testpki.Flapping},
}

// mostQuestions is what a status service is asked about one key and its authority:
// three attempts each, with SHA-256 and with SHA-1.
const mostQuestions = 2 * 2 * 3

// A thousand documents while the authority cannot say whether the key was revoked:
// nothing is lost, nothing is signed twice, and it is asked about the key, not about
// each document, also by the requests that follow.
func TestThousandWithATroubledStatusService(t *testing.T) {
	const n = 1000
	documents := make([]string, n)
	for i := range documents {
		documents[i] = fmt.Sprintf("документ %d", i)
	}
	for _, tt := range troubles {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			service, key, with := status(t, func(o *revocation.Options) { o.Timeout = max(o.Timeout, tt.timeout); o.CRLTimeout = o.Timeout })
			service.SetFault(tt.ocsp)
			service.SetCRLFault(tt.crl)
			if tt.revoked {
				service.Revoke(key.Certificate(), testpki.Revocation{At: time.Now().Add(-48 * time.Hour)})
			}
			k := talliedKey{key, new(atomic.Int32)}
			var windows []*noticing
			r := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
				w := &noticing{progress: newProgress()}
				windows = append(windows, w)
				return &consent.Grant{Key: k, Progress: w}, nil
			}}, with, func(o *Options) { o.RequireRevocation = tt.required })
			p := r.open()
			signed := int32(0)
			for round, batch := range [][]string{documents, {"one more"}, {"and one"}} {
				p.say(basicsRequest("cms", batch, ""))
				answer := p.hear()
				w := windows[round]
				eventually(t, "the window is told", func() bool { _, f := w.end(); return slices.Equal(f, []string{tt.told}) })
				if notices, _ := w.asked(); slices.Contains(notices, noticeRevocationUnknown) != tt.notice {
					t.Errorf("round %d: notices %v", round, notices)
				}
				if tt.told != "" {
					if !strings.Contains(answer, `"code":"SIGNING_FAILURE"`) || strings.Contains(answer, "BEGIN CMS") {
						t.Errorf("round %d: %.200s", round, answer)
					}
					if k.n.Load() > int32(n+round) {
						t.Errorf("%d signatures made", k.n.Load())
					}
					continue
				}
				signed += int32(len(batch))
				result, _ := jsonOf(t, answer)["body"].(map[string]any)["result"].([]any)
				if len(result) != len(batch) || k.n.Load() != signed {
					t.Fatalf("round %d: %d results, %d signatures made: %.200s", round, len(result), k.n.Load(), answer)
				}
				for i, text := range result {
					block, _ := pem.Decode([]byte(text.(string)))
					if block == nil {
						t.Fatalf("result %d: %.60s", i, text)
					}
					if sd := verify(t, block.Bytes, nil, 1); string(sd.Content) != batch[i] {
						t.Errorf("result %d: content %q", i, sd.Content)
					}
				}
			}
			if asked := service.Requests(); asked == 0 || asked > mostQuestions {
				t.Errorf("the service was asked %d times", asked)
			}
		})
	}
}

// The streaming interface asks about the key as basics does, once for all
// documents, and refuses before the first.
func TestMultisignAsksWhetherTheKeyWasRevoked(t *testing.T) {
	const n = 30
	for _, tt := range troubles {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			service, k, with := status(t, func(o *revocation.Options) { o.Timeout = max(o.Timeout, tt.timeout); o.CRLTimeout = o.Timeout })
			service.SetFault(tt.ocsp)
			service.SetCRLFault(tt.crl)
			if tt.revoked {
				service.Revoke(k.Certificate(), testpki.Revocation{At: time.Now().Add(-48 * time.Hour)})
			}
			window := &noticing{progress: newProgress()}
			d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
				return &consent.Grant{Key: k, Progress: window}, nil
			}}
			s := startMultisign(t, d, with, func(o *Options) { o.RequireRevocation = tt.required })
			if tt.told != "" {
				if code, body := s.post("/", startBody(n, false, false)); code != http.StatusInternalServerError {
					t.Errorf("%d %q", code, body)
				}
			} else {
				path := s.begin(n, false, false)
				for i := range n {
					content := fmt.Sprint("document ", i)
					code, der := s.post(path, content)
					if code != http.StatusOK {
						t.Fatalf("document %d: %d %q", i, code, der)
					}
					wantSignature(t, k, []byte(der), []byte(content), true)
				}
			}
			eventually(t, "the window is told", func() bool { _, f := window.end(); return slices.Equal(f, []string{tt.told}) })
			if notices, _ := window.asked(); slices.Contains(notices, noticeRevocationUnknown) != tt.notice {
				t.Errorf("notices %v", notices)
			}
			if asked := service.Requests(); asked == 0 || asked > mostQuestions {
				t.Errorf("the service was asked %d times", asked)
			}
			if q := d.asked()[0]; !q.Select.RefuseRevoked || !q.Select.RefuseExpired {
				t.Errorf("the question allows %+v", q.Select)
			}
		})
	}
}

// An answer against the key that comes while documents are being signed ends the
// operation.
func TestMultisignRevokedInTheMiddle(t *testing.T) {
	release := make(chan struct{})
	window := &noticing{progress: newProgress()}
	s := startMultisign(t, &desk{ask: grantsWith(newKey(t, profile), window)}, func(o *Options) {
		o.Revocation = checker(func(ctx context.Context, _ *pki.Certificate) (*revocation.Status, error) {
			select {
			case <-release:
				return &revocation.Status{State: revocation.Revoked, RevokedAt: time.Now()}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
	})
	path := s.begin(3, false, false)
	if code, body := s.post(path, "x"); code != http.StatusOK {
		t.Fatalf("%d %q", code, body)
	}
	close(release)
	eventually(t, "the window is told", func() bool { _, f := window.end(); return slices.Equal(f, []string{failedRevoked}) })
	if code, body := s.post(path, "y"); code != http.StatusUnauthorized {
		t.Errorf("%d %q", code, body)
	}
}

// With the setting "off" nobody is asked.
func TestMultisignAsksNobody(t *testing.T) {
	s := startMultisign(t, &desk{ask: grants(newKey(t, profile))})
	if code, body := s.post(s.begin(1, false, false), "x"); code != http.StatusOK {
		t.Errorf("%d %q", code, body)
	}
}

package bridge

import (
	"context"
	"crypto"
	"encoding/pem"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/testpki"
	"tanba/internal/timestamp"
)

// checker answers as the test likes.
type checker func(ctx context.Context, leaf *pki.Certificate) (*revocation.Status, error)

func (f checker) Check(ctx context.Context, leaf *pki.Certificate, _ ...*pki.Certificate) (*revocation.Status, error) {
	return f(ctx, leaf)
}

// noticing is a window that shows notices and asks whether to try again.
type noticing struct {
	*progress
	mu      sync.Mutex
	notices []string
	retries []string
	answer  func(n int) bool
}

func (p *noticing) Notice(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notices = append(p.notices, key)
}

func (p *noticing) Retry(_ context.Context, short prompt.Shortfall) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retries = append(p.retries, short.Failed[0].Reason)
	return p.answer != nil && p.answer(len(p.retries))
}

func (p *noticing) asked() (notices, retries []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.notices), slices.Clone(p.retries)
}

// basics refuses revoked keys unless the page allows them; commonUtils does not
// ask. An answer that does not come is a notice, or a refusal where the
// administrator requires one.
func TestRevocation(t *testing.T) {
	revoked := func(context.Context, *pki.Certificate) (*revocation.Status, error) {
		return &revocation.Status{State: revocation.Revoked, RevokedAt: time.Now()}, nil
	}
	unknown := func(context.Context, *pki.Certificate) (*revocation.Status, error) {
		return &revocation.Status{State: revocation.Unknown}, nil
	}
	good := func(context.Context, *pki.Certificate) (*revocation.Status, error) {
		return &revocation.Status{State: revocation.Good}, nil
	}
	unreachable := func(context.Context, *pki.Certificate) (*revocation.Status, error) {
		return nil, revocation.ErrUnreachable
	}
	never := func(ctx context.Context, _ *pki.Certificate) (*revocation.Status, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	panics := func(context.Context, *pki.Certificate) (*revocation.Status, error) { panic("a bug") }
	const refusedAnswer = `"code":"SIGNING_FAILURE"`
	for _, tt := range []struct {
		name    string
		check   checker
		require bool
		params  string // of basics; "-" = commonUtils
		signed  bool
		told    string
		notice  bool
	}{
		{"good", good, false, "", true, "", false},
		{"revoked", revoked, false, "", false, failedRevoked, false},
		{"revoked, and allowed", revoked, false, `,"allowRevoked":true`, true, "", false},
		{"revoked, commonUtils", revoked, false, "-", true, "", false},
		{"the authority does not know it", unknown, false, "", false, failedRevoked, false},
		{"out of reach", unreachable, false, "", true, "", true},
		{"out of reach, and required", unreachable, true, "", false, failedRevocationUnknown, false},
		{"no answer at all", never, false, "", true, "", true},
		{"a panic", panics, false, "", true, "", true},
		{"nobody to ask", nil, false, "", true, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			window := &noticing{progress: newProgress()}
			k := newKey(t, profile)
			p := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
				return &consent.Grant{Key: k, Progress: window}, nil
			}}, func(o *Options) {
				if tt.check != nil {
					o.Revocation = tt.check
				}
				o.RequireRevocation = tt.require
			}).open()
			if tt.params == "-" {
				p.say(cadesRequest("акт", true))
			} else {
				p.say(basicsRequest("cms", []string{"a", "b"}, tt.params))
			}
			if answer := p.hear(); strings.Contains(answer, refusedAnswer) == tt.signed || strings.Contains(answer, "SIGN") == tt.signed && tt.params != "-" {
				t.Errorf("signed %v, want %v: %.100s", !strings.Contains(answer, refusedAnswer), tt.signed, answer)
			}
			eventually(t, "the window is told", func() bool { _, f := window.end(); return slices.Equal(f, []string{tt.told}) })
			if notices, _ := window.asked(); slices.Contains(notices, noticeRevocationUnknown) != tt.notice {
				t.Errorf("notices %v", notices)
			}
		})
	}
}

// A store that was opened is asked about while the person still reads, if the
// request refuses revoked keys; nobody is asked otherwise.
func TestRevocationIsAskedBeforeTheYes(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		asked        bool
	}{
		{"refuses revoked keys", "", true},
		{"allows revoked keys", `,"allowRevoked":true`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			path, password := keyFileOf(t)
			person := newPrompter()
			told := &noticing{progress: newProgress()}
			p := start(t, consent.New(consent.Options{Prompter: person}), func(o *Options) {
				o.Revocation = checker(func(context.Context, *pki.Certificate) (*revocation.Status, error) {
					asked.Add(1)
					return nil, revocation.ErrUnreachable
				})
			}).open()
			p.say(basicsRequest("cms", []string{"a"}, tt.params))
			w := person.window(t)
			if asked.Load() != 0 {
				t.Error("asked before anything was opened")
			}
			keys, err := w.request.Unlock(w.ctx, path, []byte(password))
			if err != nil {
				t.Fatal(err)
			}
			if tt.asked {
				eventually(t, "the check is under way before the yes", func() bool { return asked.Load() == 1 })
			}
			w.answer <- answer{decision: prompt.Decision{KeyID: keys[0].ID, Progress: told}}
			if got := p.hear(); strings.Contains(got, `"code":"SIGNING_FAILURE"`) {
				t.Errorf("out of reach is no refusal: %.200s", got)
			}
			eventually(t, "the window is told", func() bool { _, f := told.end(); return slices.Equal(f, []string{""}) })
			if notices, _ := told.asked(); slices.Contains(notices, noticeRevocationUnknown) != tt.asked {
				t.Errorf("notices %v", notices)
			}
			if !tt.asked && asked.Load() != 0 {
				t.Error("asked although nobody wants to know")
			}
		})
	}
}

// talliedKey counts what a key signs.
type talliedKey struct {
	testKey
	n *atomic.Int32
}

func (k talliedKey) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	k.n.Add(1)
	return k.testKey.Sign(random, digest, o)
}

// A thousand documents while the time-stamping authority is down, slow, flapping:
// the person is asked once for all of them, nothing is lost, nothing is signed
// twice, and a no is an error that names the document.
func TestThousandWithATroubledAuthority(t *testing.T) {
	const n = 1000
	documents := make([]string, n)
	for i := range documents {
		documents[i] = fmt.Sprintf("документ %d", i)
	}
	for _, tt := range []struct {
		name   string
		before testpki.Fault
		answer func(tsa *testpki.TSA, asked int) bool
		signed bool
	}{
		{"flapping", testpki.Flapping, func(*testpki.TSA, int) bool { return true }, true},
		{"down, then up", testpki.Down, func(tsa *testpki.TSA, asked int) bool {
			if asked == 2 {
				tsa.SetFault(testpki.NoFault)
			}
			return true
		}, true},
		{"down, and the person gives up", testpki.Down, func(*testpki.TSA, int) bool { return false }, false},
		{"slow, then up", testpki.Slow, func(tsa *testpki.TSA, _ int) bool { tsa.SetFault(testpki.NoFault); return true }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tsa, with := stamping(t, func(o *timestamp.Options) {
				o.Timeout = time.Minute
				if tt.before == testpki.Slow {
					o.Timeout = 300 * time.Millisecond
				}
			})
			tsa.SetFault(tt.before)
			window := &noticing{progress: newProgress()}
			window.answer = func(asked int) bool { return tt.answer(tsa, asked) }
			k := talliedKey{newKey(t, profile), new(atomic.Int32)}
			r := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
				return &consent.Grant{Key: k, Progress: window}, nil
			}}, with)
			p := r.open()
			p.say(basicsRequest("cms", documents, `,"tsaProfile":{}`))
			answer := p.hear()
			_, retries := window.asked()
			if !tt.signed {
				if !strings.Contains(answer, "TSP_UNREACHABLE") || strings.Contains(answer, "BEGIN CMS") || len(retries) != 1 || retries[0] != prompt.FailedTimestamp {
					t.Errorf("%.200s, asked %v", answer, retries)
				}
				if !strings.Contains(r.log.String(), "document=") {
					t.Error("the log does not name the document")
				}
				if k.n.Load() > n {
					t.Errorf("%d signatures", k.n.Load())
				}
				return
			}
			body := jsonOf(t, answer)["body"].(map[string]any)
			result, _ := body["result"].([]any)
			if len(result) != n || k.n.Load() != n {
				t.Fatalf("%d results, %d signatures made, asked %d times", len(result), k.n.Load(), len(retries))
			}
			tokens := map[string]bool{}
			for i, text := range result {
				block, _ := pem.Decode([]byte(text.(string)))
				if block == nil {
					t.Fatalf("result %d: %.60s", i, text)
				}
				sd := verify(t, block.Bytes, nil, 1)
				if string(sd.Content) != documents[i] || len(sd.Signers) != 1 {
					t.Errorf("result %d: content %q, %d signers", i, sd.Content, len(sd.Signers))
				}
				tokens[string(sd.Signers[0].TimestampToken())] = true
			}
			if len(tokens) != n || tokens[""] {
				t.Errorf("%d different stamps", len(tokens))
			}
		})
	}
}

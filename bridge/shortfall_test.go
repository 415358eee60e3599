package bridge

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/timestamp"
	"tanba/keystore"
)

// reader holds one token. Its key counts what it signs; fault is asked before
// each signature.
type reader struct {
	key testKey

	mu     sync.Mutex
	gone   bool
	id     int // a token that comes back is another one to the reader
	epoch  int // counts logins: keys of an older one do not sign
	tries  int
	signed map[string]int // digests
	fault  func(signed int) error
}

const readerPIN = "24681357"

func newReader(t testing.TB, fault func(signed int) error) *reader {
	return &reader{key: newKey(t, profile), signed: map[string]int{}, fault: fault}
}

func (r *reader) token() keystore.Token {
	return keystore.Token{Info: keystore.Info{Storage: keystore.Kaztoken, Serial: "3004A11F", Label: "KAZTOKEN"}, ID: fmt.Sprint("t", r.id), PIN: keystore.PINState{Min: 4, Max: 32, Left: -1}}
}

func (r *reader) List(context.Context) ([]keystore.Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return nil, nil
	}
	return []keystore.Token{r.token()}, nil
}

func (r *reader) Open(_ context.Context, id string) (keystore.TokenStore, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone || id != r.token().ID {
		return nil, keystore.ErrTokenGone
	}
	return &readerStore{r: r, id: id}, nil
}

func (r *reader) putBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = false
	r.id++
}

type readerStore struct {
	keystore.TokenStore
	r  *reader
	id string
}

func (s *readerStore) Info() keystore.Info { return s.r.token().Info }
func (s *readerStore) Close() error        { return nil }

func (s *readerStore) Token(context.Context) (keystore.Token, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if s.r.gone || s.id != s.r.token().ID {
		return keystore.Token{}, keystore.ErrTokenGone
	}
	return s.r.token(), nil
}

func (s *readerStore) Unlock(_ context.Context, pin []byte) ([]keystore.Key, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.tries++
	if string(pin) != readerPIN {
		return nil, keystore.ErrWrongPassword
	}
	s.r.epoch++
	return []keystore.Key{&readerKey{testKey: s.r.key, r: s.r, epoch: s.r.epoch}}, nil
}

type readerKey struct {
	testKey
	r     *reader
	epoch int
}

func (k *readerKey) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	k.r.mu.Lock()
	defer k.r.mu.Unlock()
	switch {
	case k.r.gone:
		return nil, keystore.ErrTokenGone
	case k.epoch != k.r.epoch:
		return nil, keystore.ErrTokenFailed
	}
	if k.r.fault != nil {
		if err := k.r.fault(len(k.r.signed)); err != nil {
			return nil, err
		}
	}
	k.r.signed[string(digest)]++
	return k.testKey.Sign(random, digest, o)
}

// once fails one time, when so many documents are signed.
func once(at int, err error) func(int) error {
	done := false
	return func(signed int) error {
		if signed != at || done {
			return nil
		}
		done = true
		return err
	}
}

// mending is a window in which a person is asked about what failed.
type mending struct {
	*progress
	answer func(asked int, s prompt.Shortfall) bool

	mu    sync.Mutex
	asked []prompt.Shortfall
	told  []prompt.Shortfall
}

func (m *mending) Retry(_ context.Context, s prompt.Shortfall) bool {
	m.mu.Lock()
	m.asked = append(m.asked, s)
	n := len(m.asked)
	m.mu.Unlock()
	return m.answer != nil && m.answer(n, s)
}

func (m *mending) Partly(s prompt.Shortfall) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, s)
}

func (m *mending) seen() (asked, told []prompt.Shortfall) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.asked), slices.Clone(m.told)
}

func numbers(s prompt.Shortfall) (out []int) {
	for _, f := range s.Failed {
		out = append(out, f.Document)
	}
	return out
}

func hundred(text func(i int) string) []string {
	out := make([]string, 100)
	for i := range out {
		out[i] = text(i)
	}
	return out
}

// batchOf signs documents with the token through the real desk; unlock is what the
// window does first.
func batchOf(t *testing.T, r *reader, m *mending, request string, change ...func(*Options)) (answer string, desk *consent.Desk) {
	t.Helper()
	w := newPrompter()
	dir := t.TempDir()
	desk = consent.New(consent.Options{Prompter: w, Tokens: r, State: state.Dir(dir)})
	p := start(t, desk, change...).open()
	p.say(request)
	window := w.window(t)
	tokens, err := window.request.Tokens(window.ctx)
	if err != nil || len(tokens) != 1 {
		t.Fatal(tokens, err)
	}
	keys, err := window.request.UnlockToken(window.ctx, tokens[0].ID, []byte(readerPIN), false)
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	window.answer <- answerYes(keys[0].ID, m)
	return p.hear(), desk
}

func answerYes(id string, p prompt.Progress) answer {
	return answer{decision: prompt.Decision{KeyID: id, Progress: p}}
}

// TestTokenFailsInTheMiddle: a token that is taken out, or fails once, in a batch
// of a hundred. The window names what failed; after the PIN only what is missing
// is signed, each document once and in its place; the PIN is never tried by
// itself.
func TestTokenFailsInTheMiddle(t *testing.T) {
	for _, format := range []string{"cms", "raw", "xml"} {
		documents := hundred(func(i int) string { return fmt.Sprintf("<r>%d</r>", i) })
		for name, c := range map[string]struct {
			fault  func(r *reader) func(int) error
			reason string
			answer func(r *reader) func(int, prompt.Shortfall) bool
			tries  int
			again  bool
		}{
			"taken out, put back": {
				func(r *reader) func(int) error {
					return func(n int) error {
						if n == 36 && r.id == 0 {
							r.gone = true
							r.epoch++
							return keystore.ErrTokenGone
						}
						return nil
					}
				}, prompt.FailedTokenGone,
				func(r *reader) func(int, prompt.Shortfall) bool {
					return func(_ int, s prompt.Shortfall) bool {
						if err := s.Unlock(context.Background(), []byte(readerPIN), false); err == nil || !strings.Contains(err.Error(), prompt.UnlockTokenGone) {
							t.Errorf("it is not there: %v", err)
						}
						r.putBack()
						if err := s.Unlock(context.Background(), []byte("9999"), false); err == nil || !strings.Contains(err.Error(), prompt.UnlockWrongPIN) {
							t.Errorf("a wrong PIN: %v", err)
						}
						return s.Unlock(context.Background(), []byte(readerPIN), false) == nil
					}
				}, 3, true,
			},
			"device error once": {
				func(*reader) func(int) error { return once(36, keystore.ErrTokenFailed) }, prompt.FailedToken,
				func(*reader) func(int, prompt.Shortfall) bool {
					return func(_ int, s prompt.Shortfall) bool {
						return s.Unlock(context.Background(), []byte(readerPIN), false) == nil
					}
				}, 2, true,
			},
			"given up": {
				func(*reader) func(int) error { return once(36, keystore.ErrTokenFailed) }, prompt.FailedToken,
				func(*reader) func(int, prompt.Shortfall) bool {
					return func(int, prompt.Shortfall) bool { return false }
				}, 1, false,
			},
		} {
			t.Run(format+"/"+name, func(t *testing.T) {
				r := newReader(t, nil)
				r.fault = c.fault(r)
				m := &mending{progress: newProgress(), answer: c.answer(r)}
				answer, desk := batchOf(t, r, m, basicsRequest(format, documents, ""))
				asked, told := m.seen()
				if len(asked) != 1 || len(asked[0].Failed) == 0 || asked[0].Failed[0].Reason != c.reason || asked[0].Signed < 36 || asked[0].Total != 100 || asked[0].Unlock == nil {
					t.Fatalf("asked %+v", asked)
				}
				if n := numbers(asked[0]); !slices.IsSorted(n) || len(n) > 8 {
					t.Errorf("failed: %v", n)
				}
				r.mu.Lock()
				signed, tries := len(r.signed), r.tries
				for digest, n := range r.signed {
					if n > 1 {
						t.Errorf("%x was signed %d times", digest[:4], n)
					}
				}
				r.mu.Unlock()
				if tries != c.tries {
					t.Errorf("%d tries of the PIN, want %d", tries, c.tries)
				}
				entries, _, err := desk.Journal(consent.JournalQuery{})
				if err != nil || len(entries) != 1 {
					t.Fatal(entries, err)
				}
				if e := entries[0]; c.again && (e.Outcome != consent.OutcomeDone || e.Failed != nil) || !c.again && (e.Outcome != consent.OutcomeFailed || e.Reason != c.reason || e.Signed != signed || len(e.Failed) == 0) {
					t.Errorf("journal %+v", e)
				}
				if !c.again {
					if !strings.Contains(answer, `"code":"SIGNING_FAILURE"`) || len(told) != 1 || told[0].Signed != signed {
						t.Errorf("%.200s, told %+v", answer, told)
					}
					return
				}
				if signed != 100 || len(told) != 0 {
					t.Errorf("%d signed, told %+v", signed, told)
				}
				checkHundred(t, format, answer, documents, r.key)
			})
		}
	}
}

func checkHundred(t *testing.T, format, answer string, documents []string, k testKey) {
	t.Helper()
	body, _ := jsonOf(t, answer)["body"].(map[string]any)
	result, _ := body["result"].([]any)
	if len(result) != len(documents) {
		t.Fatalf("%d results: %.300s", len(result), answer)
	}
	for i, text := range result {
		switch text := text.(string); format {
		case "cms":
			block, _ := pem.Decode([]byte(text))
			if sd := verify(t, block.Bytes, nil, 1); string(sd.Content) != documents[i] {
				t.Errorf("result %d is over %q", i, sd.Content)
			}
		case "raw":
			value, _ := base64.StdEncoding.DecodeString(text)
			h := k.Certificate().PublicKey.Family.NewHash()
			h.Write([]byte(documents[i]))
			if err := k.Certificate().PublicKey.VerifyDigest(h.Sum(nil), value); err != nil {
				t.Errorf("result %d: %v", i, err)
			}
		case "xml":
			if !strings.Contains(text, fmt.Sprintf("<r>%d<ds:Signature", i)) {
				t.Errorf("result %d: %.200s", i, text)
			}
		}
	}
}

// TestDocumentsAtFault: of a hundred documents two cannot be signed. All of those
// are named, nobody is asked to try again, and the page gets the error of its
// family.
func TestDocumentsAtFault(t *testing.T) {
	part := func(i int) string {
		switch i {
		case 36:
			return `<r><other Id="p"/></r>`
		case 51:
			return `<r><part/></r>`
		}
		return fmt.Sprintf(`<r><part Id="p">%d</part></r>`, i)
	}
	var list []string
	for _, d := range hundred(part) {
		list = append(list, fmt.Sprintf("%q", d))
	}
	digest := func(i int) string {
		if i == 36 || i == 51 {
			return base64.StdEncoding.EncodeToString(make([]byte, 32))
		}
		return base64.StdEncoding.EncodeToString(make([]byte, 64))
	}
	for name, c := range map[string]struct{ request, reason, code string }{
		"no such part": {
			`{"module":"kz.gov.pki.knca.commonUtils","method":"signXmls","args":["PKCS12","SIGNATURE",[` + strings.Join(list, ",") + `],"/r/part","/r"]}`,
			prompt.FailedPart, `"code":"500"`,
		},
		"digest of another length": {
			strings.Replace(basicsRequest("raw", hundred(digest), `,"digested":true`), `"decode":false`, `"decode":true`, 1),
			prompt.FailedDigest, `"code":"SIGNING_FAILURE"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &mending{progress: newProgress(), answer: func(int, prompt.Shortfall) bool { return true }}
			k := fileKey(t, profile)
			p := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
				return &consent.Grant{Key: k, Progress: m}, nil
			}}).open()
			p.say(c.request)
			if answer := p.hear(); !strings.Contains(answer, c.code) {
				t.Errorf("%.300s", answer)
			}
			asked, told := m.seen()
			if len(asked) != 0 {
				t.Errorf("asked to try again: %+v", asked)
			}
			if len(told) != 1 || !slices.Equal(numbers(told[0]), []int{36, 51}) || told[0].Failed[0].Reason != c.reason || told[0].Failed[1].Reason != c.reason {
				t.Fatalf("told %+v", told)
			}
			eventually(t, "the window is told how it ended", func() bool { _, f := m.end(); return slices.Equal(f, []string{c.reason}) })
		})
	}
}

// flaky fails the first time for some of the stamps that are asked for.
type flaky struct {
	timestamp.Stamper
	mu    sync.Mutex
	count int
	fail  func(n int) error
}

func (f *flaky) Stamp(ctx context.Context, family pki.Family, signature []byte) ([]byte, error) {
	f.mu.Lock()
	f.count++
	err := f.fail(f.count)
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.Stamper.Stamp(ctx, family, signature)
}

// TestStampsThatFailNowAndThen: a service that falters does not stop the others.
// The person is asked once, about exactly those that failed, and only those are
// asked for again; no document is signed twice.
func TestStampsThatFailNowAndThen(t *testing.T) {
	_, with := stamping(t)
	var faltering *flaky
	r := newReader(t, nil)
	var second int
	m := &mending{progress: newProgress(), answer: func(int, prompt.Shortfall) bool {
		faltering.mu.Lock()
		defer faltering.mu.Unlock()
		second, faltering.fail = faltering.count, func(int) error { return nil }
		return true
	}}
	documents := hundred(func(i int) string { return fmt.Sprint("документ ", i) })
	answer, _ := batchOf(t, r, m, basicsRequest("cms", documents, `,"tsaProfile":{}`), with, func(o *Options) {
		faltering = &flaky{Stamper: o.Stamper, fail: func(n int) error {
			if n%10 == 3 {
				return timestamp.ErrUnreachable
			}
			return nil
		}}
		o.Stamper = faltering
	})
	asked, _ := m.seen()
	if len(asked) != 1 || len(asked[0].Failed) != 10 || asked[0].Signed != 90 || asked[0].Unlock != nil || asked[0].Failed[0].Reason != prompt.FailedTimestamp {
		t.Fatalf("asked %+v", asked)
	}
	if faltering.count-second != 10 || second != 100 {
		t.Errorf("%d stamps asked for, then %d", second, faltering.count-second)
	}
	if len(r.signed) != 100 {
		t.Errorf("%d documents signed", len(r.signed))
	}
	for _, n := range r.signed {
		if n != 1 {
			t.Errorf("a document was signed %d times", n)
		}
	}
	checkHundred(t, "cms", answer, documents, r.key)
}

// TestPageLeavesWhileAsked: nobody is waited for then, and nothing is signed.
func TestPageLeavesWhileAsked(t *testing.T) {
	r := newReader(t, once(3, keystore.ErrTokenFailed))
	left := make(chan struct{})
	w := newPrompter()
	p := start(t, consent.New(consent.Options{Prompter: w, Tokens: r})).open()
	m := &leaving{mending: &mending{progress: newProgress()}, left: left, page: p}
	p.say(basicsRequest("cms", hundred(func(i int) string { return fmt.Sprint(i) }), ""))
	window := w.window(t)
	tokens, _ := window.request.Tokens(window.ctx)
	keys, err := window.request.UnlockToken(window.ctx, tokens[0].ID, []byte(readerPIN), false)
	if err != nil {
		t.Fatal(err)
	}
	window.answer <- answerYes(keys[0].ID, m)
	select {
	case <-left:
	case <-time.After(time.Minute):
		t.Fatal("the question outlives the page")
	}
	eventually(t, "the window is told", func() bool { _, f := m.end(); return slices.Equal(f, []string{prompt.FailedConnection}) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.signed) > 5 {
		t.Errorf("%d documents signed", len(r.signed))
	}
}

// leaving is a window whose page goes away when something fails.
type leaving struct {
	*mending
	left chan struct{}
	page *page
}

func (l *leaving) Retry(ctx context.Context, _ prompt.Shortfall) bool {
	l.page.Close()
	<-ctx.Done()
	close(l.left)
	return false
}

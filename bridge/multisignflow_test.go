package bridge

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/localca"
	"tanba/internal/state"
	"tanba/keystore"
)

func grantsWith(k keystore.Key, p prompt.Progress) func(context.Context, *consent.Question) (*consent.Grant, error) {
	return func(context.Context, *consent.Question) (*consent.Grant, error) {
		return &consent.Grant{Key: k, Progress: p}, nil
	}
}

func stateDir(t testing.TB) state.Dir { return state.Dir(t.TempDir()) }

func wantEmptyDir(t testing.TB, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type fixedLeaf struct{ b *localca.Bundle }

func (f fixedLeaf) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }

// Cookie, operation and origin belong together; each mix-up is a 401 and harms
// nobody's operation.
func TestMultisignMixUps(t *testing.T) {
	k := newKey(t, profile)
	s := startMultisign(t, &desk{ask: grants(k)})
	a, b := s.as("https://a.kz"), s.as("https://b.kz")
	pathA, pathB := a.begin(2, false, false), b.begin(2, false, false)
	stranger := s.as("https://c.kz")
	for name, tc := range map[string]struct {
		site           *site
		cookie, origin string
		path           string
	}{
		"no cookie":                      {a, "", a.origin, pathA},
		"another's cookie":               {a, b.cookie, a.origin, pathA},
		"another's operation":            {a, a.cookie, a.origin, pathB},
		"another's operation and cookie": {a, b.cookie, a.origin, pathB},
		"another's origin":               {a, a.cookie, b.origin, pathA},
		"a subdomain":                    {a, a.cookie, "https://x.a.kz", pathA},
		"a port":                         {a, a.cookie, "https://a.kz:8443", pathA},
		"stranger with everything":       {stranger, a.cookie, stranger.origin, pathA},
		"cookie in lower case":           {a, strings.ToLower(a.cookie), a.origin, pathA},
		"id in lower case":               {a, a.cookie, a.origin, strings.ToLower(pathA)},
		"id with a slash":                {a, a.cookie, a.origin, pathA + "/"},
		"id cut":                         {a, a.cookie, a.origin, pathA[:len(pathA)-1]},
		"cookie instead of the id":       {a, a.cookie, a.origin, "/" + a.cookie},
	} {
		page := tc.site.as(tc.origin)
		page.cookie = tc.cookie
		code, h, body := page.do(page.request("POST", tc.path, strings.NewReader("document")))
		if code != http.StatusUnauthorized || h.Get("Access-Control-Allow-Origin") != tc.origin {
			t.Errorf("%s: %d %q", name, code, body)
		}
	}
	for i := range 2 {
		for _, p := range []struct {
			*site
			path string
		}{{a, pathA}, {b, pathB}} {
			code, der := p.post(p.path, "document")
			if code != 200 {
				t.Fatalf("document %d of %s: %d %q", i, p.origin, code, der)
			}
			wantSignature(t, k, []byte(der), []byte("document"), true)
		}
	}
}

// Two operations of one page live side by side: the second does not take the
// cookie of the first away. Another page gets one of its own, whatever it sends.
func TestMultisignTwoOperations(t *testing.T) {
	s := startMultisign(t, &desk{ask: grants(newKey(t, profile))})
	first := s.begin(1, false, false)
	cookie := s.cookie
	second := s.begin(1, false, false)
	if s.cookie != cookie {
		t.Error("the second operation has another cookie")
	}
	other := s.as("https://other.kz")
	other.cookie = cookie
	other.begin(1, false, false)
	if other.cookie == cookie {
		t.Error("another site has the same cookie")
	}
	for _, path := range []string{second, first} {
		if code, body := s.post(path, "x"); code != 200 {
			t.Errorf("%d %q", code, body)
		}
	}
	s.begin(1, false, false)
	if s.cookie == cookie {
		t.Error("a cookie outlives its operations")
	}
}

// Documents sent at once are signed one at a time; too many are sent away. Not
// one signature more is made than was agreed to.
func TestMultisignAtOnce(t *testing.T) {
	const total = 40
	counted := &countingKey{testKey: newKey(t, profile)}
	p := newProgress()
	s := startMultisign(t, &desk{ask: grantsWith(counted, p)})
	path := s.begin(total, false, false)
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for g := range 12 {
		wg.Go(func() {
			for i := range 8 {
				document := fmt.Sprintf("document %d of %d", i, g)
				page := *s
				code, der := page.post(path, document)
				if code == 200 {
					wantSignature(t, counted.testKey, []byte(der), []byte(document), true)
				}
				mu.Lock()
				codes[code]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for codes[200] < total {
		if code, body := s.post(path, "rest"); code != 200 {
			t.Fatalf("%d %q after %v", code, body, codes)
		}
		codes[200]++
	}
	if codes[200] != total || codes[200]+codes[401]+codes[429] < 96 || counted.made.Load() != total {
		t.Errorf("answers %v, signatures %d", codes, counted.made.Load())
	}
	if code, _ := s.post(path, "more"); code != 401 {
		t.Errorf("afterwards: %d", code)
	}
	eventually(t, "the window is told", func() bool { _, end := p.end(); return len(end) == 1 && end[0] == "" })
}

// With the real desk: while one site's operation is open another site is asked,
// and the key is gone when the operation is.
func TestMultisignDesk(t *testing.T) {
	person := newPrompter()
	dir := stateDir(t)
	s := startMultisign(t, consent.New(consent.Options{Prompter: person, State: dir}))
	a, b := s.as("https://a.kz"), s.as("https://b.kz")
	file, password := keyFileOf(t)
	p := newProgress()
	var key keystore.Key
	approve := func(p prompt.Progress) {
		w := person.window(t)
		if r := w.request; !r.Unseen || r.Total != 2 || !r.Detached {
			t.Errorf("shown: %+v", r)
		}
		keys, err := w.request.Unlock(w.ctx, file, []byte(password))
		if err != nil {
			t.Error(err)
			w.cancel()
			return
		}
		w.answer <- answer{decision: prompt.Decision{KeyID: keys[0].ID, Progress: p}}
	}
	go approve(p)
	pathA := a.begin(2, false, false)
	s.second.mu.Lock()
	operation := s.second.operations[pathA[1:]]
	s.second.mu.Unlock()
	key = operation.grant.Key
	go approve(newProgress()) // not kept waiting by the first
	pathB := b.begin(2, false, false)
	for _, page := range []struct {
		*site
		path string
	}{{a, pathA}, {b, pathB}} {
		if code, body := page.post(page.path, "x"); code != 200 {
			t.Errorf("%s: %d %q", page.origin, code, body)
		}
	}
	p.press()
	eventually(t, "the first ends", func() bool { _, end := p.end(); return len(end) == 1 })
	eventually(t, "its key is destroyed", func() bool { _, err := key.Sign(nil, make([]byte, 64), nil); return err != nil })
	if code, _ := a.post(pathA, "x"); code != 401 {
		t.Errorf("after Stop: %d", code)
	}
	if code, body := b.post(pathB, "x"); code != 200 {
		t.Errorf("the other: %d %q", code, body)
	}
	eventually(t, "both are in the journal", func() bool {
		text, _ := dir.Read("journal.jsonl")
		return strings.Contains(string(text), `"operation":"multisign","documents":2`) &&
			strings.Contains(string(text), `"outcome":"failed","reason":"failed.stopped"`) && strings.Contains(string(text), `"outcome":"done"`)
	})
}

func keyFileOf(t testing.TB) (path, password string) {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	data, name, err := a.PKCS12(newKey(t, profile).Identity, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, "Qwerty12"
}

// Whatever starts an operation says how many documents there will be, within
// the limit.
func FuzzStartRequest(f *testing.F) {
	for _, seed := range []string{startBody(1, true, true), startBody(0, false, false), `{"numberOfDocuments":2}`, `{"numberOfDocuments":1e3}`,
		`{"numberOfDocuments":99999999999999999999}`, `{"numberofdocuments":1,"numberOfDocuments":2}`, `[]`, `null`, `"x"`, `{"numberOfDocuments":1}{}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, _, ok := startRequest(body)
		if ok != (q != nil) || ok && (q.Total < 1 || q.Total > documentLimit || !q.Unseen || !json.Valid(body)) {
			t.Fatalf("%q: %v, %+v", body, ok, q)
		}
	})
}

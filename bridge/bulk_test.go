package bridge

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/keystore"
)

// watched is the scripted prompter with a window that can be stopped.
type watched struct {
	prompt.Prompter
	progress *progress
	requests chan *prompt.Request
}

func (w watched) Approve(ctx context.Context, r *prompt.Request) (prompt.Decision, error) {
	w.requests <- r
	d, err := w.Prompter.Approve(ctx, r)
	d.Progress = w.progress
	return d, err
}

// scripted is a person who has one key file and says yes.
func scripted(t testing.TB, p testpki.Profile) watched {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	data, name, err := a.PKCS12(newKey(t, p).Identity, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	yes := prompt.NewScript([]prompt.Answer{{Approve: true, Key: path, Password: "Qwerty12"}})
	return watched{yes, newProgress(), make(chan *prompt.Request, 8)}
}

// fileKey is a key from a key file, opened as a person's is.
func fileKey(t testing.TB, p testpki.Profile) keystore.Key {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	data, name, err := a.PKCS12(newKey(t, p).Identity, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := keystore.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.Unlock(context.Background(), []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return keys[0]
}

// granted keeps no questions: the benchmarks ask many.
type granted struct{ key keystore.Key }

func (granted) Known(consent.Asker) bool    { return true }
func (granted) Record(consent.JournalEntry) {}
func (g granted) Ask(context.Context, *consent.Question) (*consent.Grant, error) {
	return &consent.Grant{Key: g.key}, nil
}

// tenThousand is a request with as many documents as one may have, and what the
// page keeps of them.
func tenThousand(attached bool) (request string, document func(i int) string) {
	document = func(i int) string { return fmt.Sprintf("invoice %d %s", i, bytes.Repeat([]byte("x"), i%1000)) }
	var b bytes.Buffer
	b.WriteString(`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":[`)
	for i := range 10_000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%s"`, base64.StdEncoding.EncodeToString([]byte(document(i))))
	}
	fmt.Fprintf(&b, `],"signingParams":{"decode":true,"encapsulate":%v},"signerParams":{"chain":[]}}}`, attached)
	return b.String(), document
}

// Ten thousand documents in one request: one window, one password, every
// signature good and in its place.
func TestTenThousandDocuments(t *testing.T) {
	for _, attached := range []bool{true, false} {
		person := scripted(t, profile)
		p := start(t, consent.New(consent.Options{Prompter: person})).open()
		request, document := tenThousand(attached)
		p.say(request)
		p.SetReadDeadline(time.Now().Add(2 * time.Minute))
		_, r, err := p.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		var reply struct {
			Status bool
			Body   struct{ Result []string }
		}
		if err := json.NewDecoder(r).Decode(&reply); err != nil || !reply.Status || len(reply.Body.Result) != 10_000 {
			t.Fatal(err, reply.Status, len(reply.Body.Result))
		}
		if n, err := io.Copy(io.Discard, r); n != 0 || err != nil {
			t.Errorf("%d octets after the object, %v", n, err)
		}
		for i, text := range reply.Body.Result {
			block, rest := pem.Decode([]byte(text))
			if block == nil || len(rest) != 0 || block.Type != "CMS" {
				t.Fatalf("document %d: %.60q", i, text)
			}
			sd, err := cms.Parse(block.Bytes)
			if err != nil || sd.Detached == attached || attached && string(sd.Content) != document(i) {
				t.Fatalf("document %d: %v", i, err)
			}
			if i%499 != 0 {
				continue
			}
			var content []byte
			if !attached {
				content = []byte(document(i))
			}
			verify(t, block.Bytes, content, 1)
		}
		if r := <-person.requests; r.Total != 10_000 || len(r.Documents) != 10_000 || len(person.requests) != 0 {
			t.Errorf("the window shows %d of %d documents", len(r.Documents), r.Total)
		}
		if steps, finished := person.progress.end(); steps[len(steps)-1] != 10_000 || len(finished) != 1 || finished[0] != "" {
			t.Errorf("window was told %d, then %q", steps[len(steps)-1], finished)
		}
		p.ask(`{"module":"nca","version":"2.3"}`, notFound)
	}
}

// counting is a key that says how much it has signed.
type counting struct {
	keystore.Key
	signed atomic.Int64
	press  func() // in the middle
}

func (k *counting) SignBatch(random io.Reader, dst, digests []byte) ([]byte, error) {
	n := k.signed.Add(int64(len(digests) / 64))
	if n >= 3000 && n-int64(len(digests)/64) < 3000 {
		k.press()
	}
	return k.Key.(interface {
		SignBatch(random io.Reader, dst, digests []byte) ([]byte, error)
	}).SignBatch(random, dst, digests)
}

// Stop in the middle of ten thousand documents: the page gets its family's
// cancel, and the key signs nothing more.
func TestStopInTheMiddle(t *testing.T) {
	request, _ := tenThousand(true)
	inner := fileKey(t, profile)
	best := time.Hour
	for range 3 {
		progress := newProgress()
		var pressed time.Time
		k := &counting{Key: inner}
		k.press = func() { pressed = time.Now(); progress.press() }
		d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
			return &consent.Grant{Key: k, Progress: progress}, nil
		}}
		r := start(t, d)
		p := r.open()
		p.say(request)
		p.expect(`{"body":{},"status":true}`)
		took := time.Since(pressed)
		best = min(best, took)
		eventually(t, "the window is told", func() bool { _, f := progress.end(); return len(f) == 1 && f[0] == prompt.FailedStopped })
		n := k.signed.Load()
		time.Sleep(50 * time.Millisecond)
		if after := k.signed.Load(); after != n || n > 3000+64*int64(r.o.Workers) {
			t.Errorf("%d signatures when the page had its answer, %d later", n, after)
		}
		t.Logf("cancelled %v after Stop, %d signed by then", took, n)
		eventually(t, "the message is given back", func() bool { return r.spent() == 0 })
		r.serves()
	}
	t.Logf("cancelled after %v at best", best)
}

// The same with everything real but the person: the key file is closed. The key
// is an RSA one, slow enough that no machine is done before Stop.
func TestStopWithRealDesk(t *testing.T) {
	slow := profile
	slow.Family = pki.RSA
	person := scripted(t, slow)
	r := start(t, consent.New(consent.Options{Prompter: person}))
	p := r.open()
	request, _ := tenThousand(false)
	p.say(request)
	eventually(t, "signing has begun", func() bool { s, f := person.progress.end(); return len(s) > 0 || len(f) > 0 })
	begun := time.Now()
	person.progress.press()
	answer := p.hear()
	t.Logf("answered %v after Stop", time.Since(begun))
	if answer != `{"body":{},"status":true}` {
		t.Errorf("%.200s", answer)
	}
	eventually(t, "the window is told", func() bool { _, f := person.progress.end(); return len(f) == 1 && f[0] == prompt.FailedStopped })
	eventually(t, "the message is given back", func() bool { return r.spent() == 0 })
}

// A page that goes away while a long reply is written ends its session and
// nothing else.
func TestPageLeavesDuringLongReply(t *testing.T) {
	r := start(t, granted{fileKey(t, profile)}, func(o *Options) { o.Limits.Write = time.Second })
	p := r.open()
	p.SetReadDeadline(time.Now().Add(2 * time.Minute)) // the race detector makes TLS slow
	p.say(cadesRequest(string(make([]byte, 40<<20)), true))
	if _, rd, err := p.NextReader(); err != nil {
		t.Fatal(err)
	} else if _, err := io.CopyN(io.Discard, rd, 1<<20); err != nil {
		t.Fatal(err)
	}
	p.Close()
	eventually(t, "the message is given back", func() bool { return r.spent() == 0 })
	r.serves()
	// One that stays but does not read is let go.
	p = r.open()
	p.SetReadDeadline(time.Now().Add(2 * time.Minute))
	p.say(cadesRequest(string(make([]byte, 40<<20)), true))
	if _, _, err := p.NextReader(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the message is given back", func() bool { return r.spent() == 0 })
	r.serves()
}

// Documents of every size around the border between one frame and many.
func TestReplyBorders(t *testing.T) {
	p := start(t, granted{fileKey(t, profile)}).open()
	for _, n := range []int{0, 1, whole*3/4 - 4096, whole*3/4 - 2048, whole * 3 / 4, 3 * whole, 5*whole + 1} {
		content := bytes.Repeat([]byte{0xA5}, n)
		for _, attached := range []bool{true, false} {
			p.say(cadesRequest(string(content), attached))
			if attached {
				verify(t, cmsOf(t, p.hear()), nil, 1)
			} else {
				verify(t, cmsOf(t, p.hear()), content, 1)
			}
		}
	}
}

type writeOnly struct{}

func (writeOnly) Write(b []byte) (int, error) { return len(b), nil }

type noTLS struct{ CertificateSource }

package bridge

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tanba/bridge/consent"
	"tanba/internal/localca"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/keystore"
	"tanba/protocol"
)

const portal = "https://portal.test"

// desk stands in for the consent desk: ask answers every question, one after
// another or not, as the test likes.
type desk struct {
	ask   func(ctx context.Context, q *consent.Question) (*consent.Grant, error)
	known bool

	mu        sync.Mutex
	questions []*consent.Question
}

func (d *desk) Known(consent.Asker) bool    { return d.known }
func (d *desk) Record(consent.JournalEntry) {}

func (d *desk) Ask(ctx context.Context, q *consent.Question) (*consent.Grant, error) {
	d.mu.Lock()
	d.questions = append(d.questions, q)
	d.mu.Unlock()
	return d.ask(ctx, q)
}

func (d *desk) asked() []*consent.Question {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]*consent.Question(nil), d.questions...)
}

func cancelAlways(context.Context, *consent.Question) (*consent.Grant, error) {
	return nil, protocol.ErrCancelled
}

// never is a window nobody answers.
func never(ctx context.Context, _ *consent.Question) (*consent.Grant, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("%w: %w", protocol.ErrCancelled, ctx.Err())
}

func grants(k keystore.Key) func(context.Context, *consent.Question) (*consent.Grant, error) {
	return func(context.Context, *consent.Question) (*consent.Grant, error) { return &consent.Grant{Key: k}, nil }
}

// testKey is an unlocked key without a store.
type testKey struct {
	*testpki.Identity
	alias string
	chain []*pki.Certificate
}

func (k testKey) Public() crypto.PublicKey      { return k.Key.Public() }
func (k testKey) Alias() string                 { return k.alias }
func (k testKey) Certificate() *pki.Certificate { return k.Identity.Certificate }
func (k testKey) Chain() []*pki.Certificate     { return k.chain }

func (k testKey) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return k.Key.Sign(random, digest, o)
}

var authority = sync.OnceValues(func() (*testpki.Authority, error) { return testpki.New(nil, time.Now()) })

func newKey(t testing.TB, p testpki.Profile) testKey {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	if p.Surname == "" {
		p.Surname, p.GivenName, p.IIN = "ТЕСТОВ", "ТЕСТ", "123456789011"
	}
	id, err := a.Issue(p)
	if err != nil {
		t.Fatal(err)
	}
	return testKey{Identity: id, alias: fmt.Sprintf("%x", id.Certificate.SubjectKeyID)}
}

// running is a bridge that listens.
type running struct {
	*Server
	t       testing.TB
	addr    string
	roots   *x509.CertPool
	log     *lines
	stopNow context.CancelFunc
	ended   chan error
}

type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var bundle = sync.OnceValues(func() (*localca.Bundle, error) { return localca.Issue(nil, time.Now(), "test") })

// start runs a bridge on a free port until the test ends. It must then end well.
func start(t testing.TB, d Desk, change ...func(*Options)) *running {
	t.Helper()
	b, err := bundle()
	if err != nil {
		t.Fatal(err)
	}
	source, err := localca.NewSource(b)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, log: new(lines), ended: make(chan error, 1)}
	o := Options{
		Addr: "127.0.0.1:0", Desk: d, TLS: source, Version: "1.2.3",
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&o)
	}
	if r.Server, err = New(o); err != nil {
		t.Fatal(err)
	}
	a, err := r.Listen()
	if err != nil {
		t.Fatal(err)
	}
	r.addr = a.String()
	r.roots = x509.NewCertPool()
	r.roots.AddCert(b.CA)
	ctx, cancel := context.WithCancel(t.Context())
	r.stopNow = cancel
	go func() { r.ended <- r.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-r.ended:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(time.Minute):
			t.Errorf("Serve did not end")
		}
		if t.Failed() {
			t.Logf("log:\n%s", r.log)
		}
	})
	return r
}

func (r *running) tls() *tls.Config { return &tls.Config{RootCAs: r.roots} }

// page is a client's socket.
type page struct {
	t testing.TB
	*websocket.Conn
}

func (r *running) dial(header http.Header) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{TLSClientConfig: r.tls(), HandshakeTimeout: time.Minute, EnableCompression: true}
	return d.Dial("wss://"+r.addr+"/", header)
}

// open connects as a page of the portal and takes the greeting.
func (r *running) open() *page { return r.openAs(portal) }

func (r *running) openAs(origin string) *page {
	r.t.Helper()
	h := http.Header{}
	if origin != "" {
		h.Set("Origin", origin)
	}
	c, _, err := r.dial(h)
	if err != nil {
		r.t.Fatalf("dial as %q: %v", origin, err)
	}
	r.t.Cleanup(func() { c.Close() })
	p := &page{r.t, c}
	p.expect(protocol.Greeting)
	return p
}

func (p *page) say(frame string) {
	p.t.Helper()
	if err := p.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

func (p *page) hear() string {
	p.t.Helper()
	p.SetReadDeadline(time.Now().Add(2 * time.Minute))
	kind, data, err := p.ReadMessage()
	if err != nil {
		p.t.Fatalf("receive: %v", err)
	}
	if kind != websocket.TextMessage {
		p.t.Fatalf("frame of kind %d", kind)
	}
	return string(data)
}

func (p *page) expect(want string) {
	p.t.Helper()
	if got := p.hear(); got != want {
		p.t.Fatalf("frame\n%s\nwant\n%s", got, want)
	}
}

func (p *page) ask(frame, want string) {
	p.t.Helper()
	p.say(frame)
	p.expect(want)
}

// serves fails unless the bridge still answers, on this socket or a new one.
func (r *running) serves() {
	r.t.Helper()
	p := r.open()
	p.ask(`{"module":"nca","version":"2.3"}`, `{"success":false,"errorCode":"MODULE_NOT_FOUND"}`)
	p.Close()
}

// closed waits for the close frame and returns it.
func (p *page) closed() (code int, reason string) {
	p.t.Helper()
	p.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		_, data, err := p.ReadMessage()
		var ce *websocket.CloseError
		if errors.As(err, &ce) {
			return ce.Code, ce.Text
		}
		if err != nil {
			p.t.Fatalf("no close frame: %v", err)
		}
		p.t.Logf("before closing: %.80s", data)
	}
}

const notFound = `{"success":false,"errorCode":"MODULE_NOT_FOUND"}`
const cancelled = `{"code":"500","message":"action.canceled"}`

const showKeyRequest = `{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":["PKCS12"]}`

func cadesRequest(content string, attached bool) string {
	return fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","SIGNATURE",%q,%v]}`,
		base64.StdEncoding.EncodeToString([]byte(content)), attached)
}

func jsonOf(t testing.TB, frame string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(frame), &m); err != nil {
		t.Fatalf("%v in %.200s", err, frame)
	}
	return m
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within a minute: %s", what)
}

func (r *running) tcp() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

package bridge

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tanba/bridge/consent"
	"tanba/protocol"
)

// Quirks 1 and 3: one greeting, then exactly one frame per request that has an
// answer, in order.
func TestQuirk1And3OneFrameEach(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	p := r.open()
	for _, step := range []struct{ say, hear string }{
		{`{"module":"kz.gov.pki.knca.commonUtils","method":"getActiveTokens"}`, `{"responseObject":[],"code":"200"}`},
		{`{"module":"kz.digiflow.mobile.extensions","method":"getVersion"}`, notFound},
		{`{}`, ""},
		{`hello`, ""},
		{``, ""},
		{showKeyRequest, cancelled},
		{`{"module":"kz.gov.pki.knca.commonUtils","method":"changeLocale","args":["kz"]}`, `{"code":"200"}`},
		{`--heartbeat--`, `--heartbeat--`},
		{`{"module":"nca","version":"2.3"}`, notFound},
	} {
		p.say(step.say)
		if step.hear != "" {
			p.expect(step.hear)
		}
	}
	p.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if _, data, err := p.ReadMessage(); err == nil {
		t.Fatalf("unsolicited frame %q", data)
	}
}

// Quirks 2 and 4: heartbeats and unknown modules do not wait for the person.
func TestQuirk2And4AnsweredWhileAWindowIsOpen(t *testing.T) {
	d := &desk{ask: never}
	r := start(t, d)
	busy := r.open()
	busy.say(showKeyRequest)
	eventually(t, "the window is open", func() bool { return len(d.asked()) == 1 })

	busy.ask(`--heartbeat--`, `--heartbeat--`)
	other := r.open()
	other.ask(`{"module":"kz.digiflow.mobile.extensions","method":"getVersion"}`, notFound)
	// On the same socket a request waits for its turn (§1.8).
	busy.say(`{"module":"nca"}`)
	busy.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
	if _, data, err := busy.ReadMessage(); err == nil {
		t.Fatalf("%q overtook the request before it", data)
	}
}

// Who asks for a module that is not here has the answer, and then the doctor
// hears of it (product.md §3, fault 8).
func TestUnknownModuleIsTold(t *testing.T) {
	told := make(chan string, 4)
	r := start(t, &desk{}, func(o *Options) {
		o.UnknownModule = func(module, origin string) { told <- strings.Clone(module) + " " + origin }
	})
	p := r.open()
	p.ask(`--heartbeat--`, `--heartbeat--`)
	p.say(`{"module":"kz.gov.pki.knca.commonUtils","method":"none"}`)
	p.hear()
	p.ask(`{"module":"kz.ecc.Nothing","method":"run"}`, notFound)
	if got, want := <-told, "kz.ecc.Nothing "+portal; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

// A socket that closes takes its window along, also when more requests wait
// behind it than the bridge reads ahead.
func TestClosedSocketClosesItsWindow(t *testing.T) {
	for _, waiting := range []int{0, 3, 12} {
		t.Run(fmt.Sprint(waiting, " waiting"), func(t *testing.T) {
			var once sync.Once
			closed := make(chan struct{})
			d := &desk{ask: func(ctx context.Context, _ *consent.Question) (*consent.Grant, error) {
				<-ctx.Done()
				once.Do(func() { close(closed) })
				return nil, protocol.ErrCancelled
			}}
			r := start(t, d)
			p := r.open()
			for range 1 + waiting {
				p.say(showKeyRequest)
			}
			eventually(t, "the window is open", func() bool { return len(d.asked()) == 1 })
			p.Close()
			select {
			case <-closed:
			case <-time.After(time.Minute):
				t.Fatal("the window stays")
			}
			eventually(t, "the session is gone", func() bool { return r.sessions.wait(expired()) == nil })
			if n := len(d.asked()); n != 1 {
				t.Errorf("%d windows for a page that has left", n)
			}
			r.serves()
		})
	}
}

func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// reading is the number of requests that the sockets have read and not answered.
func (r *running) reading() (n int64) {
	r.sessions.mu.Lock()
	defer r.sessions.mu.Unlock()
	for s := range r.sessions.all {
		n += int64(s.busy.Load())
	}
	return n
}

// T13: four requests in flight, then the socket is not read.
func TestT13InFlight(t *testing.T) {
	release := make(chan struct{})
	d := &desk{ask: func(ctx context.Context, _ *consent.Question) (*consent.Grant, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil, protocol.ErrCancelled
	}}
	r := start(t, d)
	p := r.open()
	for range 10 {
		p.say(showKeyRequest)
	}
	// Four are in flight; the fifth is in the reader's hand.
	eventually(t, "five requests are read", func() bool { return r.reading() >= 5 })
	time.Sleep(50 * time.Millisecond)
	if n := r.reading(); n != 5 {
		t.Errorf("%d requests read, want 5", n)
	}
	close(release)
	for range 10 {
		p.expect(cancelled)
	}
	p.ask(`--heartbeat--`, `--heartbeat--`)
}

// Sockets are independent: with a real desk two of them asking at once get their
// windows one after another, in the order of asking.
func TestTwoSocketsAskAtOnce(t *testing.T) {
	p := newPrompter()
	r := start(t, consent.New(consent.Options{Prompter: p}))
	first, second := r.openAs("https://one.test"), r.openAs("https://two.test")
	first.say(showKeyRequest)
	w1 := p.window(t)
	second.say(showKeyRequest)
	select {
	case w := <-p.windows:
		t.Fatalf("a second window, of %s, beside the first", w.request.Site.Origin)
	case <-time.After(150 * time.Millisecond):
	}
	if w1.request.Site.Origin != "https://one.test" {
		t.Errorf("first window of %s", w1.request.Site.Origin)
	}
	w1.cancel()
	first.expect(cancelled)
	w2 := p.window(t)
	if w2.request.Site.Origin != "https://two.test" {
		t.Errorf("second window of %s", w2.request.Site.Origin)
	}
	w2.cancel()
	second.expect(cancelled)
}

// Asked to stop, the bridge answers what is open and waiting as cancelled, in
// the family's own form, and then closes.
func TestStopWithWindowOpen(t *testing.T) {
	const basics = `{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":"MTEK","signingParams":{},"signerParams":{"chain":[]}}}`
	for _, tc := range []struct{ name, request, answer string }{
		{"commonUtils", showKeyRequest, cancelled},
		{"basics", basics, `{"body":{},"status":true}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &desk{ask: never}
			r := start(t, d)
			p := r.open()
			p.say(tc.request)
			eventually(t, "the window is open", func() bool { return len(d.asked()) == 1 })
			p.say(tc.request)
			p.say(`{"module":"nca"}`)
			eventually(t, "the reader has them", func() bool { return r.reading() == 3 })
			r.stopNow()
			p.expect(tc.answer)
			p.expect(tc.answer)
			p.expect(notFound)
			if code, _ := p.closed(); code != websocket.CloseGoingAway {
				t.Errorf("close code %d", code)
			}
			if n := len(d.asked()); n != 1 {
				t.Errorf("%d windows", n)
			}
			if _, _, err := r.dial(nil); err == nil {
				t.Error("still accepts connections")
			}
		})
	}
}

// A prompter that hangs does not keep the bridge from stopping.
func TestStopIsBounded(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
		<-hang
		return nil, protocol.ErrCancelled
	}}
	b := start(t, d, func(o *Options) { o.Limits.Grace = 200 * time.Millisecond })
	p := b.open()
	p.say(showKeyRequest)
	eventually(t, "the window is open", func() bool { return len(d.asked()) == 1 })
	b.stopNow()
	if err := <-b.ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Serve: %v", err)
	}
	b.ended <- nil
}

// A fault of ours costs one request, not the bridge, and tells no content.
func TestPanicIsContained(t *testing.T) {
	const secret = "ЖСН 123456789011"
	d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) { panic(secret) }}
	r := start(t, d)
	p := r.open()
	p.say(showKeyRequest)
	if got := jsonOf(t, p.hear()); got["code"] != "500" {
		t.Errorf("answer %v", got)
	}
	p.say(strings.Replace(showKeyRequest, "{", `{"uuid":"7",`, 1))
	if got := jsonOf(t, p.hear()); got["code"] != "500" || got["uuid"] != "7" {
		t.Errorf("answer %v", got)
	}
	p.ask(`{"module":"nca"}`, notFound)
	if n := r.Counters().Panics.Load(); n != 2 {
		t.Errorf("%d panics counted", n)
	}
	if strings.Contains(r.log.String(), secret) || !strings.Contains(r.log.String(), "dispatch.go") && !strings.Contains(r.log.String(), "dispatch") {
		t.Errorf("log:\n%s", r.log)
	}
}

// A panic while signing, on a goroutine of the batch.
func TestPanicInBatchIsContained(t *testing.T) {
	d := &desk{ask: grants(brokenKey{newKey(t, profile)})}
	r := start(t, d)
	p := r.open()
	p.say(cadesRequest("x", true))
	if got := jsonOf(t, p.hear()); got["code"] != "500" {
		t.Errorf("answer %v", got)
	}
	r.serves()
}

type brokenKey struct{ testKey }

func (brokenKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	panic("the token library jumped out of the window")
}

// Idle sockets stay; at the cap of an origin the one idle longest goes.
func TestSocketsPerOrigin(t *testing.T) {
	clock := newClock()
	r := start(t, &desk{ask: cancelAlways}, func(o *Options) { o.Limits.Sockets, o.Now = 3, clock.now })
	other := r.openAs("https://other.test")
	var pages []*page
	for range 3 {
		pages = append(pages, r.open())
		clock.add(time.Minute)
	}
	r.open() // a fourth: none has been idle for ten minutes
	if n := r.Counters().Crowded.Load(); n != 0 {
		t.Fatalf("%d closed", n)
	}
	clock.add(9 * time.Minute)
	pages[0].ask(`--heartbeat--`, `--heartbeat--`) // not idle any more
	clock.add(5 * time.Minute)
	r.open()
	if code, reason := pages[1].closed(); code != websocket.CloseGoingAway || reason != "idle" {
		t.Errorf("close %d %q", code, reason)
	}
	if n := r.Counters().Crowded.Load(); n != 1 {
		t.Errorf("%d closed, want 1", n)
	}
	for _, p := range []*page{pages[0], pages[2], other} {
		p.ask(`--heartbeat--`, `--heartbeat--`)
	}
}

// A silent socket that answers pings is kept; one that does not is closed.
func TestSilentSockets(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways}, func(o *Options) {
		o.Limits.Idle, o.Limits.Ping = 3*time.Second, 100*time.Millisecond
	})
	alive, dead := r.open(), r.open()
	dead.SetPingHandler(func(string) error { return nil })
	gone := make(chan error, 1)
	go func() {
		_, _, err := dead.ReadMessage()
		gone <- err
	}()
	heard := make(chan string, 1)
	go func() {
		_, data, err := alive.ReadMessage()
		heard <- fmt.Sprint(string(data), err)
	}()
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Fatal("the dead socket is still open")
	}
	alive.say(`--heartbeat--`)
	if got := <-heard; got != "--heartbeat--<nil>" {
		t.Errorf("the live one: %s", got)
	}
}

// T24: what a page sends does not come back in the log.
func TestT24LogHoldsNoContent(t *testing.T) {
	k := newKey(t, profile)
	r := start(t, &desk{ask: grants(k)})
	p := r.open()
	const canary = "canary-3f9a"
	for _, frame := range []string{
		cadesRequest(canary, true),
		`{"module":"` + canary + `","method":"x"}`,
		`{"module":"kz.gov.pki.knca.commonUtils","method":"` + strings.Repeat(canary, 20) + `"}`,
		`{"module":"kz.gov.pki.knca.commonUtils","method":"a ` + canary + `"}`,
		showKeyRequest,
	} {
		p.say(frame)
		p.hear()
	}
	log := r.log.String()
	if strings.Contains(log, "123456789011") || strings.Contains(log, "ТЕСТОВ") || strings.Contains(log, canary) {
		t.Errorf("log:\n%s", log)
	}
	if !strings.Contains(log, "method=kz.gov.pki.knca.commonUtils.createCAdESFromBase64") || !strings.Contains(log, "outcome=done") {
		t.Errorf("log:\n%s", log)
	}
}

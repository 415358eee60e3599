package bridge

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
)

// Stop between two documents and in the middle of one: nothing more is signed.
func TestMultisignStop(t *testing.T) {
	k := newKey(t, profile)
	p := newProgress()
	s := startMultisign(t, &desk{ask: grantsWith(k, p)})
	path := s.begin(3, false, false)
	if code, _ := s.post(path, "one"); code != 200 {
		t.Fatal(code)
	}
	p.press()
	eventually(t, "the operation ends", func() bool { _, end := p.end(); return len(end) == 1 })
	if code, body := s.post(path, "two"); code != http.StatusUnauthorized {
		t.Errorf("%d %q", code, body)
	}
	if _, end := p.end(); end[0] != prompt.FailedStopped {
		t.Errorf("window: %q", end)
	}
}

func TestMultisignStopInTheMiddle(t *testing.T) {
	for _, attached := range []bool{false, true} {
		t.Run(fmt.Sprintf("attached=%v", attached), func(t *testing.T) {
			p := newProgress()
			counted := &countingKey{testKey: newKey(t, profile)}
			s := startMultisign(t, &desk{ask: grantsWith(counted, p)})
			path := s.begin(2, false, attached)
			body, feed := io.Pipe()
			r := s.request("POST", path, body)
			r.ContentLength = 3 << 20
			go func() {
				feed.Write(make([]byte, 2<<20))
				p.press()
			}()
			resp, err := s.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Access-Control-Allow-Origin") != portal {
				t.Errorf("%d %v", resp.StatusCode, resp.Header)
			}
			// The page has more to send; neither window nor key wait for it.
			eventually(t, "the operation ends", func() bool { _, end := p.end(); return len(end) == 1 })
			feed.CloseWithError(io.ErrUnexpectedEOF)
			resp.Body.Close()
			if n := counted.made.Load(); n != 0 {
				t.Errorf("%d signatures were made", n)
			}
		})
	}
}

type countingKey struct {
	testKey
	made atomic.Int64
}

func (k *countingKey) AppendSignature(dst, digest []byte) ([]byte, error) {
	k.made.Add(1)
	return k.Key.(interface {
		AppendSignature(dst, digest []byte) ([]byte, error)
	}).AppendSignature(dst, digest)
}

// Ten minutes without a request, told by the injected clock: the next request
// finds nothing, and the window has been closed.
func TestMultisignIdle(t *testing.T) {
	c := newClock()
	p := newProgress()
	s := startMultisign(t, &desk{ask: grantsWith(newKey(t, profile), p)}, func(o *Options) { o.Now = c.now })
	path := s.begin(3, false, false)
	for range 2 {
		c.add(10*time.Minute - time.Second) // each request begins a new ten minutes
		if code, body := s.post(path, "x"); code != 200 {
			t.Fatalf("%d %q", code, body)
		}
		s.atRest(path)
	}
	c.add(10 * time.Minute)
	if code, body := s.post(path, "x"); code != http.StatusUnauthorized {
		t.Errorf("%d %q", code, body)
	}
	eventually(t, "the window is told", func() bool { _, end := p.end(); return len(end) == 1 && end[0] == prompt.FailedConnection })
}

// atRest waits until the last request has been let go of: its answer comes a
// little earlier.
func (s *site) atRest(path string) {
	s.t.Helper()
	s.second.mu.Lock()
	o := s.second.operations[path[1:]]
	s.second.mu.Unlock()
	eventually(s.t, "the operation is at rest", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.requests == 0
	})
}

// Nobody needs to come for it to end.
func TestMultisignIdleByItself(t *testing.T) {
	p := newProgress()
	s := startMultisign(t, &desk{ask: grantsWith(newKey(t, profile), p)}, func(o *Options) { o.Limits.Operation = 50 * time.Millisecond })
	s.begin(3, false, false)
	eventually(t, "the window is told", func() bool { _, end := p.end(); return len(end) == 1 && end[0] == prompt.FailedConnection })
	s.second.mu.Lock()
	defer s.second.mu.Unlock()
	if n := len(s.second.operations); n != 0 {
		t.Errorf("%d operations are remembered", n)
	}
}

// A document that takes longer than the time without requests is a request.
func TestMultisignSlowDocument(t *testing.T) {
	k := newKey(t, profile)
	s := startMultisign(t, &desk{ask: grants(k)}, func(o *Options) { o.Limits.Operation = 2 * time.Second })
	path := s.begin(1, false, false)
	body, feed := io.Pipe()
	go func() {
		for range 6 {
			feed.Write([]byte("slow"))
			time.Sleep(500 * time.Millisecond)
		}
		feed.Close()
	}()
	code, _, der := s.do(s.request("POST", path, body))
	if code != 200 {
		t.Fatalf("%d %q", code, der)
	}
	wantSignature(t, k, []byte(der), []byte(strings.Repeat("slow", 6)), true)
}

// A body that stops moving is given up, and the operation is not.
func TestMultisignStall(t *testing.T) {
	s := startMultisign(t, &desk{ask: grants(newKey(t, profile))}, func(o *Options) { o.Limits.Stall = time.Second })
	path := s.begin(1, false, false)
	body, feed := io.Pipe()
	defer feed.Close()
	go feed.Write([]byte("begun"))
	r := s.request("POST", path, body)
	r.ContentLength = 100
	resp, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("%d", resp.StatusCode)
	}
	feed.CloseWithError(io.ErrUnexpectedEOF)
	if code, body := s.post(path, "again"); code != 200 {
		t.Errorf("%d %q", code, body)
	}
}

// A connection lost in the middle of a document leaves the operation as it was.
func TestMultisignLostConnection(t *testing.T) {
	k := newKey(t, profile)
	s := startMultisign(t, &desk{ask: grants(k)})
	path := s.begin(1, false, false)
	c, err := tls.Dial("tcp", s.addr, s.tls())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: operationCookie=%s\r\nContent-Length: 1000\r\n\r\nhalf", path, s.addr, portal, s.cookie)
	time.Sleep(20 * time.Millisecond)
	c.Close()
	code, der := s.post(path, "whole")
	if code != 200 {
		t.Fatalf("%d %q", code, der)
	}
	wantSignature(t, k, []byte(der), []byte("whole"), true)
}

// The key that fails ends the operation: the next document would fare no better.
func TestMultisignKeyFails(t *testing.T) {
	p := newProgress()
	s := startMultisign(t, &desk{ask: grantsWith(failingKey{newKey(t, profile)}, p)})
	path := s.begin(2, false, false)
	if code, body := s.post(path, "x"); code != http.StatusInternalServerError || strings.Contains(body, "removed") {
		t.Errorf("%d %q", code, body)
	}
	if code, _ := s.post(path, "x"); code != 401 {
		t.Errorf("%d", code)
	}
	eventually(t, "the window is told", func() bool { _, end := p.end(); return len(end) == 1 && end[0] == prompt.FailedSigning })
}

type failingKey struct{ testKey }

func (failingKey) AppendSignature([]byte, []byte) ([]byte, error) {
	return nil, fmt.Errorf("the token was removed")
}

// A page that leaves takes its window along.
func TestMultisignPageLeaves(t *testing.T) {
	asked, gone := make(chan struct{}), make(chan struct{})
	s := startMultisign(t, &desk{ask: func(ctx context.Context, q *consent.Question) (*consent.Grant, error) {
		close(asked)
		defer close(gone)
		return never(ctx, q)
	}})
	ctx, leave := context.WithCancel(t.Context())
	go s.client.Do(s.request("POST", "/", strings.NewReader(startBody(1, true, true))).WithContext(ctx))
	<-asked
	leave()
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the window stays")
	}
}

// A person may think for longer than any time-out of the server.
func TestMultisignLongThought(t *testing.T) {
	k := newKey(t, profile)
	s := startMultisign(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
		time.Sleep(1500 * time.Millisecond)
		return &consent.Grant{Key: k}, nil
	}}, func(o *Options) {
		o.Limits.Handshake, o.Limits.Stall, o.Limits.Write = time.Second, time.Second, time.Second
	})
	if code, der := s.post(s.begin(1, false, false), "x"); code != 200 {
		t.Errorf("%d %q", code, der)
	}
}

// The bridge that stops answers the window as cancelled, ends operations and
// destroys their keys before it is through.
func TestMultisignShutdown(t *testing.T) {
	p := newProgress()
	k := newKey(t, profile)
	waiting := make(chan struct{})
	var questions atomic.Int64
	s := startMultisign(t, &desk{ask: func(ctx context.Context, q *consent.Question) (*consent.Grant, error) {
		if questions.Add(1) == 1 {
			return &consent.Grant{Key: k, Progress: p}, nil
		}
		close(waiting)
		return never(ctx, q)
	}})
	path := s.begin(2, false, false)
	if code, _ := s.post(path, "x"); code != 200 {
		t.Fatal(code)
	}
	answer := make(chan int, 1)
	go func() {
		page := *s
		code, _ := page.post("/", startBody(1, true, true))
		answer <- code
	}()
	<-waiting
	s.stopNow()
	if code := <-answer; code != http.StatusConflict {
		t.Errorf("the waiting start: %d", code)
	}
	err := <-s.ended
	s.ended <- err
	if _, end := p.end(); err != nil || len(end) != 1 || end[0] != prompt.FailedConnection {
		t.Errorf("%v; window %q", err, end)
	}
	if _, err := net.Dial("tcp", s.addr); err == nil {
		t.Error("the port is still open")
	}
}

package bridge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
)

// drained runs Drain and returns what it will say, once new operations are turned
// away.
func (s *site) drained(ctx context.Context) <-chan error {
	s.t.Helper()
	said := make(chan error, 1)
	go func() { said <- s.Drain(ctx) }()
	stranger := s.as("https://another.test")
	eventually(s.t, "new operations are turned away", func() bool {
		code, h, _ := stranger.do(stranger.request("POST", "/", strings.NewReader(startBody(1, false, false))))
		if code == http.StatusServiceUnavailable && h.Get("Access-Control-Allow-Origin") != stranger.origin {
			s.t.Errorf("the page cannot read the refusal: %v", h)
		}
		return code == http.StatusServiceUnavailable && h.Get("Retry-After") != ""
	})
	return said
}

func (s *site) wantOpen(said <-chan error) {
	s.t.Helper()
	select {
	case err := <-said:
		s.t.Fatalf("the bridge would end now: %v", err)
	default:
	}
}

// refuseOthers asks nobody about sites other than the portal.
func refuseOthers(ask func(context.Context, *consent.Question) (*consent.Grant, error)) *desk {
	return &desk{ask: func(ctx context.Context, q *consent.Question) (*consent.Grant, error) {
		if q.Asker.Origin != portal {
			return cancelAlways(ctx, q)
		}
		return ask(ctx, q)
	}}
}

// An operation that a page works on is finished before the bridge ends. The clock
// stands still, so the pause between two documents is never too long.
func TestMultisignDrainFinishes(t *testing.T) {
	k := newKey(t, profile)
	p := newProgress()
	s := startMultisign(t, refuseOthers(grantsWith(k, p)), func(o *Options) { o.Now = newClock().now })
	path := s.begin(3, false, false)
	next := func() {
		t.Helper()
		code, der := s.post(path, "document")
		if code != http.StatusOK {
			t.Fatalf("%d %q", code, der)
		}
		wantSignature(t, k, []byte(der), []byte("document"), true)
	}
	next()
	said := s.drained(t.Context())
	next()
	s.wantOpen(said)
	next()
	if err := <-said; err != nil {
		t.Errorf("Drain: %v", err)
	}
	eventually(t, "the window is told", func() bool { _, end := p.end(); return len(end) == 1 && end[0] == "" })
}

// A question that is before the person is waited for, and the operation it opens.
func TestMultisignDrainWaitsForThePerson(t *testing.T) {
	k := newKey(t, profile)
	p := newProgress()
	asked, yes := make(chan struct{}), make(chan struct{})
	s := startMultisign(t, refuseOthers(func(ctx context.Context, q *consent.Question) (*consent.Grant, error) {
		close(asked)
		<-yes
		return &consent.Grant{Key: k, Progress: p}, nil
	}), func(o *Options) { o.Now = newClock().now })
	page := s.as(portal)
	opened := make(chan string, 1)
	go func() {
		code, _, id := page.do(page.request("POST", "/", strings.NewReader(startBody(1, false, false))))
		if code != http.StatusOK {
			t.Errorf("start: %d %q", code, id)
		}
		opened <- "/" + id
	}()
	<-asked
	said := s.drained(t.Context())
	s.wantOpen(said)
	close(yes)
	path := <-opened
	s.wantOpen(said)
	code, der := page.post(path, "document")
	if code != http.StatusOK {
		t.Fatalf("document: %d %q", code, der)
	}
	wantSignature(t, k, []byte(der), []byte("document"), true)
	if err := <-said; err != nil {
		t.Errorf("Drain: %v", err)
	}
}

// A page that has gone silent does not hold the bridge, nor does one whose
// document never ends hold it for longer than it was told to wait.
func TestMultisignDrainIsBounded(t *testing.T) {
	t.Run("silent", func(t *testing.T) {
		c := newClock()
		p := newProgress()
		s := startMultisign(t, refuseOthers(grantsWith(newKey(t, profile), p)), func(o *Options) { o.Now = c.now })
		path := s.begin(2, false, false)
		if code, body := s.post(path, "document"); code != http.StatusOK {
			t.Fatalf("%d %q", code, body)
		}
		s.atRest(path)
		said := s.drained(t.Context())
		s.wantOpen(said)
		c.add(s.o.Limits.Pause)
		if err := <-said; err != nil {
			t.Errorf("Drain: %v", err)
		}
		s.stopNow()
		eventually(t, "the window is told", func() bool { _, end := p.end(); return len(end) == 1 && end[0] == prompt.FailedConnection })
	})
	t.Run("endless", func(t *testing.T) {
		s := startMultisign(t, refuseOthers(grants(newKey(t, profile))))
		path := s.begin(1, false, false)
		body, feed := io.Pipe()
		defer feed.Close()
		r := s.request("POST", path, body)
		r.ContentLength = 1 << 20
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if resp, err := s.client.Do(r); err == nil {
				resp.Body.Close()
			}
		}()
		feed.Write([]byte("the beginning"))
		ctx, cancel := context.WithCancel(t.Context())
		said := s.drained(ctx)
		s.wantOpen(said)
		cancel()
		if err := <-said; !errors.Is(err, context.Canceled) {
			t.Errorf("Drain: %v", err)
		}
		s.stopNow()
		feed.Close()
		<-ended
	})
}

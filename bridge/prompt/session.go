package prompt

import (
	"context"
	"crypto/ecdh"
	"crypto/subtle"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"
)

// session is one request on its own port: what the page may do, and what it did.
// It is also the Progress of the decision.
type session struct {
	o     WebOptions
	r     *Request
	port  int
	token []byte // in the address, exchanged once
	seal  *ecdh.PrivateKey

	decided  chan struct{} // closed at a yes, a no, or when the page is gone
	finished chan struct{} // closed by Finish
	stopped  chan struct{} // closed when the person presses Stop
	left     chan struct{} // closed when the page is gone after the decision

	copies sync.WaitGroup // copies that are being written

	mu      sync.Mutex
	key     []byte // of the page, nil before the exchange
	over    bool   // decided, or ended from outside
	yes     bool
	blocked bool // the no was for good
	answer  Decision
	focused time.Time // since when the page has the focus, zero = it has not
	keys    map[string]Key
	opened  string // ID of the token that holds keys, "" = a file does
	tokens  int    // counts insertions and removals, for the page to look again
	opening bool   // an Unlock is running
	polls   int    // long polls that hang now
	gone    *time.Timer
	done    int
	told    time.Time // when a poll last heard of a step
	failed  string
	notice  string // shown beside the work and its end
	ended   bool
	folder  string        // of the copies of documents, "" = none was opened
	retry   chan bool     // somebody waits for the answer to "try again?"
	short   *Shortfall    // what failed then, or in the end
	asked   int           // how often that was
	change  chan struct{} // closed and replaced at each change a poll reports
}

var errEarly = errors.New("too early")

func newSession(o WebOptions, r *Request, port int) (*session, error) {
	s := &session{
		o: o, r: r, port: port,
		token:    make([]byte, 16),
		decided:  make(chan struct{}),
		finished: make(chan struct{}),
		stopped:  make(chan struct{}),
		left:     make(chan struct{}),
		change:   make(chan struct{}),
	}
	if _, err := io.ReadFull(o.Rand, s.token); err != nil {
		return nil, err
	}
	s.keys = byID(r.Open)
	var err error
	s.seal, err = ecdh.P256().GenerateKey(o.Rand)
	return s, err
}

// exchange trades the token of the address for the key of the page, once. A
// second try means that somebody else knows the token: the request is over.
func (s *session) exchange(token []byte) ([]byte, bool) {
	key := make([]byte, 16)
	if _, err := io.ReadFull(s.o.Rand, key); err != nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	right := subtle.ConstantTimeCompare(token, s.token) == 1
	switch {
	case s.key != nil && right:
		s.o.Log.Warn("prompt: the address of a window was used twice; the request is cancelled")
		s.settle(false)
		return nil, false
	case !right || s.over:
		return nil, false
	}
	s.key = key
	s.watch()
	return key, true
}

func (s *session) exchanged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key != nil
}

func (s *session) authorised(key []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key != nil && subtle.ConstantTimeCompare(key, s.key) == 1
}

// focus notes whether the page is in front of the person.
func (s *session) focus(focused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !focused:
		s.focused = time.Time{}
	case s.focused.IsZero():
		s.focused = s.o.Now()
		s.notify() // a reminder is taken back
	}
}

// unlock tries a key store once. The secret is cleared by try.
func (s *session) unlock(token string, secret []byte, try func() ([]Key, error)) ([]Key, error) {
	s.mu.Lock()
	if s.over || s.opening || try == nil {
		s.mu.Unlock()
		clear(secret)
		runtime.KeepAlive(secret)
		return nil, &UnlockError{Code: UnlockFailed, Err: errors.New("not now")}
	}
	s.opening, s.keys, s.opened = true, nil, ""
	s.mu.Unlock()
	keys, err := try()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opening = false
	if err == nil {
		s.opened = token
		s.keys = byID(keys)
	}
	return keys, err
}

func byID(keys []Key) map[string]Key {
	m := make(map[string]Key, len(keys))
	for _, k := range keys {
		m[k.ID] = k
	}
	return m
}

// forget gives up the keys that were open from the start, and their password.
func (s *session) forget() {
	s.mu.Lock()
	if s.over || s.opening || s.r.Forget == nil {
		s.mu.Unlock()
		return
	}
	s.keys, s.opened = nil, ""
	s.mu.Unlock()
	s.r.Forget()
}

// watchTokens wakes the page at each insertion and removal, so that it looks
// again; nothing is asked of a token until then.
func (s *session) watchTokens(ctx context.Context) {
	for s.r.TokenChange != nil {
		changed := s.r.TokenChange()
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		s.tokens++
		s.notify()
		s.mu.Unlock()
	}
}

// listTokens gives the tokens there are now. The keys of one that is gone are
// gone, too.
func (s *session) listTokens(ctx context.Context) ([]Token, error) {
	if s.r.Tokens == nil {
		return nil, nil
	}
	tokens, err := s.r.Tokens(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened != "" && !s.over && err == nil && !slices.ContainsFunc(tokens, func(t Token) bool { return t.ID == s.opened }) {
		s.keys, s.opened = nil, ""
	}
	return tokens, err
}

// approve is the yes of the page; it counts once, only for a key that fits, and
// only after the page has been in front of the person long enough.
func (s *session) approve(d Decision) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.opening {
		return errors.New("not now")
	}
	if s.early() {
		return errEarly
	}
	if s.r.Purpose.withKey() {
		k, ok := s.keys[d.KeyID]
		if !ok || !k.Fits || k.NeedsConsent && !d.Confirmed {
			return errors.New("this key does not serve")
		}
	}
	d.Remember = d.Remember && s.r.RememberFor > 0 && s.opened == ""
	d.Always = d.Always && s.r.MayAlways
	s.answer = d
	s.settle(true)
	return nil
}

func (s *session) cancel() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(false)
}

// block is a no for good. It needs the time of a yes: it is as hard to take back.
func (s *session) block() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over || !s.r.MayBlock:
		return errors.New("not now")
	case s.early():
		return errEarly
	}
	s.blocked = true
	s.settle(false)
	return nil
}

// early: the page has not been in front of the person for long enough. s.mu is
// held.
func (s *session) early() bool {
	return s.r.Minimum > 0 && (s.focused.IsZero() || s.o.Now().Sub(s.focused) < s.r.Minimum)
}

// refusal is the error of a no.
func (s *session) refusal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked {
		return ErrBlocked
	}
	return ErrCancelled
}

// leave ends everything from outside.
func (s *session) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(false)
	s.notify()
	if s.gone != nil {
		s.gone.Stop()
	}
}

// settle makes the first answer the only one. s.mu is held.
func (s *session) settle(yes bool) {
	if s.over {
		return
	}
	s.over, s.yes = true, yes
	close(s.decided)
	s.notify()
}

func (s *session) decision() (Decision, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer, s.yes
}

// poll waits until something changed or a while has passed. The page always has
// one poll under way; its absence means that the page is gone.
func (s *session) poll(ctx context.Context, seen string) status {
	s.mu.Lock()
	s.polls++
	if s.gone != nil {
		s.gone.Stop()
	}
	now, change := s.status(), s.change
	s.mu.Unlock()
	if now.Tag == seen {
		wait := time.NewTimer(2 * time.Second)
		select {
		case <-change:
		case <-wait.C:
		case <-ctx.Done():
		}
		wait.Stop()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polls--; s.polls == 0 {
		s.watch()
	}
	return s.status()
}

// watch starts the time after which a silent page is gone. s.mu is held.
func (s *session) watch() {
	if s.gone != nil {
		s.gone.Stop()
	}
	s.gone = time.AfterFunc(s.o.Gone, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.polls > 0 {
			return
		}
		if s.over {
			select {
			case <-s.left:
			default:
				close(s.left)
			}
			return
		}
		s.settle(false)
	})
}

// notify wakes the polls. s.mu is held.
func (s *session) notify() {
	close(s.change)
	s.change = make(chan struct{})
}

// Step is part of Progress.
func (s *session) Step(done int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = done
	// A page that draws each of a thousand steps would slow the work down.
	if time.Since(s.told) >= 100*time.Millisecond {
		s.told = time.Now()
		s.notify()
	}
}

// Finish is part of Progress.
func (s *session) Finish(failed string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended, s.failed = true, failed
	close(s.finished)
	s.notify()
}

// Stopped is part of Progress.
func (s *session) Stopped() <-chan struct{} { return s.stopped }

func (s *session) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.stopped:
	default:
		close(s.stopped)
	}
	s.notify()
}

func (s *session) failure() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

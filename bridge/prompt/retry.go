package prompt

import (
	"context"
	"net/http"
	"runtime"
	"time"
)

// retryTime is how long a person has to say whether to try again.
const retryTime = 5 * time.Minute

// listed bounds the failed documents that one status names.
const listed = 200

// Retry asks the person who watches the work whether to try again what failed. A
// window that is gone is a no.
func (s *session) Retry(ctx context.Context, short Shortfall) bool {
	answer := make(chan bool, 1)
	s.mu.Lock()
	if s.ended || s.retry != nil {
		s.mu.Unlock()
		return false
	}
	s.retry, s.short, s.done = answer, &short, short.Signed
	s.asked++
	s.notify()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.retry, s.short = nil, nil
		s.notify()
	}()
	wait := time.NewTimer(retryTime)
	defer wait.Stop()
	select {
	case again := <-answer:
		return again
	case <-s.stopped:
	case <-s.left:
	case <-ctx.Done():
	case <-wait.C:
	}
	return false
}

// Partly tells which documents failed; Finish comes after it.
func (s *session) Partly(short Shortfall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.short, s.done = &short, short.Signed
}

// serveRetry is the person's "try again". Where a token wants its PIN it is tried
// once, and the work goes on only if it was right.
func (s *session) serveRetry(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Last               bool
		Public, Nonce, Box []byte
	}
	if !read(w, r, &in) {
		return
	}
	s.mu.Lock()
	answer, short := s.retry, s.short
	if answer == nil || s.opening {
		s.mu.Unlock()
		refused(w, http.StatusConflict, "not now")
		return
	}
	unlock := short.Unlock
	s.opening = unlock != nil
	s.mu.Unlock()
	if unlock != nil {
		secret, err := s.open(in.Public, in.Nonce, in.Box)
		if err == nil {
			err = unlock(r.Context(), secret, in.Last)
			clear(secret)
			runtime.KeepAlive(secret)
		}
		s.mu.Lock()
		s.opening = false
		s.mu.Unlock()
		if err != nil {
			reply(w, viewTrouble(err))
			return
		}
	}
	select {
	case answer <- true:
	default: // it was pressed twice
	}
	reply(w, struct{}{})
}

// viewShortfall is a Shortfall for the page.
type viewShortfall struct {
	Failed  []viewFailure `json:"failed"`
	More    int           `json:"more"`
	Signed  int           `json:"signed"`
	Waiting int           `json:"waiting"` // not tried yet
	Several bool          `json:"several"` // reasons, so that each document needs its own
	PIN     *viewPIN      `json:"pin"`     // nil = none is needed
}

type viewFailure struct {
	Document int    `json:"document"`
	Reason   string `json:"reason"`
}

func (s *Shortfall) view() *viewShortfall {
	if s == nil {
		return nil
	}
	v := &viewShortfall{Failed: []viewFailure{}, More: s.More, Signed: s.Signed, Waiting: s.waiting(), Several: s.several()}
	for i, f := range s.Failed {
		if i == listed || !s.worthNaming() {
			v.More += len(s.Failed) - i
			break
		}
		v.Failed = append(v.Failed, viewFailure(f))
	}
	if s.Unlock != nil {
		pin := pinView(s.PIN)
		v.PIN = &pin
	}
	return v
}

package prompt

import (
	"context"
	"net/http"
	"time"
)

// retryTime is how long a person has to say whether to try again.
const retryTime = 5 * time.Minute

// Retry asks the person who watches the work whether to try again what failed,
// named by one of the Failed constants. It is a part of a Progress that the bridge
// looks for (bridge/retry.go). A window that is gone is a no.
func (s *session) Retry(ctx context.Context, failed string) bool {
	answer := make(chan bool, 1)
	s.mu.Lock()
	if s.ended || s.retry != nil {
		s.mu.Unlock()
		return false
	}
	s.retry, s.refused = answer, failed
	s.notify()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.retry = nil
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

func (s *session) serveRetry(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retry == nil {
		refused(w, http.StatusConflict, "not now")
		return
	}
	select {
	case s.retry <- true:
	default: // it was pressed twice
	}
	reply(w, struct{}{})
}

// Retry is part of the Progress of a terminal.
func (l *lines) Retry(ctx context.Context, failed string) bool {
	l.q.say("\n! %s. %s", l.q.t(failed), l.q.t(failed+".hint"))
	return l.q.word(ctx, l.q.t("tty.again", l.q.t("tty.yes"))) == nil
}

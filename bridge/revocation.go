package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/keystore"
	"tanba/protocol"
)

// Revocation tells whether a certificate was revoked; *revocation.Checker is one.
// An error means that it is not known.
type Revocation interface {
	Check(ctx context.Context, leaf *pki.Certificate, extra ...*pki.Certificate) (*revocation.Status, error)
}

// patience is how long signatures wait for the answer after the person's yes,
// unless the administrator requires one. The check begins when the key is open,
// so the answer is usually there before the yes.
const patience = 3 * time.Second

// What the window is told, beside prompt.Failed….
const (
	failedRevoked           = "failed.revoked"
	failedRevocationUnknown = "failed.revocation_unknown"
	noticeRevocationUnknown = "notice.revocation_unknown"
)

var (
	errRevoked           = errors.New("bridge: the certificate was revoked")
	errRevocationUnknown = errors.New("bridge: whether the certificate was revoked is not known")
)

// requirer is what a Revocation may be besides: it says whether an answer is
// required now.
type requirer interface{ Required() bool }

// noticer is what a prompt.Progress may be besides: it shows a sentence that
// changes nothing.
type noticer interface{ Notice(key string) }

// revocationCheck is under way, or over when done is closed.
type revocationCheck struct {
	done    chan struct{}
	cancel  context.CancelFunc
	refused error // what the check is against; nil = nothing
	unknown error // why nothing is known
}

// checkRevocation begins to ask about the key of a request that refuses revoked
// ones (basics without allowRevoked, and the streaming interface, which stands in
// for it); nil when nobody is to be asked.
func (s *Server) checkRevocation(ctx context.Context, q *consent.Question, k keystore.Key) *revocationCheck {
	if s.o.Revocation == nil || !q.Select.RefuseRevoked || k == nil || k.Certificate() == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &revocationCheck{done: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(r.done)
		defer func() {
			if v := recover(); v != nil {
				s.panicked(v)
				r.unknown = errPanicked
			}
		}()
		status, err := s.o.Revocation.Check(ctx, k.Certificate(), k.Chain()...)
		switch {
		case err != nil:
			r.unknown = err
		case status.State == revocation.Revoked:
			r.refused = fmt.Errorf("%w on %s", errRevoked, status.RevokedAt.UTC().Format(time.RFC3339))
		case status.State == revocation.Unknown:
			r.refused = fmt.Errorf("%w: the authority does not know it", errRevoked)
		}
	}()
	return r
}

// warmWhenOpened lets the check of a request that refuses revoked keys run while
// the person reads: about all fitting keys of the store that was opened, because
// nobody knows yet which one it will be.
func (s *Server) warmWhenOpened(ctx context.Context, q *consent.Question) {
	if s.o.Revocation != nil && q.Select.RefuseRevoked {
		q.OnOpened(func(certificates []*pki.Certificate) { s.warm(ctx, certificates) })
	}
}

// warm asks about certificates and leaves the answers with the checker, which
// keeps them. It does not wait.
func (s *Server) warm(ctx context.Context, certificates []*pki.Certificate) {
	const most = 8
	for _, certificate := range certificates[:min(len(certificates), most)] {
		go func() {
			defer func() {
				if v := recover(); v != nil {
					s.panicked(v)
				}
			}()
			_, _ = s.o.Revocation.Check(ctx, certificate)
		}()
	}
}

// watch ends the work as soon as the answer is against the key.
func (r *revocationCheck) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	if r == nil {
		return
	}
	go func() {
		select {
		case <-r.done:
			if r.refused != nil {
				cancel(r.refused)
			}
		case <-ctx.Done():
		}
	}()
}

// end calls the check off.
func (r *revocationCheck) end() {
	if r != nil {
		r.cancel()
	}
}

// verdict is asked before anything signed leaves the bridge: nil, or why it does
// not leave. An answer that does not come is a notice for the person and the log,
// unless the administrator requires one.
func (s *Server) verdict(ctx context.Context, r *revocationCheck, g *consent.Grant) error {
	if r == nil {
		return nil
	}
	timeout := make(<-chan time.Time)
	required := s.o.RequireRevocation
	if r, ok := s.o.Revocation.(requirer); ok {
		required = required || r.Required()
	}
	if !required {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		timeout = timer.C
	}
	unknown := error(context.DeadlineExceeded)
	select {
	case <-r.done:
		if r.refused != nil {
			return fmt.Errorf("%w: %w", protocol.ErrSigning, r.refused)
		}
		if unknown = r.unknown; unknown == nil {
			return nil
		}
	case <-timeout:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.o.Log.Warn("revocation not known", "error", unknown)
	if required {
		return fmt.Errorf("%w: %w: %w", protocol.ErrSigning, errRevocationUnknown, unknown)
	}
	if n, ok := g.Progress.(noticer); ok {
		n.Notice(noticeRevocationUnknown)
	}
	return nil
}

package consent

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"

	"tanba/bridge/prompt"
)

// flights are the questions that wait for their answer, by what the person sees
// of them. A page that asks twice for the same thing is answered twice with one
// window (security.md T8).
type flights struct {
	mu   sync.Mutex
	open map[[32]byte]*flight
}

type flight struct {
	done    chan struct{} // closed when it is answered
	joined  int           // others that wait for the same answer
	grant   *Grant
	err     error
	outcome string
}

// sameness is equal for two questions that look the same to the person and ask
// for the same octets; ok is false for one that can be like no other.
func sameness(q *Question) (sum [32]byte, ok bool) {
	if q.Unseen || q.Purpose == prompt.PickFile || q.enrolls() {
		return sum, false
	}
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, v := range []any{identity(q.Asker), programSum(q.Asker), q.Purpose, q.Operation, q.Select, q.Total, q.Bytes, q.Detached, q.Digests, q.Login} {
		if e.Encode(v) != nil {
			return sum, false
		}
	}
	for _, doc := range q.Documents {
		if doc.SHA256 == [32]byte{} {
			return sum, false // nobody knows yet what it is
		}
		if e.Encode([]string{doc.Name, doc.Kind, doc.Part}) != nil {
			return sum, false
		}
		h.Write(doc.SHA256[:])
	}
	return [32]byte(h.Sum(nil)), true
}

// merged is alone, shared by all questions that are alike. When the page of the
// first goes away, the next one asks for itself.
func (d *Desk) merged(ctx context.Context, q *Question) (*Grant, error) {
	same, ok := sameness(q)
	if !ok {
		return d.alone(ctx, q)
	}
	for {
		d.flights.mu.Lock()
		f := d.flights.open[same]
		if f == nil {
			f = &flight{done: make(chan struct{})}
			if d.flights.open == nil {
				d.flights.open = map[[32]byte]*flight{}
			}
			d.flights.open[same] = f
			d.flights.mu.Unlock()
			return d.lead(ctx, q, same, f)
		}
		f.joined++
		d.flights.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			d.flights.mu.Lock()
			select {
			case <-f.done: // it was answered all the same: our share of the key goes
				if f.grant != nil {
					f.grant.unlocker.destroy()
				}
			default:
				f.joined--
			}
			d.flights.mu.Unlock()
			d.refused(q, OutcomeGone)
			return nil, &refusal{context.Cause(ctx)}
		}
		switch {
		case f.grant != nil:
			return &Grant{Key: f.grant.Key, desk: d, question: q, unlocker: f.grant.unlocker, automatic: f.grant.automatic, policy: f.grant.policy}, nil
		case f.outcome == OutcomeGone:
			continue
		}
		d.refused(q, f.outcome)
		return nil, f.err
	}
}

func (d *Desk) lead(ctx context.Context, q *Question, same [32]byte, f *flight) (g *Grant, err error) {
	defer func() {
		d.flights.mu.Lock()
		defer d.flights.mu.Unlock()
		delete(d.flights.open, same)
		f.grant, f.err = g, err
		switch {
		case g != nil:
			g.unlocker.share(f.joined)
		case errors.Is(err, errLimit):
			f.outcome = OutcomeLimit
		case err == nil: // a panic passes through
			f.outcome = OutcomeGone
		default:
			f.outcome = outcomeOf(ctx, err)
		}
		close(f.done)
	}()
	return d.alone(ctx, q)
}

// share lets n more grants use the open store; each destroys its share.
func (u *unlocker) share(n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.users += n
}

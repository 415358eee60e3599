package bridge

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/cms"
)

// waitingLimit is how many documents of one operation may wait for the one before.
const waitingLimit = 4

// operation is one yes: so many documents of one site, signed one at a time.
type operation struct {
	m              *multisign
	id, cookie     string
	origin         string
	total          int
	base64         bool
	detached       bool
	grant          *consent.Grant
	signer         *cms.Signer
	turn           chan struct{} // holds one value while a document is being signed
	store          spool
	ctx            context.Context // ends with the operation
	cancel         context.CancelFunc
	idle           *time.Timer
	mu             sync.Mutex
	done, requests int
	last           time.Time // end of the last request
	over           bool
}

func (m *multisign) open(x *exchange, q *consent.Question, g *consent.Grant, signer *cms.Signer, encoded bool) *operation {
	o := &operation{
		m: m, id: rand.Text(), cookie: m.cookie(x), origin: x.from.raw,
		total: q.Total, base64: encoded, detached: q.Detached,
		grant: g, signer: signer, turn: make(chan struct{}, 1), last: m.s.o.Now(),
		store: spool{dir: m.s.o.State, limit: m.s.o.Limits.Attached},
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.mu.Lock() // whoever ends it waits until all of this is there
	m.mu.Lock()
	m.operations[o.id] = o
	m.closing.Add(1)
	m.mu.Unlock()
	o.idle = time.AfterFunc(m.s.o.Limits.Operation, func() { o.expire() })
	o.mu.Unlock()
	if stopped := g.Stopped(); stopped != nil {
		go func() {
			select {
			case <-stopped:
				o.finish(prompt.FailedStopped)
			case <-o.ctx.Done():
			}
		}()
	}
	return o
}

// find returns the operation if the request may use it.
func (m *multisign) find(x *exchange, id string) *operation {
	m.mu.Lock()
	o := m.operations[id]
	m.mu.Unlock()
	if o == nil || o.origin != x.from.raw || !carries(x.r, o.cookie) || o.expire() {
		return nil
	}
	return o
}

var errCrowded = errors.New("bridge: too many documents at once")

// enter waits for the turn of a document. leave must follow if there is no
// error.
func (o *operation) enter(ctx context.Context) error {
	o.mu.Lock()
	switch {
	case o.over:
		o.mu.Unlock()
		return errHalted
	case o.requests > waitingLimit:
		o.mu.Unlock()
		return errCrowded
	}
	o.requests++
	o.mu.Unlock()
	select {
	case o.turn <- struct{}{}:
		if !o.isOver() {
			return nil
		}
		<-o.turn
	case <-o.ctx.Done():
	case <-ctx.Done():
	}
	o.left()
	return errHalted
}

func (o *operation) isOver() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.over
}

func (o *operation) leave() {
	o.left()
	<-o.turn
}

func (o *operation) left() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests--
	o.last = o.m.s.o.Now()
	if !o.over {
		o.idle.Reset(o.m.s.o.Limits.Operation)
	}
}

// signed counts a signature. It reports false when the operation ended while it
// was made: then nobody may have it.
func (o *operation) signed() bool {
	o.mu.Lock()
	if o.over {
		o.mu.Unlock()
		return false
	}
	o.done++
	done := o.done
	o.mu.Unlock()
	o.grant.Step(done)
	if done == o.total {
		o.finish("")
	}
	return true
}

// expire ends the operation when nothing has come for too long, and tells
// whether it is over.
func (o *operation) expire() bool {
	limit := o.m.s.o.Limits.Operation
	o.mu.Lock()
	if !o.over && o.requests == 0 {
		if rest := limit - o.m.s.since(o.last); rest <= 0 {
			o.mu.Unlock()
			o.finish(prompt.FailedConnection)
			return true
		} else {
			o.idle.Reset(rest)
		}
	}
	defer o.mu.Unlock()
	return o.over
}

// finish ends the operation; the window is told how. The key is destroyed when
// the last document has let go of it. A second call does nothing.
func (o *operation) finish(failed string) {
	o.mu.Lock()
	if o.over {
		o.mu.Unlock()
		return
	}
	o.over = true
	o.idle.Stop()
	o.mu.Unlock()
	if failed != "" {
		o.cancel() // the last document of a whole operation still has to be answered
	}
	o.m.mu.Lock()
	delete(o.m.operations, o.id)
	o.m.mu.Unlock()
	go func() {
		defer o.m.closing.Done()
		o.turn <- struct{}{} // for good
		o.cancel()
		o.store.clear()
		o.grant.Close(failed)
	}()
}

func (m *multisign) endAll() {
	m.mu.Lock()
	var all []*operation
	for _, o := range m.operations {
		all = append(all, o)
	}
	m.mu.Unlock()
	for _, o := range all {
		o.finish(prompt.FailedConnection)
	}
}

package bridge

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/cms"
	"tanba/protocol"
)

const (
	operationCookie = "operationCookie"
	startLimit      = 4 << 10   // octets of the request that starts an operation
	documentLimit   = 1_000_000 // documents of one operation
	waitingLimit    = 4         // documents of one operation that wait for the one before
)

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

// begin asks the person and opens an operation.
func (m *multisign) begin(x *exchange) {
	x.method = "multisign start"
	body, err := io.ReadAll(io.LimitReader(x, startLimit+1))
	if err != nil {
		x.refuse(http.StatusBadRequest, "incomplete request")
		return
	}
	q, encoded, ok := startRequest(body)
	if !ok {
		x.refuse(http.StatusBadRequest, "malformed request")
		return
	}
	q.Asker = consent.Asker{Origin: x.from.raw, Connection: sessionID.Add(1)}
	if conn, ok := x.r.Context().Value(connKey{}).(net.Conn); ok {
		if below := sniffedOf(conn); below != nil {
			q.Asker.UID, q.Asker.PID = below.owner.UID, below.owner.PID
		}
	}
	// The person may take their time. When the page leaves, so does the
	// window.
	x.control.SetReadDeadline(time.Time{})
	ctx, cancel := context.WithCancel(x.r.Context())
	defer cancel()
	defer context.AfterFunc(m.s.stopping, cancel)()
	g, err := m.s.o.Desk.Ask(ctx, q)
	switch {
	case errors.Is(err, protocol.ErrCancelled):
		x.refuse(http.StatusConflict, "cancelled")
		return
	case err != nil:
		x.refuse(http.StatusInternalServerError, "cannot ask")
		return
	}
	signer, err := cms.NewSigner(g.Key, g.Key.Certificate(), g.Key.Chain()...)
	if err != nil {
		m.s.o.Log.Error("the key does not serve", "error", err)
		g.Close(prompt.FailedSigning)
		x.refuse(http.StatusInternalServerError, "the key does not serve")
		return
	}
	// The page decides how long the work takes; the questions of others do not
	// wait for it.
	g.StepAside()
	o := m.open(x, q, g, signer, encoded)
	http.SetCookie(x.w, &http.Cookie{
		Name: operationCookie, Value: o.cookie, Path: "/",
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode, Partitioned: true,
	})
	x.reply(http.StatusOK, "text/plain; charset=utf-8", []byte(o.id))
}

// startRequest reads what starts an operation. A member that is missing counts
// as the client takes it: not base64, content in the signature.
func startRequest(body []byte) (q *consent.Question, encoded, ok bool) {
	var start struct {
		NumberOfDocuments  int   `json:"numberOfDocuments"`
		Base64             bool  `json:"base64"`
		EncapsulateContent *bool `json:"encapsulateContent"`
	}
	if len(body) > startLimit || json.Unmarshal(body, &start) != nil ||
		start.NumberOfDocuments < 1 || start.NumberOfDocuments > documentLimit {
		return nil, false, false
	}
	return &consent.Question{
		Purpose: prompt.Sign, Operation: "multisign", Total: start.NumberOfDocuments,
		Detached: start.EncapsulateContent != nil && !*start.EncapsulateContent,
		Unseen:   true,
	}, start.Base64, true
}

func (m *multisign) open(x *exchange, q *consent.Question, g *consent.Grant, signer *cms.Signer, encoded bool) *operation {
	o := &operation{
		m: m, id: rand.Text(), cookie: m.cookie(x), origin: x.from.raw,
		total: q.Total, base64: encoded, detached: q.Detached,
		grant: g, signer: signer, turn: make(chan struct{}, 1), last: m.s.o.Now(),
		store: spool{dir: m.s.o.State, limit: m.s.o.Limits.Attached},
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.mu.Lock() // the timer may be faster than the next line
	o.idle = time.AfterFunc(m.s.o.Limits.Operation, func() { o.expire() })
	o.mu.Unlock()
	m.mu.Lock()
	m.operations[o.id] = o
	m.closing.Add(1)
	m.mu.Unlock()
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

// cookie is a new secret, or that of another operation of the same page: a second
// one must not push the first out of the browser.
func (m *multisign) cookie(x *exchange) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.operations {
		if o.origin == x.from.raw && carries(x.r, o.cookie) {
			return o.cookie
		}
	}
	return rand.Text()
}

func carries(r *http.Request, cookie string) bool {
	for _, c := range r.CookiesNamed(operationCookie) {
		if subtle.ConstantTimeCompare([]byte(c.Value), []byte(cookie)) == 1 {
			return true
		}
	}
	return false
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

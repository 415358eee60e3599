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
)

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
	if !m.admit() {
		x.w.Header().Set("Retry-After", "5")
		x.refuse(http.StatusServiceUnavailable, "restart")
		return
	}
	defer m.answered()
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
	m.s.warmWhenOpened(ctx, q)
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
	o, err := m.admitKey(ctx, x, q, g, signer, encoded)
	if err != nil {
		x.refuse(http.StatusInternalServerError, "the key does not serve")
		return
	}
	http.SetCookie(x.w, &http.Cookie{
		Name: operationCookie, Value: o.cookie, Path: "/",
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode, Partitioned: true,
	})
	x.reply(http.StatusOK, "text/plain; charset=utf-8", []byte(o.id))
}

// admitKey opens the operation once nothing speaks against its key. An answer that
// comes later than the page is made to wait ends the operation.
func (m *multisign) admitKey(ctx context.Context, x *exchange, q *consent.Question, g *consent.Grant, signer *cms.Signer, encoded bool) (*operation, error) {
	asking, stop := context.WithCancel(context.WithoutCancel(ctx))
	check := m.s.checkRevocation(asking, q, g.Key)
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if stopped := g.Stopped(); stopped != nil {
		go func() {
			select {
			case <-stopped:
				cancel(errStopped)
			case <-waiting.Done():
			}
		}()
	}
	if err := m.s.verdict(waiting, check, g); err != nil {
		stop()
		m.s.o.Log.Warn("operation refused", "origin", x.from.raw, "error", err)
		g.Close(failure(err))
		return nil, err
	}
	o := m.open(x, q, g, signer, encoded)
	context.AfterFunc(o.ctx, stop)
	if check != nil {
		go func() {
			select {
			case <-check.done:
				if check.refused != nil {
					m.s.o.Log.Warn("operation ended", "origin", o.origin, "error", check.refused)
					o.finish(failedRevoked)
				}
			case <-o.ctx.Done():
			}
		}()
	}
	return o, nil
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
		// As basics, in whose place the client comes here; it sends none of what
		// a page may allow.
		Select: protocol.Selection{RefuseExpired: true, RefuseRevoked: true},
	}, start.Base64, true
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

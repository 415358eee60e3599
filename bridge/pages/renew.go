package pages

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/csr"
	"tanba/internal/enrollment"
	"tanba/internal/i18n"
	"tanba/internal/pki"
)

// Renewal leads through a new key step by step. Every password and PIN is typed
// in the ordinary window, so that no page ever sees one; a step that opens a
// window answers at once, and the page hears how it ended by renew/wait. What has
// been done is in the list of keys that wait, which survives a restart.
type Renewal struct {
	Desk interface {
		Ask(context.Context, *consent.Question) (*consent.Grant, error)
		Waiting(keyID string, certificates [][]byte) (*consent.NewCertificate, error)
	}
	Registry *enrollment.Registry
	Origin   string // of our pages
	Now      func() time.Time

	mu     sync.Mutex
	busy   string // the step whose window is open
	fault  string // catalogue key of how the last step failed
	old    *pki.Certificate
	done   *doneView
	turn   int
	change chan struct{}
}

type renewView struct {
	Turn    int           `json:"turn"`
	Busy    string        `json:"busy"`
	Fault   string        `json:"fault"`
	Old     *oldView      `json:"old"`
	Pending []pendingView `json:"pending"`
	Done    *doneView     `json:"done"`
	Cabinet string        `json:"cabinet"`
}

type oldView struct {
	Owner  string `json:"owner"`
	Issuer string `json:"issuer"`
	Until  string `json:"until"`
	Ended  bool   `json:"ended"`
	// Algorithm is set when the new key could be of the same, and would not be
	// unless the person says so.
	Algorithm string `json:"algorithm,omitempty"`
}

type pendingView struct {
	KeyID       string `json:"keyId"`
	Owner       string `json:"owner"`
	Created     string `json:"created"`
	Place       string `json:"place"`
	Token       bool   `json:"token"`
	Application string `json:"application"`
	Signed      bool   `json:"signed"`
}

type doneView struct {
	Owner string `json:"owner"`
	Until string `json:"until"`
	Place string `json:"place"`
	end   time.Time
}

// cabinet is where the national authority takes requests.
const cabinet = "https://pki.gov.kz/"

// Calls are the steps.
func (r *Renewal) Calls() map[string]Call {
	return map[string]Call{
		"renew":             func(_ context.Context, lang string, _ []byte) (any, error) { return r.view(lang) },
		"renew/wait":        r.wait,
		"renew/key":         r.step("key", r.chooseKey),
		"renew/request":     r.step("request", r.makeRequest),
		"renew/sign":        r.step("sign", r.sign),
		"renew/install":     r.step("install", r.install),
		"renew/application": r.application,
		"renew/forget":      r.forget,
		"renew/file":        r.file,
	}
}

// renewInput is what the steps take.
type renewInput struct {
	KeyID        string   `json:"keyId"`
	Number       string   `json:"number"`
	Signed       bool     `json:"signed"`
	Certificates []string `json:"certificates"` // base64 of files: DER or PEM
	Turn         int      `json:"turn"`
	Same         bool     `json:"same"` // the new key is of the old one's algorithm
}

// step begins a step, one at a time, and answers before it has ended. The window
// outlives the call: its own time limit ends it.
func (r *Renewal) step(name string, do func(ctx context.Context, lang string, in renewInput) error) Call {
	return func(ctx context.Context, lang string, body []byte) (any, error) {
		in, err := Decode[renewInput](body)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		if r.busy != "" {
			r.mu.Unlock()
			return nil, &Fault{Key: "renew.busy"}
		}
		r.busy, r.fault = name, ""
		r.changed()
		r.mu.Unlock()
		go func() {
			err := do(context.WithoutCancel(ctx), lang, in)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.busy, r.fault = "", renewFault(err)
			r.changed()
		}()
		return r.view(lang)
	}
}

// changed wakes those who wait. r.mu is held.
func (r *Renewal) changed() {
	r.turn++
	if r.change != nil {
		close(r.change)
	}
	r.change = make(chan struct{})
}

// hold is how long renew/wait waits for a change, within the time of a call.
const hold = 45 * time.Second

func (r *Renewal) wait(ctx context.Context, lang string, body []byte) (any, error) {
	in, err := Decode[renewInput](body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	if r.change == nil {
		r.change = make(chan struct{})
	}
	turn, change := r.turn, r.change
	r.mu.Unlock()
	if turn == in.Turn {
		timer := time.NewTimer(hold)
		defer timer.Stop()
		select {
		case <-change:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return r.view(lang)
}

func (r *Renewal) view(lang string) (any, error) {
	list, err := r.Registry.List()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v := renewView{Turn: r.turn, Busy: r.busy, Fault: r.fault, Pending: []pendingView{}, Cabinet: cabinet}
	if c := r.old; c != nil {
		v.Old = &oldView{Owner: c.Person().CommonName, Issuer: c.Issuer.CommonName(), Until: i18n.DateUntil(lang, c.NotAfter), Ended: r.Now().After(c.NotAfter)}
		if f := newFamily(c, true); f != newFamily(c, false) {
			v.Old.Algorithm = f.String()
			if lang == "en" {
				v.Old.Algorithm = strings.Replace(f.String(), "ГОСТ", "GOST", 1)
			}
		}
	}
	if d := r.done; d != nil {
		v.Done = &doneView{Owner: d.Owner, Until: i18n.DateUntil(lang, d.end), Place: d.Place}
	}
	for _, p := range list {
		if p.Installed != "" {
			continue
		}
		place := p.Path
		if place == "" {
			place = p.Token
		}
		owner := p.Subject
		if request, err := csr.Parse(p.Request); err == nil && request.Subject.CommonName() != "" {
			owner = request.Subject.CommonName()
		}
		v.Pending = append(v.Pending, pendingView{p.KeyID, owner, i18n.Date(lang, p.Created), place, p.Token != "", p.Application, len(p.Signed) > 0})
	}
	return v, nil
}

// maxNumber bounds what is kept of an application's number.
const maxNumber = 64

// application keeps the number the authority gave.
func (r *Renewal) application(_ context.Context, lang string, body []byte) (any, error) {
	in, err := Decode[renewInput](body)
	if err != nil {
		return nil, err
	}
	p, err := r.Registry.Find(in.KeyID)
	if err != nil || len(in.Number) > maxNumber {
		return nil, &Fault{Key: "pages.failed"}
	}
	p.Application = in.Number
	if err := r.Registry.Put(p); err != nil {
		return nil, err
	}
	return r.view(lang)
}

// forget takes a key off the list; the key itself stays where it is.
func (r *Renewal) forget(_ context.Context, lang string, body []byte) (any, error) {
	in, err := Decode[renewInput](body)
	if err != nil {
		return nil, err
	}
	if err := r.Registry.Remove(in.KeyID); err != nil {
		return nil, err
	}
	return r.view(lang)
}

// file gives the request, or the request under the old key's signature.
func (r *Renewal) file(_ context.Context, _ string, body []byte) (any, error) {
	in, err := Decode[renewInput](body)
	if err != nil {
		return nil, err
	}
	p, err := r.Registry.Find(in.KeyID)
	if err != nil || in.Signed && len(p.Signed) == 0 {
		return nil, &Fault{Key: "pages.failed"}
	}
	d := &Download{Name: "request.csr", Type: "application/pkcs10"}
	data := csr.PEM(p.Request)
	if in.Signed {
		d.Name, d.Type, data = "request.csr.cms", "application/pkcs7-mime", p.Signed
	}
	d.Write = func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
	return d, nil
}

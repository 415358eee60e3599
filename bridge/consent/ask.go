package consent

import (
	"context"
	"errors"

	"tanba/bridge/prompt"
	"tanba/keystore"
	"tanba/protocol"
)

var (
	errTimeout = errors.New("no answer in time")
	errBlocked = errors.New("the person blocked this asker")
)

// Ask waits for its turn, shows the question and returns what the person
// granted. Every other outcome (a no, a closed window, five minutes without an
// answer, the end of ctx, a limit, a block) is an error that wraps
// protocol.ErrCancelled; a machine where nobody can be asked gives one that wraps
// prompt.ErrUnavailable as well. Refusals are in the journal when Ask returns; a
// Grant is recorded by its Close.
//
// The next question is shown after Grant.Close or Grant.StepAside.
func (d *Desk) Ask(ctx context.Context, q *Question) (*Grant, error) {
	if d.Blocked(q.Asker) {
		d.refused(q, OutcomeBlocked)
		return nil, &refusal{errBlocked}
	}
	return d.merged(ctx, q)
}

// Blocked reports whether the person blocked this asker, or the machine serves
// only sites that it is none of.
func (d *Desk) Blocked(a Asker) bool {
	if d.pinnedOut(a) {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.permissions.blocked(identity(a))
}

// alone is Ask for a question that no other one is like.
func (d *Desk) alone(ctx context.Context, q *Question) (*Grant, error) {
	turn, err := d.queue.wait(ctx, identity(q.Asker))
	if err != nil {
		outcome := OutcomeGone
		if errors.Is(err, errLimit) {
			outcome = OutcomeLimit
		}
		d.refused(q, outcome)
		return nil, err
	}
	g, err := d.ask(ctx, q, turn)
	if err != nil {
		outcome := outcomeOf(ctx, err)
		if outcome == OutcomeCancelled || outcome == OutcomeTimeout || outcome == OutcomeBlocked {
			if !q.Own {
				turn.dismissed()
			}
		}
		turn.end()
		d.refused(q, outcome)
		return nil, err
	}
	turn.approved()
	return g, nil
}

func (d *Desk) ask(ctx context.Context, q *Question, turn *turn) (*Grant, error) {
	if d.Blocked(q.Asker) { // while it waited
		return nil, &refusal{errBlocked}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.o.Timeout, errTimeout)
	defer cancel()
	u := &unlocker{desk: d, question: q, users: 1}
	withKey := q.Purpose == prompt.Sign || q.Purpose == prompt.ShowKey
	if withKey {
		if err := u.prepare(); err != nil {
			return nil, err
		}
	}
	login, warning := classify(q)
	scope := scopeOf(q, login && warning == "")
	g := &Grant{desk: d, question: q, turn: turn, unlocker: u}
	if g.Key = d.automatic(ctx, q, u, scope); g.Key != nil {
		g.automatic = true
		d.approve(q.Asker, scope, false, nil)
		return g, nil
	}
	decision, err := d.o.Prompter.Approve(ctx, d.request(ctx, q, u, turn))
	if err == nil && ctx.Err() != nil {
		// A yes that crossed the end on its way is a no.
		finish(decision.Progress, prompt.FailedConnection)
		err = prompt.ErrCancelled
	}
	if err != nil {
		u.destroy()
		if errors.Is(err, prompt.ErrBlocked) {
			d.Block(identity(q.Asker))
		}
		if errors.Is(err, prompt.ErrUnavailable) {
			d.o.Log.Warn("consent: nobody can be asked here", "error", err)
		}
		return nil, cancelled(ctx, err)
	}
	g.Progress = decision.Progress
	g.policy = decision.Policy
	if q.Purpose == prompt.PickFile {
		g.Path = decision.Path
	}
	if q.enrolls() {
		if _, err := u.take(decision); err != nil {
			d.o.Log.Warn("consent: nothing was opened for the new key", "error", err)
			finish(decision.Progress, prompt.FailedSigning)
			u.destroy()
			return nil, cancelled(ctx, err)
		}
	}
	var place *keyPlace
	if withKey {
		if g.Key, err = u.take(decision); err != nil {
			d.o.Log.Warn("consent: a key was chosen that does not serve", "error", err)
			finish(decision.Progress, prompt.FailedSigning)
			u.destroy()
			return nil, cancelled(ctx, err)
		}
		place = u.place(g.Key)
		if u.onAToken() {
			g.Key = newTokenKey(g.Key)
		}
		if decision.Policy == "" && !d.o.Kiosk {
			d.remember(u.path, u.token, g.Key)
		}
	}
	if decision.Policy != "" {
		return g, nil // the administrator's yes, not the person's
	}
	if q.Own {
		return g, nil // nobody is permitted anything by it
	}
	always := decision.Always && mayAlways(d, q, scope, warning)
	d.approve(q.Asker, scope, always, place)
	u.keep(decision.Remember)
	return g, nil
}

// place is where the key that was taken lies.
func (u *unlocker) place(k keystore.Key) *keyPlace {
	u.mu.Lock()
	defer u.mu.Unlock()
	p := &keyPlace{Path: u.path, Token: u.token.Serial}
	if c := k.Certificate(); c != nil {
		p.Serial = c.SerialHex()
	}
	if p.Path == "" && p.Token == "" {
		return nil
	}
	return p
}

// request puts a question into the form a window shows.
func (d *Desk) request(ctx context.Context, q *Question, u *unlocker, turn *turn) *prompt.Request {
	r := &prompt.Request{
		ID:      turn.id,
		Site:    d.site(q.Asker),
		Program: q.Asker.Executable, ProgramSHA256: programSum(q.Asker),
		Operation: q.Operation,
		Purpose:   q.Purpose,
		Locale:    q.Locale,
		Documents: q.Documents,
		Total:     max(q.Total, len(q.Documents)),
		Bytes:     q.Bytes,
		Detached:  q.Detached,
		Digests:   q.Digests,
		Unseen:    q.Unseen,
		Phrase:    d.chosen.Load().Phrase,
		Minimum:   Minimum,
		Waiting:   d.queue.waiting,
		MayBlock:  q.Asker.Origin != "" || q.Asker.Executable != "",
	}
	if r.Locale == "" {
		r.Locale = d.chosen.Load().Language
	}
	if r.Bytes == 0 {
		for _, doc := range q.Documents {
			r.Bytes += doc.Size
		}
	}
	if q.Own {
		r.Site, r.MayBlock = prompt.Site{Origin: q.Asker.Origin, Name: "Tanba", Detail: q.Asker.Origin, Secure: true, Loopback: true}, false
	}
	if p := q.Pick; p != nil {
		r.Extensions, r.Directory, r.Start = p.Extensions, p.Directory, p.Start
		return r
	}
	if q.Purpose == prompt.ListTokens {
		return r
	}
	if q.enrolls() {
		u.offerNew(r)
		return r
	}
	r.Login, r.Warning = classify(q)
	r.Unlock = u.unlock
	r.Wanted = wanted(q.Select)
	r.Extensions = extensions(q.Select.Storages)
	if takesFiles(q.Select.Storages) {
		r.Recent = d.recentFiles(r.Extensions)
	}
	u.offerTokens(r)
	d.offerMemory(ctx, q, u, r)
	return r
}

// cancelled makes the error of Ask out of what went wrong.
func cancelled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return &refusal{cause}
	}
	return &refusal{err}
}

// refusal is protocol.ErrCancelled together with its reason, which stays here.
type refusal struct{ reason error }

func (r *refusal) Error() string   { return "consent: cancelled: " + r.reason.Error() }
func (r *refusal) Unwrap() []error { return []error{protocol.ErrCancelled, r.reason} }

func outcomeOf(ctx context.Context, err error) string {
	switch {
	case errors.Is(err, errTimeout):
		return OutcomeTimeout
	case errors.Is(err, prompt.ErrBlocked), errors.Is(err, errBlocked):
		return OutcomeBlocked
	case errors.Is(err, prompt.ErrUnavailable):
		return OutcomeUnavailable
	case ctx.Err() != nil:
		return OutcomeGone
	}
	return OutcomeCancelled
}

func finish(p prompt.Progress, failed string) {
	if p != nil {
		p.Finish(failed)
	}
}

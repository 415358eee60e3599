// Package consent decides whether a page gets what it asks for, by asking the
// person.
//
// A Desk shows one question at a time, in the order they came, over all
// connections. It cleans up the name of who asks, describes the documents, opens
// the key file the person chose, judges which of its keys fit, and hands out a
// Grant with the one key the person agreed to. It keeps, in the state directory:
//
//	permissions.json  which sites were approved, when and how often
//	recent.json       the key files used last
//	journal.jsonl     what was asked for and how it ended, without content
//
// What it does not do: it never signs, never remembers a password, and never
// answers for the person. There is no "always allow": each signature has its own
// yes (security.md §7.2).
//
// Too many questions are answered as cancelled (security.md T8): more than three
// of one site waiting, a site whose last two questions were dismissed or timed
// out within five minutes, more than thirty in an hour. The hourly limit spares
// a site the person has approved within that hour: somebody who signs forty
// documents one by one is at work, not under attack.
package consent

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/keystore"
	"tanba/protocol"
)

// Timeout is how long a person has to answer once a question is visible.
const Timeout = 5 * time.Minute

// Minimum is how long a question must have been in front of the person before a
// yes counts (security.md T9).
const Minimum = 700 * time.Millisecond

// Options say how a Desk works. Prompter is required; every other zero value
// stands for something useful.
type Options struct {
	Prompter prompt.Prompter
	State    state.Dir        // "" = nothing is kept
	Now      func() time.Time // nil = time.Now
	// Tokens are the tokens of this machine; nil = there are none. Nothing is
	// asked of them for a question about a key file.
	Tokens     keystore.Tokens
	TokenWatch TokenWatch // nil = insertion and removal are not noticed
	// TokenStorages gives tokens that say nothing of themselves a storage name,
	// by label or by module (settings.Settings.TokenStorages).
	TokenStorages map[string]string
	Anchors       *pki.Pool     // the national CAs, for protocol.ChainNational; nil = no chain is found
	Language      string        // of the person: "kk", "ru", "en"; "" = the default
	Phrase        string        // the person's own sign that a window is genuine
	Timeout       time.Duration // 0 = Timeout
	PerHour       int           // prompts in an hour, 0 = 30
	Log           *slog.Logger  // nil = none
}

// Desk asks the person, one question at a time. It is safe for use by several
// goroutines.
type Desk struct {
	o       Options
	queue   *queue
	journal journal

	mu          sync.Mutex // guards the files below
	permissions *permissions
	recent      *recent
}

// New returns a Desk. State files that cannot be read count as empty; a damaged
// one is kept beside the new one under the name FILE.damaged.
func New(o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout == 0 {
		o.Timeout = Timeout
	}
	if o.PerHour == 0 {
		o.PerHour = 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Language == "" {
		o.Language = i18n.Default
	}
	d := &Desk{o: o, journal: journal{dir: o.State}}
	d.permissions = loadPermissions(o.State, o.Log)
	d.recent = loadRecent(o.State, o.Log)
	d.queue = &queue{now: o.Now, perHour: o.PerHour, unlimited: prompt.Unattended(o.Prompter)}
	return d
}

// Asker is who asks.
type Asker struct {
	Origin     string // raw Origin header, "" for a program that sends none
	Local      bool   // a program on this machine, not a page
	Executable string // its path
	PID, UID   int
	Connection uint64
}

// Question is one thing a page wants. The documents are views (see Describe) of
// the octets that will be signed.
type Question struct {
	Asker     Asker
	Purpose   prompt.Purpose
	Operation string // for the journal, e.g. "signXml"; "" = the purpose
	Select    protocol.Selection
	Locale    string // of the page's window; "" = the person's own
	Logo      []byte // not shown: a picture chosen by the page proves nothing
	Documents []prompt.Document
	Total     int   // number of documents, 0 = len(Documents)
	Bytes     int64 // their size, 0 = the sum of Documents
	Detached  bool
	Digests   bool
	Unseen    bool // Total documents come one by one after the yes; none is known yet
	Login     bool // the page says that it is about logging in
	Pick      *protocol.PickFile
}

// Known reports whether the person approved this asker before.
func (d *Desk) Known(a Asker) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.permissions.approved(identity(a)) != nil
}

// Ask waits for its turn, shows the question and returns what the person
// granted. Every other outcome (a no, a closed window, five minutes without an
// answer, the end of ctx, a limit) is an error that wraps protocol.ErrCancelled;
// a machine where nobody can be asked gives one that wraps prompt.ErrUnavailable
// as well. Refusals are in the journal when Ask returns; a Grant is recorded by
// its Close.
//
// The next question is shown after Grant.Close or Grant.StepAside.
func (d *Desk) Ask(ctx context.Context, q *Question) (*Grant, error) {
	id := identity(q.Asker)
	turn, err := d.queue.wait(ctx, id)
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
		if outcome == OutcomeCancelled || outcome == OutcomeTimeout {
			turn.dismissed()
		}
		turn.end()
		d.refused(q, outcome)
		return nil, err
	}
	turn.approved()
	return g, nil
}

func (d *Desk) ask(ctx context.Context, q *Question, turn *turn) (*Grant, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.o.Timeout, errTimeout)
	defer cancel()
	u := &unlocker{desk: d, question: q}
	if q.Purpose != prompt.PickFile {
		if err := u.prepare(); err != nil {
			return nil, err
		}
	}
	decision, err := d.o.Prompter.Approve(ctx, d.request(q, u, turn))
	if err == nil && ctx.Err() != nil {
		// A yes that crossed the end on its way is a no.
		finish(decision.Progress, prompt.FailedConnection)
		err = prompt.ErrCancelled
	}
	if err != nil {
		u.destroy()
		return nil, cancelled(ctx, err)
	}
	g := &Grant{Progress: decision.Progress, Path: decision.Path, desk: d, question: q, turn: turn, unlocker: u}
	if q.Purpose != prompt.PickFile {
		g.Path = ""
		if g.Key, err = u.take(decision); err != nil {
			d.o.Log.Warn("consent: a key was chosen that does not serve", "error", err)
			finish(decision.Progress, prompt.FailedSigning)
			u.destroy()
			return nil, cancelled(ctx, err)
		}
		d.remember(u.path, u.token, g.Key)
	}
	d.approve(q.Asker)
	return g, nil
}

// request puts a question into the form a window shows.
func (d *Desk) request(q *Question, u *unlocker, turn *turn) *prompt.Request {
	r := &prompt.Request{
		ID:        turn.id,
		Site:      d.site(q.Asker),
		Purpose:   q.Purpose,
		Locale:    q.Locale,
		Documents: q.Documents,
		Total:     max(q.Total, len(q.Documents)),
		Bytes:     q.Bytes,
		Detached:  q.Detached,
		Digests:   q.Digests,
		Unseen:    q.Unseen,
		Phrase:    d.o.Phrase,
		Minimum:   Minimum,
		Waiting:   d.queue.waiting,
	}
	if r.Locale == "" {
		r.Locale = d.o.Language
	}
	if r.Bytes == 0 {
		for _, doc := range q.Documents {
			r.Bytes += doc.Size
		}
	}
	if p := q.Pick; p != nil {
		r.Extensions, r.Directory, r.Start = p.Extensions, p.Directory, p.Start
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
	return r
}

var errTimeout = errors.New("no answer in time")

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

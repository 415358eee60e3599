package bridge

import (
	"context"
	"errors"
	"slices"
	"sync"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/timestamp"
	"tanba/internal/xmldsig"
	"tanba/keystore"
	"tanba/protocol"
)

// What becomes of a request when some of its documents fail.
//
// Every family answers all documents or an error, so a request with one document
// that cannot be signed has no signatures for the page. What can be mended is
// mended before the answer: the person is asked whether to try again, and only
// what is missing is done then, each document once and in its place. A document
// that is itself at fault cannot be mended here; the others are looked at without
// signing them, so that the window can name all that are.
//
// A token that failed, or was taken out, ends a round at once: it is one device.
// Stamps that do not come end it when as many in a row failed as are asked for at
// once: a service that is out of reach must not be waited for a thousand times,
// and one that falters must not be asked about each time.

// retrier and teller are what a prompt.Progress may be besides; see
// prompt.Shortfall. Retry returns false also when ctx ends or nobody can be asked.
type (
	retrier interface {
		Retry(ctx context.Context, short prompt.Shortfall) bool
	}
	teller interface{ Partly(short prompt.Shortfall) }
)

// tally is what is done and what is missing of one request.
type tally struct {
	n     int
	job   job
	limit int // failed stamps in a row that end a round

	mu     sync.Mutex
	made   []bool
	signed int
	failed map[int]error
	row    int // failed stamps since the last one that came
	pause  bool
	todo   []int // of this round; nil = all
}

func newTally(n int, j job) *tally {
	return &tally{n: n, job: j, limit: max(1, j.workers), made: make([]bool, n), failed: map[int]error{}}
}

// rounds does a job until nothing is missing, the person gives it up, or it
// cannot be mended. The error is that of the first document that failed.
func (c *session) rounds(ctx context.Context, n int, j job, g *consent.Grant) (finished <-chan struct{}, err error) {
	t := newTally(n, j)
	for {
		round, documents := t.round()
		finished, err = c.batch(ctx, documents, round, func(int) { g.Step(t.count()) })
		if err == nil && t.check(ctx) {
			finished, err = c.batch(ctx, n, t.checking(), nil)
		}
		g.Signed(t.count())
		if err != nil {
			return finished, err
		}
		short, cause := t.shortfall(g)
		if cause == nil {
			return finished, nil
		}
		<-finished
		tell, _ := g.Progress.(teller)
		if !t.mendable(g) || !retry(ctx, g, short) {
			if ctx.Err() != nil && c.ctx.Err() != nil {
				cause = context.Cause(ctx)
			}
			g.Failed(short)
			if tell != nil {
				tell.Partly(short)
			}
			return finished, cause
		}
	}
}

func retry(ctx context.Context, g *consent.Grant, short prompt.Shortfall) bool {
	r, ok := g.Progress.(retrier)
	return ok && r.Retry(ctx, short) && ctx.Err() == nil
}

// round is the job of the next round, and how many documents it has.
func (t *tally) round() (job, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pause, t.row = false, 0
	if len(t.failed) == 0 {
		j := t.job
		j.work = t.work
		return j, t.n
	}
	clear(t.failed)
	t.todo = t.todo[:0]
	for i, made := range t.made {
		if !made {
			t.todo = append(t.todo, i)
		}
	}
	todo := t.todo
	return job{workers: t.job.workers, group: 1, work: func(ctx context.Context, k, _ int) error { return t.one(ctx, todo[k]) }}, len(todo)
}

// work does a group; one that fails is done again document by document, for
// nothing of it was signed.
func (t *tally) work(ctx context.Context, first, last int) error {
	if last-first == 1 {
		return t.one(ctx, first)
	}
	if t.paused() {
		return nil
	}
	if err := t.job.work(ctx, first, last); err != nil {
		if errors.Is(err, errStopped) || ctx.Err() != nil {
			return err
		}
		for i := first; i < last; i++ {
			if err := t.one(ctx, i); err != nil {
				return err
			}
		}
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := first; i < last; i++ {
		t.made[i] = true
	}
	t.signed += last - first
	return nil
}

func (t *tally) one(ctx context.Context, i int) error {
	if t.paused() {
		return nil
	}
	err := t.job.work(ctx, i, i+1)
	if err != nil && (errors.Is(err, errStopped) || ctx.Err() != nil) {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.made[i], t.row = true, 0
		t.signed++
		return nil
	}
	t.failed[i] = err
	if errors.As(err, new(*timestamp.StampError)) {
		t.row++
		t.pause = t.pause || t.row >= t.limit
		return nil
	}
	t.pause = true
	return nil
}

func (t *tally) paused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pause
}

func (t *tally) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.signed
}

// check tells whether the documents that were not tried are to be looked at: some
// other one is at fault itself.
func (t *tally) check(ctx context.Context) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.job.check == nil || ctx.Err() != nil {
		return false
	}
	for _, err := range t.failed {
		if ofDocument(err) != "" {
			return true
		}
	}
	return false
}

// checking looks at documents without the key.
func (t *tally) checking() job {
	return job{workers: t.job.workers, group: 1, work: func(_ context.Context, i, _ int) error {
		t.mu.Lock()
		known := t.made[i] || t.failed[i] != nil
		t.mu.Unlock()
		if known {
			return nil
		}
		if err := t.job.check(i); err != nil {
			t.mu.Lock()
			t.failed[i] = err
			t.mu.Unlock()
		}
		return nil
	}}
}

// shortfall is what is missing, for the window, and the error of the first
// document; nil = nothing is.
func (t *tally) shortfall(g *consent.Grant) (prompt.Shortfall, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	short := prompt.Shortfall{Signed: t.signed, Total: t.n}
	if len(t.failed) == 0 {
		return short, nil
	}
	numbers := make([]int, 0, len(t.failed))
	for i := range t.failed {
		numbers = append(numbers, i)
	}
	slices.Sort(numbers)
	const most = 1000
	short.More = max(0, len(numbers)-most)
	trouble := "" // of the token, which is asked once
	for _, i := range numbers[:min(len(numbers), most)] {
		reason := failure(t.failed[i])
		if reason == prompt.FailedSigning || reason == prompt.FailedToken {
			if trouble == "" {
				trouble = g.TokenTrouble()
			}
			if trouble != "" {
				reason = trouble
			}
		}
		short.Failed = append(short.Failed, prompt.Failure{Document: i, Reason: reason})
	}
	if onToken(t.failed) {
		short.Unlock, short.PIN = g.Reopen()
	}
	return short, t.failed[numbers[0]]
}

// mendable tells whether trying again may help: every failure is of the network
// or of a token that can be opened again.
func (t *tally) mendable(g *consent.Grant) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, err := range t.failed {
		if !errors.As(err, new(*timestamp.StampError)) && !ofToken(err) {
			return false
		}
	}
	if onToken(t.failed) {
		unlock, _ := g.Reopen()
		return unlock != nil
	}
	return true
}

func onToken(failed map[int]error) bool {
	for _, err := range failed {
		if ofToken(err) {
			return true
		}
	}
	return false
}

// ofToken: the token or its driver is to blame, or it is not there.
func ofToken(err error) bool {
	if errors.Is(err, protocol.ErrFileNotFound) {
		return false
	}
	for _, e := range []error{keystore.ErrTokenGone, keystore.ErrTokenFailed, keystore.ErrTokenBusy, keystore.ErrTokenSignature, keystore.ErrClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

var errDigestLength = errors.New("bridge: digest of a length that is not that of the key's hash")

// ofDocument says how a document is at fault itself, "" when it is not.
func ofDocument(err error) string {
	var syntax *xmldsig.SyntaxError
	switch {
	case errors.Is(err, errDigestLength):
		return prompt.FailedDigest
	case errors.As(err, &syntax), errors.Is(err, xmldsig.ErrRelativeNamespace):
		return prompt.FailedXML
	}
	if errors.Is(err, xmldsig.ErrXPath) {
		return prompt.FailedDocument
	}
	for _, e := range []error{xmldsig.ErrNoElement, xmldsig.ErrNoID, xmldsig.ErrPlacement, xmldsig.ErrDuplicateID} {
		if errors.Is(err, e) {
			return prompt.FailedPart
		}
	}
	return ""
}

package bridge

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/cms"
	"tanba/keystore"
	"tanba/protocol"
)

// signThen asks for a key and makes one signature per document with it. prepare is
// called once with the key and gives the function that signs document i; what then
// makes of the signature is the result, nil = it is as it is. That may wait for
// the network, so more of it is done at once than there are cores; its context
// ends when the person presses Stop.
func (c *session) signThen(q *consent.Question, n int, prepare func(keystore.Key) (func(i int) ([]byte, error), error), then after) (protocol.Signatures, error) {
	return c.granted(q, n, func(k keystore.Key) (job, error) {
		one, err := prepare(k)
		if err != nil {
			return job{}, err
		}
		values := make([][]byte, n)
		j := job{workers: c.s.o.Workers, group: 1, signed: protocol.Signatures{Values: values, Certificate: k.Certificate().Raw}}
		j.work = func(_ context.Context, i, _ int) (err error) {
			values[i], err = one(i)
			return err
		}
		if then == nil {
			return j, nil
		}
		// A signature that is there stays the same, however often its stamp is
		// asked for.
		j.workers = max(j.workers, stampsAtOnce)
		bare := make([][]byte, n)
		j.work = func(ctx context.Context, i, _ int) (err error) {
			if bare[i] == nil {
				if bare[i], err = one(i); err != nil {
					return err
				}
			}
			if values[i], err = then(ctx, i, bare[i]); err == nil {
				bare[i] = nil
			}
			return err
		}
		return j, nil
	})
}

// job is what is done with a key the person has granted.
type job struct {
	workers int
	group   int // documents that are taken at once
	work    func(ctx context.Context, first, last int) error
	check   func(i int) error   // whether a document can be signed, without the key; nil = all can
	signed  protocol.Signatures // there when all work is done
}

// granted asks for a key and does a job with it.
//
// The result is complete or not there: one document that fails fails the
// request, for every family answers all documents or an error. What can be mended
// is mended before: see shortfall.go.
func (c *session) granted(q *consent.Question, n int, prepare func(keystore.Key) (job, error)) (out protocol.Signatures, err error) {
	q.Purpose = prompt.Sign
	c.s.warmWhenOpened(c.ctx, q)
	g, err := c.s.o.Desk.Ask(c.ctx, q)
	if err != nil {
		return out, err
	}
	check := c.s.checkRevocation(c.ctx, q, g.Key)
	var finished <-chan struct{}
	defer func() {
		check.end()
		if v := recover(); v != nil {
			c.s.panicked(v)
			err = errPanicked
		}
		// The page has its answer before the last document let go of the
		// key; the key is destroyed after that.
		release := func() {
			if finished != nil {
				<-finished
			}
			g.Close(failure(err))
		}
		if errors.Is(err, errStopped) || c.ctx.Err() != nil {
			go release()
			return
		}
		release()
	}()

	j, err := prepare(g.Key)
	if err != nil {
		return out, fmt.Errorf("%w: %w", protocol.ErrSigning, err)
	}
	ctx, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	check.watch(ctx, cancel)
	if stopped := g.Stopped(); stopped != nil {
		go func() {
			select {
			case <-stopped:
				cancel(errStopped)
			case <-ctx.Done():
			}
		}()
		// With every core at work that goroutine may wait for its turn; the
		// workers look for themselves.
		work := j.work
		j.work = func(ctx context.Context, first, last int) error {
			select {
			case <-stopped:
				return errStopped
			default:
				return work(ctx, first, last)
			}
		}
	}
	finished, err = c.rounds(ctx, n, j, g)
	if err == nil {
		err = c.s.verdict(ctx, check, g)
	}
	switch {
	case err == nil:
		return j.signed, nil
	case errors.Is(err, errStopped), c.ctx.Err() != nil:
		return out, fmt.Errorf("%w: %w", protocol.ErrCancelled, err)
	case errors.Is(err, protocol.ErrFileNotFound):
		return out, protocol.ErrFileNotFound
	case errors.Is(err, protocol.ErrTimestamp):
		return out, err
	}
	return out, fmt.Errorf("%w: %w", protocol.ErrSigning, err)
}

func (c *session) signCMS(call *protocol.Call, op protocol.SignCMS) (protocol.Result, error) {
	q, err := c.question(call, op.Select, op.Presentation)
	if err != nil {
		return nil, err
	}
	if q.Documents, q.Bytes, err = c.views(op.Documents, op.Digests); err != nil {
		return nil, err
	}
	q.Total, q.Detached, q.Digests = len(op.Documents), op.Detached, op.Digests
	if inBulk(op) {
		return c.signBulk(q, op)
	}
	return c.signatures(q, len(op.Documents), func(k keystore.Key) (func(int) ([]byte, error), error) {
		signer, err := cms.NewSigner(k, k.Certificate(), k.Chain()...)
		if err != nil {
			return nil, err
		}
		options := cms.Options{Detached: op.Detached, Time: c.s.o.Now()}
		return func(i int) ([]byte, error) {
			document := op.Documents[i]
			switch {
			case op.Digests:
				return signer.SignDigest(document, options)
			case op.CoSign && cms.IsSignedData(document):
				return signer.AddTo(document, nil, options)
			}
			return signer.Sign(document, options)
		}, nil
	}, c.stamp(op.Timestamp, func(i int) []byte {
		if op.CoSign && !op.Digests && cms.IsSignedData(op.Documents[i]) {
			return op.Documents[i]
		}
		return nil
	}))
}

// signFile asks with the path only; the file is touched after the person has
// agreed (T12).
func (c *session) signFile(call *protocol.Call, op protocol.SignFile) (protocol.Result, error) {
	q, err := c.question(call, op.Select, op.Presentation)
	if err != nil {
		return nil, err
	}
	q.Documents = []prompt.Document{{Name: op.Path, Kind: "file"}}
	q.Total, q.Detached = 1, op.Detached
	return c.signatures(q, 1, func(k keystore.Key) (func(int) ([]byte, error), error) {
		signer, err := cms.NewSigner(k, k.Certificate(), k.Chain()...)
		if err != nil {
			return nil, err
		}
		return func(int) ([]byte, error) {
			f, err := c.s.openFile(op.Path, c.s.o.Limits.File)
			if err != nil {
				c.s.o.Log.Debug("file refused", "error", err)
				return nil, protocol.ErrFileNotFound
			}
			defer f.Close()
			options := cms.Options{Detached: op.Detached, Time: c.s.o.Now()}
			if op.Detached {
				digest := sha256.New()
				der, err := signer.SignReader(io.TeeReader(f, digest), options)
				if f.failed != nil {
					return nil, protocol.ErrFileNotFound
				}
				q.Read([32]byte(digest.Sum(nil)))
				return der, err
			}
			content := make([]byte, f.size)
			if _, err := io.ReadFull(f, content); err != nil || !f.atEnd() {
				return nil, protocol.ErrFileNotFound
			}
			q.Read(sha256.Sum256(content))
			return signer.Sign(content, options)
		}, nil
	}, c.stamp(op.Timestamp, nil))
}

// signatures is signThen with a nil Result when there is an error.
func (c *session) signatures(q *consent.Question, n int, prepare func(keystore.Key) (func(int) ([]byte, error), error), then after) (protocol.Result, error) {
	s, err := c.signThen(q, n, prepare, then)
	if err != nil {
		return nil, err
	}
	return s, nil
}

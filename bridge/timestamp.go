package bridge

import (
	"context"
	"errors"
	"fmt"

	"tanba/internal/timestamp"
	"tanba/protocol"
)

// stampsAtOnce bounds the requests to the time-stamping authority for one batch.
const stampsAtOnce = 8

// after turns the signature of document i into what the page gets.
type after func(ctx context.Context, i int, signed []byte) ([]byte, error)

// stamp returns what makes CAdES-T of each signature, nil if none is wanted. The
// authority is asked after the person's yes and never before; without its token
// there is no signature. before returns the SignedData a document was to begin
// with, whose signers are left as they are; it may be nil.
func (c *session) stamp(wanted bool, before func(i int) []byte) after {
	if !wanted {
		return nil
	}
	return func(ctx context.Context, i int, signed []byte) ([]byte, error) {
		var had []byte
		if before != nil {
			had = before(i)
		}
		stamped, err := timestamp.AddToNew(ctx, c.s.o.Stamper, signed, had)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, c.s.unstamped(err, "document", i+1))
		}
		return stamped, nil
	}
}

// applyTimestamp adds a time stamp to every signer that lacks one. No key is used
// and nothing of the person's is touched, so nobody is asked (protocol.md §5.2).
func (c *session) applyTimestamp(op protocol.ApplyTimestamp) (protocol.Result, error) {
	stamped, err := timestamp.Add(c.ctx, c.s.o.Stamper, op.CMS)
	switch {
	case err == nil:
		return protocol.Signatures{Values: [][]byte{stamped}}, nil
	case c.ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", protocol.ErrCancelled, err)
	}
	if err = c.s.unstamped(err, "method", "applyCAdEST"); errors.Is(err, protocol.ErrTimestamp) {
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", protocol.ErrSigning, err)
}

// unstamped tells an authority out of reach from one that answers wrongly. The
// log says which it was, how, and for which document; it holds addresses, but
// nothing of a document.
func (s *Server) unstamped(err error, about ...any) error {
	var failed *timestamp.StampError
	if !errors.As(err, &failed) {
		return err
	}
	if !errors.Is(err, context.Canceled) && !errors.Is(err, errStopped) {
		s.o.Log.Warn("no time stamp", append(about, "error", failed.Err)...)
	}
	if errors.Is(err, timestamp.ErrUnreachable) {
		return fmt.Errorf("%w: %w", protocol.ErrTimestamp, err)
	}
	return err
}

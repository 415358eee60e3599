// Package pcsc tells which smart-card readers there are and which card is in
// each, and notices insertions and removals. It needs neither cgo nor a
// vendor's module, and never talks to a card.
//
// It is a client of the system's PC/SC service:
//
//	Linux, BSD  pcscd, over its socket (protocol 4:4 and 4:5, pcsc-lite 1.8.24
//	            and later; newer daemons still serve 4:4)
//	Windows     winscard.dll
//	macOS       PCSC.framework
//
// [Readers] asks once. [Follow] blocks in the service until something changes:
// nothing is polled, and on Linux and BSD no thread waits either. A [Monitor]
// shares one Follow between those who want to know, for as long as one of them
// does. A program that follows nothing has no connection to the service, so
// that a service started on demand can end.
//
// No reader is no error: the list is empty. A service that does not run is
// [ErrNoService], one that turns us away [ErrRefused].
//
// macOS is built but was never run; where its service does not report readers
// that come and go, they are looked for every two seconds while somebody
// follows.
package pcsc

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"
)

// Errors are told apart with errors.Is.
var (
	// ErrNoService says that no PC/SC service runs, or that it ended.
	ErrNoService = errors.New("pcsc: smart-card service does not run")
	// ErrRefused says that the service does not serve this user or session.
	ErrRefused = errors.New("pcsc: smart-card service refuses this user")
	// ErrProtocol says that what the service answered makes no sense, or that
	// it speaks a version of its protocol that this client does not.
	ErrProtocol = errors.New("pcsc: unexpected answer of the smart-card service")
	// ErrClosed says that the client was closed, or lost its connection before.
	ErrClosed = errors.New("pcsc: client is closed")
)

// Reader is a reader, or a token that is a reader and its card in one.
type Reader struct {
	Name    string // valid UTF-8
	Present bool   // a card is in it
	ATR     []byte // of that card; nil for one that does not answer
	Event   uint32 // counts insertions and removals; 0 where the service does not
}

func equal(a, b []Reader) bool {
	return slices.EqualFunc(a, b, func(a, b Reader) bool {
		return a.Name == b.Name && a.Present == b.Present && a.Event == b.Event && bytes.Equal(a.ATR, b.ATR)
	})
}

// Readers asks the service once.
func Readers(ctx context.Context) ([]Reader, error) {
	c, err := Open(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Readers(ctx)
}

// Pauses before a service that went away is looked for again.
var pauses = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second}

// Follow calls f with the readers as they are and then whenever they change,
// until ctx ends, and returns ctx's error. When the service goes away or does
// not run, f gets the error, once, and Follow looks for the service again from
// time to time; afterwards f gets the readers anew. f is not called by two
// goroutines at once, and must not keep the slice.
func Follow(ctx context.Context, f func([]Reader, error)) error {
	return follow(ctx, f, func(ctx context.Context, seen func([]Reader)) error {
		c, err := Open(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		return c.Watch(ctx, seen)
	})
}

func follow(ctx context.Context, f func([]Reader, error), watch func(context.Context, func([]Reader)) error) error {
	failed, tries := false, 0
	var last []Reader
	var known bool
	for ctx.Err() == nil {
		err := watch(ctx, func(readers []Reader) {
			if known && !failed && equal(last, readers) {
				return
			}
			last, known, failed, tries = slices.Clone(readers), true, false, 0
			f(readers, nil)
		})
		if ctx.Err() != nil {
			break
		}
		if !failed {
			failed = true
			f(nil, err)
		}
		pause(ctx, pauses[min(tries, len(pauses)-1)])
		tries++
	}
	return ctx.Err()
}

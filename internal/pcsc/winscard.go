package pcsc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The functions of winscard, as Windows and macOS have them. What is done with
// them is the same on both and is tested with a made-up system.

// winscardSystem is one context of the service.
type winscardSystem interface {
	list() ([]string, error) // nil when there is no reader
	// change waits until the state of a reader is not what it was and fills
	// in event and atr. Its errors are winscardErrors.
	change(milliseconds uint32, states []winscardState) error
	cancel() // ends a change that waits now, not one that begins later
	release()
}

// winscardState is SCARD_READERSTATE.
type winscardState struct {
	name    string
	current uint32
	event   uint32
	atr     []byte
}

const (
	winscardChanged = 0x0002
	winscardUnknown = 0x0004
	winscardPresent = 0x0020

	winscardForever = 0xFFFFFFFF

	// winscardNotice is the name of the reader that is none: its state changes
	// when readers come and go.
	winscardNotice = `\\?PnP?\Notification`
)

// winscardError is an error code of the service.
type winscardError uint32

const (
	winscardCancelled     winscardError = 0x80100002
	winscardUnknownReader winscardError = 0x80100009
	winscardTimeout       winscardError = 0x8010000A
	winscardBuffer        winscardError = 0x80100008 // too small
	winscardNoService     winscardError = 0x8010001D
	winscardStopped       winscardError = 0x8010001E
	winscardNoReaders     winscardError = 0x8010002E
	winscardServerTooBusy winscardError = 0x80100031
	winscardDenied        winscardError = 0x8010006A
)

func (e winscardError) Error() string { return fmt.Sprintf("%08X", uint32(e)) }

func (e winscardError) Unwrap() error {
	switch e {
	case winscardNoService, winscardStopped, winscardServerTooBusy:
		return ErrNoService
	case winscardDenied:
		return ErrRefused
	}
	return ErrProtocol
}

// winscardRelist is after how long readers are looked for where nothing tells
// of new ones.
const winscardRelist = 2 * time.Second

// winscardRest is between two looks after an event that is none of ours, such as
// another program beginning to use a card, or that the service goes on telling.
const winscardRest = 100 * time.Millisecond

// winscardSnapshot returns the state of every reader, with that of
// winscardNotice in the last place.
func winscardSnapshot(s winscardSystem) ([]winscardState, error) {
	names, err := s.list()
	for tries := 0; ; tries++ {
		if err != nil {
			return nil, fmt.Errorf("pcsc: readers: %w", err)
		}
		states := make([]winscardState, 0, len(names)+1)
		for _, name := range append(slices.Clone(names), winscardNotice) {
			states = append(states, winscardState{name: name})
		}
		err = s.change(0, states)
		if errors.Is(err, winscardUnknownReader) {
			// Not every service knows the notice.
			states[len(names)].event = winscardUnknown
			if err = nil; len(names) > 0 {
				err = s.change(0, states[:len(names)])
			}
		}
		switch {
		case err == nil, errors.Is(err, winscardTimeout):
		case errors.Is(err, winscardUnknownReader) && tries < 10: // it went away
		default:
			return nil, fmt.Errorf("pcsc: state: %w", err)
		}
		// A reader that came between the list and the state counts in the
		// state of the notice already, and would never be told again.
		var again []string
		if again, err = s.list(); err == nil && (slices.Equal(names, again) || tries >= 10) {
			return states, nil
		}
		names = again
	}
}

func winscardReaders(states []winscardState) []Reader {
	var readers []Reader
	for _, s := range states {
		if s.name == winscardNotice {
			continue
		}
		r := Reader{
			Name:    strings.ToValidUTF8(s.name, "\uFFFD"),
			Present: s.event&winscardPresent != 0,
			Event:   s.event >> 16,
		}
		if r.Present && len(s.atr) > 0 {
			r.ATR = bytes.Clone(s.atr)
		}
		readers = append(readers, r)
	}
	return readers
}

// winscardWatch is Client.Watch.
func winscardWatch(ctx context.Context, s winscardSystem, f func([]Reader)) error {
	stop := make(chan struct{})
	defer close(stop)
	defer context.AfterFunc(ctx, func() {
		for {
			s.cancel() // which a change that has not begun yet does not notice
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})()
	var last []Reader
	for first := true; ctx.Err() == nil; {
		states, err := winscardSnapshot(s)
		if err != nil {
			return err
		}
		if readers := winscardReaders(states); first || !equal(last, readers) {
			first, last = false, readers
			f(readers)
		} else if !pause(ctx, winscardRest) {
			break
		}
		wait := uint32(winscardForever)
		if states[len(states)-1].event&winscardUnknown != 0 {
			states = states[:len(states)-1]
			wait = uint32(winscardRelist.Milliseconds())
		}
		for i := range states {
			states[i].current = states[i].event &^ winscardChanged
		}
		if len(states) == 0 {
			pause(ctx, winscardRelist)
			continue
		}
		switch err := s.change(wait, states); {
		case err == nil, errors.Is(err, winscardTimeout), errors.Is(err, winscardCancelled), errors.Is(err, winscardUnknownReader):
		default:
			return fmt.Errorf("pcsc: waiting: %w", err)
		}
	}
	return ctx.Err()
}

// pause reports whether ctx has not ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// splitNames reads a list of names that each end with a zero, with one more zero
// after the last.
func splitNames[C byte | uint16](list []C, decode func([]C) string) []string {
	var names []string
	for {
		end := slices.Index(list, 0)
		if end <= 0 {
			return names
		}
		names = append(names, decode(list[:end]))
		list = list[end+1:]
	}
}

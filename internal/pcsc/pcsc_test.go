package pcsc

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// Follow goes through a service that is not there, comes, goes and comes again.
func TestFollow(t *testing.T) {
	old := pauses
	pauses = []time.Duration{time.Millisecond}
	defer func() { pauses = old }()
	a := Reader{Name: "A", Present: true, ATR: []byte{0x3B}}
	runs := [][][]Reader{
		nil, nil, // fails twice
		{nil, {a}, {a}}, // the last one is no change
		{{a}},           // back as it was: told anew, since the loss was told
		nil,
	}
	ctx, cancel := context.WithCancel(t.Context())
	var told []string
	err := follow(ctx, func(readers []Reader, err error) {
		told = append(told, fmt.Sprint(len(readers), err))
	}, func(_ context.Context, seen func([]Reader)) error {
		if len(runs) == 0 {
			cancel()
			return ctx.Err()
		}
		for _, readers := range runs[0] {
			seen(readers)
		}
		runs = runs[1:]
		return ErrNoService
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	lost := fmt.Sprint(0, ErrNoService)
	want := []string{lost, fmt.Sprint(0, nil), fmt.Sprint(1, nil), lost, fmt.Sprint(1, nil), lost}
	if !reflect.DeepEqual(told, want) {
		t.Errorf("%q\nwant %q", told, want)
	}
}

// fakeFollow lets a test say what happens.
type fakeFollow struct {
	begun chan func([]Reader, error)
	ended chan struct{}
}

func (f fakeFollow) follow(ctx context.Context, tell func([]Reader, error)) error {
	tell(nil, nil)
	f.begun <- tell
	<-ctx.Done()
	f.ended <- struct{}{}
	return ctx.Err()
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestMonitorChanged(t *testing.T) {
	f := fakeFollow{make(chan func([]Reader, error), 1), make(chan struct{}, 1)}
	var one <-chan struct{}
	noticed := 0
	m := &Monitor{follow: f.follow, linger: time.Hour}
	m.Noticed = func() {
		if noticed++; noticed == 1 && closed(one) {
			t.Error("told the others first")
		}
	}
	one = m.Changed()
	tell := <-f.begun
	if two := m.Changed(); two != one || closed(one) {
		t.Fatal("the second who wants to know got a channel of its own")
	}
	tell(nil, nil)
	if !closed(one) {
		t.Fatal("an insertion was not told")
	}
	three := m.Changed()
	if closed(three) {
		t.Fatal("a channel was closed before anything happened")
	}
	tell(nil, ErrNoService)
	if !closed(three) {
		t.Error("the end of the service was not told")
	}
	four := m.Changed()
	m.Close()
	<-f.ended
	if !closed(four) {
		t.Error("Close leaves somebody waiting")
	}
	tell(nil, nil) // too late, and harmless
	if noticed != 2 {
		t.Errorf("noticed %d changes, want 2", noticed)
	}
	m.Changed()
	<-f.begun // it begins anew
	m.Close()
	<-f.ended
	m.Close()
}

// At rest a Monitor has nothing.
func TestMonitorRests(t *testing.T) {
	f := fakeFollow{make(chan func([]Reader, error), 1), make(chan struct{}, 1)}
	m := &Monitor{follow: f.follow, linger: time.Millisecond}
	changed := m.Changed()
	<-f.begun
	<-f.ended
	<-changed
	if m.now != nil {
		t.Error("it goes on following")
	}
}

func TestMonitorATRs(t *testing.T) {
	var failure error
	m := &Monitor{Failed: func(err error) { failure = err }}
	m.read = func(context.Context) ([]Reader, error) {
		return []Reader{{Name: "empty"}, {Name: "a", Present: true, ATR: []byte{1}}, {Name: "mute", Present: true}}, nil
	}
	atrs, err := m.ATRs(t.Context())
	if err != nil || len(atrs) != 2 || atrs[0][0] != 1 || len(atrs[1]) != 0 || !m.Present() {
		t.Errorf("%X, %v", atrs, err)
	}
	m.read = func(ctx context.Context) ([]Reader, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("a question without an end")
		}
		return nil, ErrRefused
	}
	if _, err := m.ATRs(t.Context()); !errors.Is(err, ErrRefused) || !errors.Is(failure, ErrRefused) || m.Present() {
		t.Errorf("%v, told %v", err, failure)
	}
}

// A service that hangs holds up nobody for long, however many wait.
func TestMonitorHangs(t *testing.T) {
	begun := make(chan struct{}, 8)
	m := &Monitor{read: func(ctx context.Context) ([]Reader, error) {
		begun <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 2)
	go func() { _, err := m.ATRs(ctx); over <- err }()
	<-begun
	go func() { _, err := m.ATRs(ctx); over <- err }()
	if m.Present() {
		t.Error("a card is present in a service that hangs")
	}
	cancel()
	for range 2 {
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// Package clock notices when the clock of this computer is wrong: signed and
// fresh answers of the time-stamping and certificate status services carry the
// right time.
//
// A Watch is given to their clients as a callback and asked by whoever tells the
// person: "tanba verify", the doctor. It does not set the clock. One service may
// be wrong itself, so the middle of the last answers counts.
package clock

import (
	"slices"
	"sync"
	"time"
)

// Tolerance is how far a clock may be off without anything going wrong.
const Tolerance = 5 * time.Minute

// kept is how many answers are remembered.
const kept = 9

// Watch collects what services say. The zero value is ready; a nil one ignores
// everything.
type Watch struct {
	mu   sync.Mutex
	last []Answer
}

// Answer is what one service said.
type Answer struct {
	Service string
	// Ahead is how far the service's clock is ahead of this computer's: positive
	// when this one is slow.
	Ahead time.Duration
}

// Heard is the callback of the clients.
func (w *Watch) Heard(service string, ahead time.Duration) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.last) == kept {
		w.last = append(w.last[:0], w.last[1:]...)
	}
	w.last = append(w.last, Answer{service, ahead})
}

// Off is by how much the clock of this computer is wrong, and who says so; ok is
// false when it is right within Tolerance or nobody has said anything.
func (w *Watch) Off() (a Answer, ok bool) {
	if w == nil {
		return a, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.last) == 0 {
		return a, false
	}
	sorted := slices.Clone(w.last)
	slices.SortStableFunc(sorted, func(a, b Answer) int { return int(a.Ahead/time.Second) - int(b.Ahead/time.Second) })
	a = sorted[len(sorted)/2]
	return a, a.Ahead.Abs() > Tolerance
}

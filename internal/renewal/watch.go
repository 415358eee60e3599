package renewal

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tanba/internal/notify"
)

// Watcher says what is due beside the clock, and sleeps in between. Plan, Keys
// and Notes are required.
type Watcher struct {
	Plan *Plan
	// Keys are the keys as they are known now.
	Keys  func(context.Context) []Key
	Notes notify.Notifier
	// Ask is read before each look: the person may have switched warnings off,
	// and chosen a language and quiet hours. nil = on, Russian, as the Plan has
	// them.
	Ask func() (on bool, lang string, quiet Quiet)
	// Changed returns a channel that is closed when keys come or go next; nil =
	// nobody can tell.
	Changed func() <-chan struct{}
	Now     func() time.Time                     // nil = time.Now
	After   func(time.Duration) <-chan time.Time // nil = time.After
	Log     *slog.Logger                         // nil = none

	mu    sync.Mutex
	shown map[string]uint32 // the note of a key, so that a later one takes its place
}

// longest is the longest sleep: timers stand still while a machine sleeps, and a
// clock may be set.
const longest = time.Hour

// Run looks and sleeps until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	now, after := w.Now, w.After
	if now == nil {
		now = time.Now
	}
	if after == nil {
		after = time.After
	}
	for {
		var changed <-chan struct{}
		if w.Changed != nil {
			changed = w.Changed()
		}
		next := w.Look(ctx, now())
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-after(min(max(next.Sub(now()), time.Second), longest)):
		}
	}
}

// Look says what is due now, and when there may be something new.
func (w *Watcher) Look(ctx context.Context, now time.Time) time.Time {
	on, lang := true, "ru"
	if w.Ask != nil {
		var quiet Quiet
		on, lang, quiet = w.Ask()
		w.Plan.SetQuiet(quiet)
	}
	if !on {
		return now.Add(longest)
	}
	keys := w.Keys(ctx)
	for _, warning := range w.Plan.Due(keys, now) {
		if err := w.show(ctx, lang, warning); err != nil {
			// It is said when somebody can be told: nothing is noted.
			if w.Log != nil && !errors.Is(err, context.Canceled) {
				w.Log.Info("a key that ends cannot be told of", "error", err)
			}
			return now.Add(longest)
		}
		if err := w.Plan.Shown(warning, now); err != nil && w.Log != nil {
			w.Log.Warn("what was said of keys cannot be kept", "error", err)
		}
	}
	return w.Plan.Next(keys, now)
}

func (w *Watcher) show(ctx context.Context, lang string, warning Warning) error {
	title, body := Text(lang, warning)
	w.mu.Lock()
	defer w.mu.Unlock()
	urgent := !warning.Replaced && warning.Days <= 3
	id, err := w.Notes.Show(ctx, notify.Note{Title: title, Body: body, Urgent: urgent}, w.shown[warning.Key.ID])
	if err != nil {
		return err
	}
	if w.shown == nil {
		w.shown = map[string]uint32{}
	}
	w.shown[warning.Key.ID] = id
	return nil
}

package renewal

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tanba/internal/i18n"
	"tanba/internal/notify"
)

// Watcher says what is due beside the clock, takes the person's answer to it, and
// sleeps in between. Plan, Keys and Notes are required.
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
	// Open shows the person what to do about a warning, in one of the languages,
	// and does not wait; nil = notes have no buttons.
	Open func(lang string, w Warning)

	Now   func() time.Time                     // nil = time.Now
	After func(time.Duration) <-chan time.Time // nil = time.After
	Log   *slog.Logger                         // nil = none

	// mu is held while a note is shown and noted, so that an answer comes after.
	mu    sync.Mutex
	shown map[string]uint32 // the note of a key, so that a later one takes its place
}

// longest is the longest sleep: timers stand still while a machine sleeps, and a
// clock may be set.
const longest = time.Hour

// Run looks and sleeps until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	now, after := w.now, w.After
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
		if err := w.show(ctx, lang, warning, now); err != nil {
			// It is said when somebody can be told: nothing is noted.
			if w.Log != nil && !errors.Is(err, context.Canceled) {
				w.Log.Info("a key that ends cannot be told of", "error", err)
			}
			return now.Add(longest)
		}
	}
	return w.Plan.Next(keys, now)
}

// What a note's buttons are called by.
const (
	actionOpen  = "open"
	actionLater = "later"
)

func (w *Watcher) show(ctx context.Context, lang string, warning Warning, now time.Time) error {
	title, body := Text(lang, warning)
	n := notify.Note{
		Title: title, Body: body, Urgent: !warning.Replaced && warning.Days <= 3,
	}
	if w.Open != nil {
		n.Actions = []notify.Action{{ID: actionOpen, Label: i18n.T(lang, "warn.what")}, {ID: actionLater, Label: i18n.T(lang, "warn.later")}}
		n.Chosen = func(action string) { w.chosen(action, lang, warning) }
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id, err := w.Notes.Show(ctx, n, w.shown[warning.Key.ID])
	if err != nil {
		return err
	}
	if w.shown == nil {
		w.shown = map[string]uint32{}
	}
	w.shown[warning.Key.ID] = id
	w.kept(w.Plan.Shown(warning, now))
	return nil
}

// chosen does what the person pressed.
func (w *Watcher) chosen(action, lang string, warning Warning) {
	switch action {
	case actionLater:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.kept(w.Plan.Later(warning, w.now()))
	case actionOpen:
		w.Open(lang, warning)
	}
}

func (w *Watcher) kept(err error) {
	if err != nil && w.Log != nil {
		w.Log.Warn("what was said of keys cannot be kept", "error", err)
	}
}

func (w *Watcher) now() time.Time {
	if w.Now != nil {
		return w.Now()
	}
	return time.Now()
}

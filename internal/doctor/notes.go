package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"tanba/internal/state"
)

const (
	notesFile = "observed.json"
	// recentModules is how long a module that is missing is spoken of.
	recentModules = 14 * 24 * time.Hour
	maxModules    = 20
)

// Notes are what the agent saw and the doctor speaks of.
type Notes struct {
	Modules []ModuleNote `json:"modules,omitempty"`
	Clock   *ClockNote   `json:"clock,omitempty"`
}

// ModuleNote is a module a page asked for.
type ModuleNote struct {
	Module string    `json:"module"`
	Origin string    `json:"origin"`
	Time   time.Time `json:"time"`
}

// ClockNote is what a service said of the time.
type ClockNote struct {
	Service string        `json:"service"`
	Ahead   time.Duration `json:"ahead"` // of the service
	Time    time.Time     `json:"time"`
}

// LoadNotes reads them; none is no error.
func LoadNotes(dir state.Dir) (Notes, error) {
	var n Notes
	if dir == "" {
		return n, nil
	}
	data, err := dir.Read(notesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return n, fmt.Errorf("doctor: %w", err)
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return Notes{}, fmt.Errorf("doctor: %s: %w", notesFile, err)
	}
	return n, nil
}

// Forget takes the notes away: the fault has been read.
func Forget(dir state.Dir) error { return dir.Remove(notesFile) }

// Observer writes notes for the agent. It is safe for use by several goroutines
// and writes to disk only when something new was seen.
type Observer struct {
	Dir state.Dir
	Now func() time.Time // nil = time.Now
	mu  sync.Mutex
}

// Module notes that a page asked for a module that is not here.
func (o *Observer) Module(module, origin string) error {
	return o.change(func(n *Notes, now time.Time) bool {
		same := func(m ModuleNote) bool { return m.Module == module && m.Origin == origin }
		if i := slices.IndexFunc(n.Modules, same); i >= 0 && now.Sub(n.Modules[i].Time) < 24*time.Hour {
			return false
		}
		n.Modules = append([]ModuleNote{{printable(module), printable(origin), now}}, slices.DeleteFunc(n.Modules, same)...)
		n.Modules = n.Modules[:min(len(n.Modules), maxModules)]
		return true
	})
}

// Clock notes what a service said of the time; a clock that is right takes an
// older note away.
func (o *Observer) Clock(service string, ahead time.Duration, off bool) error {
	return o.change(func(n *Notes, now time.Time) bool {
		if !off {
			had := n.Clock != nil
			n.Clock = nil
			return had
		}
		if n.Clock != nil && now.Sub(n.Clock.Time) < time.Hour {
			return false
		}
		n.Clock = &ClockNote{printable(service), ahead, now}
		return true
	})
}

func (o *Observer) change(edit func(*Notes, time.Time) bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Dir == "" {
		return nil
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	n, _ := LoadNotes(o.Dir) // a damaged file is written anew
	if !edit(&n, now().UTC().Truncate(time.Second)) {
		return nil
	}
	data, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	return o.Dir.Write(append(data, '\n'), notesFile)
}

// printable keeps what a page sent from being anything but a short line.
func printable(s string) string {
	out := make([]rune, 0, 80)
	for _, r := range s {
		if len(out) == 80 {
			return string(out) + "…"
		}
		if r < ' ' || r == 0x7f || r == 0xfffd {
			r = '?'
		}
		out = append(out, r)
	}
	return string(out)
}

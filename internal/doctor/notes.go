package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"tanba/internal/clock"
	"tanba/internal/state"
)

const (
	notesFile = "observed.json"
	// recentModules is how long a module that is missing is spoken of.
	recentModules = 14 * 24 * time.Hour
	maxModules    = 20
	// recentClock is how long a wrong clock is believed to be still wrong.
	recentClock = 3 * 24 * time.Hour
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

// ForgetModules takes the notes of modules away: the person has read them.
func ForgetModules(dir state.Dir) error {
	return (&Observer{Dir: dir}).change(func(n *Notes, _ time.Time) bool {
		had := len(n.Modules) > 0
		n.Modules = nil
		return had
	})
}

// ForgetClock takes the note of the clock away: it has been set. If it is still
// wrong, the next answer of a service says so again.
func ForgetClock(dir state.Dir) error { return (&Observer{Dir: dir}).Clock("", 0, false) }

// probes are modules that pages ask for to find out whom they talk to. That they
// are not here is the answer the pages want (protocol.md §9.7, §9.8).
var probes = []string{"kz.digiflow.mobile.extensions", "nca", "kz.ncalayer.web.verify"}

// Observer writes notes for the agent. It is safe for use by several goroutines
// and writes to disk only when something new was seen. A nil one ignores
// everything.
type Observer struct {
	Dir state.Dir
	Now func() time.Time // nil = time.Now

	mu      sync.Mutex
	hour    time.Time // since when modules are counted
	modules int       // noted since then
}

// Module notes that a page asked for a module that is not here. A page that asks
// for ever new ones fills neither the notes nor the time of the disk.
func (o *Observer) Module(module, origin string) error {
	if !isName(module) || slices.Contains(probes, module) {
		return nil
	}
	module, origin = printable(module), printable(origin)
	return o.change(func(n *Notes, now time.Time) bool {
		if now.Sub(o.hour).Abs() > time.Hour {
			o.hour, o.modules = now, 0
		}
		if o.modules >= maxModules {
			return false
		}
		same := func(m ModuleNote) bool { return m.Module == module && m.Origin == origin }
		if i := slices.IndexFunc(n.Modules, same); i >= 0 && now.Sub(n.Modules[i].Time) < 24*time.Hour {
			return false
		}
		o.modules++
		n.Modules = append([]ModuleNote{{module, origin, now}}, slices.DeleteFunc(n.Modules, same)...)
		n.Modules = n.Modules[:min(len(n.Modules), maxModules)]
		return true
	})
}

// Heard is what a service's answer is given to when w collects them.
func (o *Observer) Heard(w *clock.Watch) func(service string, ahead time.Duration) {
	return func(service string, ahead time.Duration) {
		w.Heard(service, ahead)
		a, off := w.Off()
		_ = o.Clock(a.Service, a.Ahead, off) // signing goes on without notes
	}
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
	if o == nil || o.Dir == "" {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
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

// isName tells whether a page sent the name of a module and not just anything.
func isName(s string) bool {
	if s == "" || len(s) > 80 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
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

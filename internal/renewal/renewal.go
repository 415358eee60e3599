// Package renewal knows when a person must be told that a key ends, and keeps
// track of having told it.
//
// A key is warned of 30, 14, 7, 3 and 1 days before its end and once when it
// has ended. Each of these is said once; when the computer was off over several,
// only the last is. A key is never spoken of twice within a day, nothing is said
// in the quiet hours, and "remind me later" is a day. A key that another key of
// the same owner and purpose has replaced is not warned of; instead it is said,
// once, that the old one stays valid until it is revoked.
//
// The package neither shows nor sleeps: [Plan.Due] says what is due at an
// instant, [Plan.Next] when to ask again, and who shows it calls [Plan.Shown].
package renewal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"tanba/internal/i18n"
	"tanba/internal/state"
)

// Stages are the days before the end on which a key is warned of.
var Stages = []int{30, 14, 7, 3, 1}

const (
	day = 24 * time.Hour
	// forget is how long after its end a key is kept track of.
	forget = 400 * day
	file   = "warnings.json"
)

// stageEnded and stageReplaced stand beside the days of Stages in the file.
const (
	stageEnded    = 0
	stageReplaced = -1
)

// Key is what is known of a key without its password.
type Key struct {
	ID       string // of its certificate, hex of SHA-256; stable
	Owner    string // for people
	Subject  string // the same for keys that replace each other: owner, organisation, purpose
	Place    string // file name or token label, for people
	Token    bool
	NotAfter time.Time
}

// Warning is one thing to be said.
type Warning struct {
	Key      Key
	Days     int  // full days left, 0 = the last one; negative once it has ended
	Ended    bool // it is over: renewing online is not possible any more
	Replaced bool // a newer key is there, the old one should be revoked
	stage    int
}

// Quiet is a span of the day in which nothing is said, in minutes after
// midnight, in the time of Kazakhstan. From may be later than Until.
type Quiet struct{ From, Until int }

// DefaultQuiet is from 22:00 to 08:00.
var DefaultQuiet = Quiet{22 * 60, 8 * 60}

// ParseQuiet reads "22:00-08:00"; "" is DefaultQuiet.
func ParseQuiet(text string) (Quiet, error) {
	if text == "" {
		return DefaultQuiet, nil
	}
	var h1, m1, h2, m2 int
	var rest string
	n, _ := fmt.Sscanf(text+" .", "%d:%d-%d:%d %s", &h1, &m1, &h2, &m2, &rest)
	if n != 5 || rest != "." || h1 < 0 || h1 > 23 || h2 < 0 || h2 > 23 || m1 < 0 || m1 > 59 || m2 < 0 || m2 > 59 {
		return Quiet{}, fmt.Errorf("renewal: quiet hours %q; want 22:00-08:00", text)
	}
	return Quiet{h1*60 + m1, h2*60 + m2}, nil
}

// at reports whether it is quiet, and for how long still.
func (q Quiet) at(t time.Time) (bool, time.Duration) {
	t = i18n.Almaty(t)
	minute := t.Hour()*60 + t.Minute()
	in := minute >= q.From && minute < q.Until
	if q.From > q.Until {
		in = minute >= q.From || minute < q.Until
	}
	if !in {
		return false, 0
	}
	left := (q.Until - minute + 24*60) % (24 * 60)
	return true, time.Duration(left)*time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond())
}

// track is what is remembered of one key.
type track struct {
	Stage int       `json:"stage"` // the last one said
	Said  time.Time `json:"said"`
	Later time.Time `json:"later,omitzero"` // not before
	End   time.Time `json:"end"`
}

// Plan keeps track. It is safe for use by several goroutines.
type Plan struct {
	dir   state.Dir
	quiet Quiet

	mu   sync.Mutex
	keys map[string]track
}

// Open reads what was said before. A file that cannot be read counts as none:
// saying something twice is better than never.
func Open(dir state.Dir, quiet Quiet) *Plan {
	p := &Plan{dir: dir, quiet: quiet, keys: map[string]track{}}
	if dir == "" {
		return p
	}
	if data, err := dir.Read(file); err == nil || !errors.Is(err, fs.ErrNotExist) {
		if json.Unmarshal(data, &p.keys) != nil || p.keys == nil {
			p.keys = map[string]track{}
		}
	}
	return p
}

// SetQuiet changes the quiet hours.
func (p *Plan) SetQuiet(q Quiet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet = q
}

func (p *Plan) quietAt(t time.Time) (bool, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.quiet.at(t)
}

// Due returns what is to be said now, the most urgent first.
func (p *Plan) Due(keys []Key, now time.Time) []Warning {
	if quiet, _ := p.quietAt(now); quiet {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []Warning
	for _, k := range keys {
		w, ok := warningOf(k, keys, now)
		if !ok {
			continue
		}
		t, known := p.keys[k.ID]
		if known && (t.Stage <= w.stage || now.Sub(t.Said) < day || now.Before(t.Later)) {
			continue
		}
		due = append(due, w)
	}
	slices.SortStableFunc(due, func(a, b Warning) int { return a.Key.NotAfter.Compare(b.Key.NotAfter) })
	return due
}

// State is what holds for a key now, whether it has been said or not; false
// when there is nothing to say. Prompts and pages show it.
func State(k Key, all []Key, now time.Time) (Warning, bool) { return warningOf(k, all, now) }

func warningOf(k Key, all []Key, now time.Time) (Warning, bool) {
	left := k.NotAfter.Sub(now)
	w := Warning{Key: k, Days: int(left / day), Ended: left < 0}
	if w.Ended {
		w.Days = -1 - int(-left/day)
	}
	if left < -forget {
		return w, false
	}
	if replaced(k, all, now) {
		w.Replaced, w.stage = true, stageReplaced
		return w, !w.Ended // what has ended needs no revoking
	}
	if w.Ended {
		w.stage = stageEnded
		return w, true
	}
	for _, stage := range slices.Backward(Stages) {
		if left <= time.Duration(stage)*day {
			w.stage = stage
			return w, true
		}
	}
	return w, false
}

// replaced reports whether a key of the same subject lasts longer, by more than
// keys of one day differ.
func replaced(k Key, all []Key, now time.Time) bool {
	return k.Subject != "" && slices.ContainsFunc(all, func(o Key) bool {
		return o.ID != k.ID && o.Subject == k.Subject && o.NotAfter.After(k.NotAfter.Add(day)) && o.NotAfter.After(now)
	})
}

// Shown notes that a warning was shown.
func (p *Plan) Shown(w Warning, now time.Time) error {
	return p.change(w.Key.ID, now, func(t *track) { t.Stage, t.Said, t.End = w.stage, now, w.Key.NotAfter })
}

// Later puts a key off by a day: the same warning comes again then.
func (p *Plan) Later(w Warning, now time.Time) error {
	return p.change(w.Key.ID, now, func(t *track) {
		t.Stage, t.Said, t.Later, t.End = w.stage+1, now, now.Add(day), w.Key.NotAfter
	})
}

func (p *Plan) change(id string, now time.Time, edit func(*track)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.keys[id]
	edit(&t)
	p.keys[id] = t
	for id, t := range p.keys {
		if now.Sub(t.End) > forget {
			delete(p.keys, id)
		}
	}
	if p.dir == "" {
		return nil
	}
	data, err := json.MarshalIndent(p.keys, "", "  ")
	if err != nil {
		return fmt.Errorf("renewal: %w", err)
	}
	if err := p.dir.Create(); err != nil {
		return err
	}
	return p.dir.Write(append(data, '\n'), file)
}

// Next is when Due may have something new to say; at most a day from now, so
// that a clock that was set does not matter for long.
func (p *Plan) Next(keys []Key, now time.Time) time.Time {
	next := now.Add(day)
	earlier := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	for _, k := range keys {
		earlier(k.NotAfter.Add(time.Second)) // the last second counts as valid
		for _, stage := range Stages {
			earlier(k.NotAfter.Add(-time.Duration(stage) * day))
		}
	}
	p.mu.Lock()
	for _, t := range p.keys {
		earlier(t.Said.Add(day))
		earlier(t.Later)
	}
	p.mu.Unlock()
	if quiet, left := p.quietAt(now); quiet {
		earlier(now.Add(left))
	}
	if quiet, left := p.quietAt(next); quiet {
		next = next.Add(left)
	}
	return next
}

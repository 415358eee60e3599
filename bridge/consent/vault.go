package consent

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// RememberMax is the longest a password is kept.
const RememberMax = 15 * time.Minute

// secretMax is how long a password may be to be kept; longer ones are asked for.
const secretMax = 1024

// vault keeps passwords of key files for minutes, one per asker and file, when
// the person ticked that (security.md T22, §10 rule 6). PINs never come here.
//
// The octets lie in memory that is not swapped out, where the system gives such;
// they are overwritten when their time is over, and by forget.
type vault struct {
	now   func() time.Time
	mu    sync.Mutex
	items []*kept
}

type kept struct {
	asker, path string
	since       time.Time // when it was typed
	until       time.Time
	memory      []byte // locked; the first n octets are the password
	n           int
	timer       *time.Timer
}

// Remembered is a password that is kept now, for a page or a tray.
type Remembered struct {
	ID    string // of the permission
	Key   string // name of the file
	Until time.Time
}

// put keeps a copy of a password.
func (v *vault) put(asker, path string, secret []byte, keep time.Duration) {
	if keep <= 0 || len(secret) == 0 || len(secret) > secretMax {
		return
	}
	keep = min(keep, RememberMax)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drop(func(k *kept) bool { return k.asker == asker && k.path == path })
	memory, err := lockedMemory(secretMax)
	if err != nil {
		return // nothing that could be swapped out is kept
	}
	k := &kept{asker: asker, path: path, since: v.now(), until: v.now().Add(keep), memory: memory, n: copy(memory, secret)}
	k.timer = time.AfterFunc(keep, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.drop(func(o *kept) bool { return o == k })
	})
	v.items = append(v.items, k)
}

// get returns a copy of a password, which the caller clears, and until when it is
// kept; nil if there is none.
func (v *vault) get(asker, path string) ([]byte, time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	v.drop(func(k *kept) bool { return !now.Before(k.until) }) // a machine that slept runs no timers
	for _, k := range v.items {
		if k.asker == asker && k.path == path {
			return slices.Clone(k.memory[:k.n]), k.until
		}
	}
	return nil, time.Time{}
}

// shorten lets nothing be kept for longer than that.
func (v *vault) shorten(keep time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	v.drop(func(k *kept) bool { return keep <= 0 || !now.Before(k.since.Add(keep)) })
	for _, k := range v.items {
		if until := k.since.Add(keep); until.Before(k.until) {
			k.until = until
			k.timer.Reset(until.Sub(now))
		}
	}
}

// forget drops what is kept for an asker, or everything for "".
func (v *vault) forget(asker string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drop(func(k *kept) bool { return asker == "" || k.asker == asker })
}

// forgetKey drops one password.
func (v *vault) forgetKey(asker, path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drop(func(k *kept) bool { return k.asker == asker && k.path == path })
}

// drop overwrites and releases. v.mu is held.
func (v *vault) drop(which func(*kept) bool) {
	v.items = slices.DeleteFunc(v.items, func(k *kept) bool {
		if !which(k) {
			return false
		}
		k.timer.Stop()
		clear(k.memory)
		runtime.KeepAlive(k.memory)
		releaseMemory(k.memory)
		return true
	})
}

// Forget forgets every password at once. It is called when the screen is locked,
// the machine goes to sleep or another user takes over, and by "forget now".
func (d *Desk) Forget() { d.vault.forget("") }

// Remembered lists the passwords that are kept now.
func (d *Desk) Remembered() []Remembered {
	d.vault.mu.Lock()
	defer d.vault.mu.Unlock()
	now := d.o.Now()
	var out []Remembered
	for _, k := range d.vault.items {
		if now.Before(k.until) {
			out = append(out, Remembered{k.asker, baseName(k.path), k.until})
		}
	}
	slices.SortFunc(out, func(a, b Remembered) int { return strings.Compare(a.ID+a.Key, b.ID+b.Key) })
	return out
}

package enrollment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"tanba/internal/state"
)

// registryFile holds the keys that wait, in the state directory: no secret is
// in it.
const registryFile = "pending.json"

// maxPending bounds the list; the oldest goes.
const maxPending = 100

// Registry remembers which keys wait for their certificates, over restarts and
// weeks. It is safe for use by several goroutines.
type Registry struct {
	dir state.Dir
	mu  sync.Mutex
}

// NewRegistry keeps its list in a state directory; "" keeps none.
func NewRegistry(dir state.Dir) *Registry { return &Registry{dir: dir} }

// List returns the keys that wait, the newest first.
func (r *Registry) List() ([]Pending, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.load()
}

// Find returns the key of an identifier; letter case does not matter.
func (r *Registry) Find(keyID string) (Pending, error) {
	list, err := r.List()
	if err != nil {
		return Pending{}, err
	}
	i := slices.IndexFunc(list, func(p Pending) bool { return p.KeyID == strings.ToLower(keyID) })
	if i < 0 {
		return Pending{}, ErrNotPending
	}
	return list[i], nil
}

// Put adds a key or replaces the one with its identifier.
func (r *Registry) Put(p Pending) error {
	return r.change(func(list []Pending) []Pending {
		list = slices.DeleteFunc(list, func(o Pending) bool { return o.KeyID == p.KeyID })
		return append([]Pending{p}, list...)
	})
}

// Remove forgets a key; the key itself stays where it is.
func (r *Registry) Remove(keyID string) error {
	return r.change(func(list []Pending) []Pending {
		return slices.DeleteFunc(list, func(o Pending) bool { return o.KeyID == strings.ToLower(keyID) })
	})
}

func (r *Registry) change(edit func([]Pending) []Pending) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	list, err := r.load()
	if err != nil {
		return err
	}
	list = edit(list)
	if r.dir == "" {
		return nil
	}
	data, err := json.MarshalIndent(list[:min(len(list), maxPending)], "", "  ")
	if err != nil {
		return fmt.Errorf("enrollment: %w", err)
	}
	if err := r.dir.Create(); err != nil {
		return err
	}
	return r.dir.Write(append(data, '\n'), registryFile)
}

func (r *Registry) load() ([]Pending, error) {
	if r.dir == "" {
		return nil, nil
	}
	data, err := r.dir.Read(registryFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("enrollment: %w", err)
	}
	var list []Pending
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("enrollment: %s: %w", registryFile, err)
	}
	return list, nil
}

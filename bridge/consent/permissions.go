package consent

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"tanba/internal/state"
)

const permissionsFile = "permissions.json"

// permissions says which sites the person approved. It is a memory, not a
// licence: it removes the "new site" badge and raises the size of messages a
// site may send, and never answers a question.
type permissions struct {
	Version int                    `json:"version"` // 1
	Sites   map[string]*permission `json:"sites"`   // by identity of the asker
}

type permission struct {
	First time.Time `json:"first"` // approvals
	Last  time.Time `json:"last"`
	Count int       `json:"count"`
}

func (p *permissions) approved(id string) *permission { return p.Sites[id] }

func loadPermissions(dir state.Dir, log *slog.Logger) *permissions {
	p := &permissions{}
	load(dir, permissionsFile, log, p, func() bool { return p.Version == 1 })
	if p.Version != 1 || p.Sites == nil {
		p = &permissions{Version: 1, Sites: map[string]*permission{}}
	}
	for id, site := range p.Sites {
		if site == nil {
			delete(p.Sites, id)
		}
	}
	return p
}

// approve notes the person's yes.
func (d *Desk) approve(a Asker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, now := identity(a), d.o.Now().UTC().Truncate(time.Second)
	site := d.permissions.Sites[id]
	if site == nil {
		site = &permission{First: now}
		d.permissions.Sites[id] = site
	}
	site.Last = now
	site.Count++
	d.save(permissionsFile, d.permissions)
}

// save writes a state file; the whole old or the whole new one survives a crash.
func (d *Desk) save(name string, v any) {
	if d.o.State == "" {
		return
	}
	data, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = d.o.State.Write(append(data, '\n'), name)
	}
	if err != nil {
		d.o.Log.Error("consent: state cannot be written", "file", name, "error", err)
	}
}

// load reads a state file into v. One that cannot be understood is moved aside,
// so that what it held is not overwritten.
func load(dir state.Dir, name string, log *slog.Logger, v any, valid func() bool) {
	if dir == "" {
		return
	}
	data, err := dir.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err == nil && !valid() {
		err = errors.New("unknown version")
	}
	if err != nil {
		log.Error("consent: state cannot be read", "file", name, "error", err)
		if err := os.Rename(dir.Path(name), dir.Path(name+".damaged")); err != nil {
			log.Error("consent: damaged state cannot be kept", "file", name, "error", err)
		}
	}
}

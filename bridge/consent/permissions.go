package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/state"
)

const (
	permissionsFile    = "permissions.json"
	permissionsVersion = 2
)

// Scope is what an asker was allowed.
type Scope string

// Scopes. Signing is asked for each time, whatever was allowed before; the scope
// says that it was. ScopeList and ScopeLogin may be given for good ("always"),
// within the bounds of Desk.automatic.
const (
	ScopeList  Scope = "list"  // to learn of certificates and tokens
	ScopeLogin Scope = "login" // to have a log-in confirmed
	ScopeSign  Scope = "sign"  // to have one document signed
	ScopeBatch Scope = "batch" // to have several signed with one yes
	ScopeFile  Scope = "file"  // to learn the path of a file
	ScopeKey   Scope = "key"   // to have a key made, or its certificate installed
)

// scopeOf is the scope of a question.
func scopeOf(q *Question, login bool) Scope {
	switch {
	case q.Purpose == prompt.ShowKey, q.Purpose == prompt.ListTokens:
		return ScopeList
	case q.Purpose == prompt.PickFile:
		return ScopeFile
	case q.enrolls():
		return ScopeKey
	case max(q.Total, len(q.Documents)) > 1:
		return ScopeBatch
	case login:
		return ScopeLogin
	}
	return ScopeSign
}

// permissions says what the person allowed to whom, by identity of the asker.
type permissions struct {
	Version int                    `json:"version"`
	Askers  map[string]*permission `json:"askers"`
	Sites   map[string]*oldSite    `json:"sites,omitempty"` // of version 1
}

// permission is what is known of one asker.
type permission struct {
	Created time.Time        `json:"created,omitzero"` // first yes
	Used    time.Time        `json:"used,omitzero"`    // last yes
	Count   int              `json:"count"`
	Scopes  map[Scope]*grant `json:"scopes,omitempty"`
	Blocked time.Time        `json:"blocked,omitzero"`
	Key     *keyPlace        `json:"key,omitempty"`     // used last, chosen beforehand next time
	Program string           `json:"program,omitempty"` // SHA-256 of the executable that was approved
}

type grant struct {
	Created time.Time `json:"created"`
	Used    time.Time `json:"used"`
	Count   int       `json:"count"`
	Always  bool      `json:"always,omitempty"`
}

// keyPlace is where a key was. It opens nothing.
type keyPlace struct {
	Path   string `json:"path,omitempty"`
	Token  string `json:"token,omitempty"`  // serial of the token
	Serial string `json:"serial,omitempty"` // of the certificate
}

// oldSite is a record of version 1, which knew no scopes.
type oldSite struct {
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Count int       `json:"count"`
}

func (p *permissions) approved(id string) *permission {
	if a := p.Askers[id]; a != nil && a.Count > 0 && a.Blocked.IsZero() {
		return a
	}
	return nil
}

// approvedOf is approved for who asks now. What was allowed to a program was allowed
// to the octets that asked then: another executable at its path is new (security.md
// T7). A block is of the path, so that no new version ends it.
func (p *permissions) approvedOf(a Asker) *permission {
	known := p.approved(identity(a))
	if known != nil && isProgram(a) && known.Program != programSum(a) {
		return nil
	}
	return known
}

// replaced reports whether another executable was approved at the path of this one.
func (p *permissions) replaced(a Asker) bool {
	known := p.approved(identity(a))
	return known != nil && isProgram(a) && known.Program != "" && known.Program != programSum(a)
}

// programSum is "" for a page, and where the system does not tell.
func programSum(a Asker) string {
	if !isProgram(a) || a.SHA256 == [sha256.Size]byte{} {
		return ""
	}
	return hex.EncodeToString(a.SHA256[:])
}

func (p *permissions) blocked(id string) bool {
	a := p.Askers[id]
	return a != nil && !a.Blocked.IsZero()
}

func (p *permissions) of(id string) *permission {
	a := p.Askers[id]
	if a == nil {
		a = &permission{}
		p.Askers[id] = a
	}
	return a
}

func loadPermissions(dir state.Dir, log *slog.Logger) *permissions {
	p := &permissions{}
	load(dir, permissionsFile, log, p, func() bool { return p.Version == 1 || p.Version == permissionsVersion })
	if p.Version != 1 && p.Version != permissionsVersion || p.Askers == nil {
		p.Askers = map[string]*permission{}
	}
	for id, a := range p.Askers {
		if a == nil {
			delete(p.Askers, id)
			continue
		}
		for s, g := range a.Scopes {
			if g == nil {
				delete(a.Scopes, s)
			}
		}
	}
	if p.Version == 1 {
		for id, site := range p.Sites {
			if site != nil {
				p.Askers[id] = &permission{Created: site.First, Used: site.Last, Count: site.Count}
			}
		}
	}
	p.Version, p.Sites = permissionsVersion, nil
	return p
}

// approve notes the person's yes, and the key that was used.
func (d *Desk) approve(a Asker, scope Scope, always bool, key *keyPlace) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.o.Now().UTC().Truncate(time.Second)
	if d.permissions.approvedOf(a) == nil {
		delete(d.permissions.Askers, identity(a)) // of another executable, or of nobody yet
	}
	p := d.permissions.of(identity(a))
	p.Program = programSum(a)
	if p.Created.IsZero() {
		p.Created = now
	}
	p.Used = now
	p.Count++
	if p.Scopes == nil {
		p.Scopes = map[Scope]*grant{}
	}
	g := p.Scopes[scope]
	if g == nil {
		g = &grant{Created: now}
		p.Scopes[scope] = g
	}
	g.Used = now
	g.Count++
	g.Always = g.Always || always
	if key != nil && !d.o.Kiosk {
		p.Key = key
	}
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

package consent

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tanba/bridge/prompt"
)

// Permission is what the person allowed one asker, for the pages.
type Permission struct {
	ID      string // what Revoke, Block and Unblock take
	Site    prompt.Site
	User    string // of a local program: its user's number
	Created time.Time
	Used    time.Time
	Count   int
	Scopes  []ScopeUse // in the order list, login, sign, batch, file, key
	Blocked time.Time  // zero = not
	Seeded  bool       // on the administrator's list; the person can block it
	// SeededList: the administrator allows it to learn of tokens.
	SeededList bool
	Key        string // the key chosen beforehand: a file name or the serial of a token
}

// ScopeUse is one scope of a permission.
type ScopeUse struct {
	Scope   Scope
	Created time.Time
	Used    time.Time
	Count   int
	Always  bool
}

// Permissions lists everyone the person allowed or blocked something, the last
// used first, and behind them the sites of the administrator's list.
func (d *Desk) Permissions() []Permission {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Permission, 0, len(d.permissions.Askers))
	for id, a := range d.permissions.Askers {
		asker, user := askerOf(id)
		p := Permission{ID: id, Site: describeSite(asker), User: user, Created: a.Created, Used: a.Used, Count: a.Count, Blocked: a.Blocked}
		for _, s := range []Scope{ScopeList, ScopeLogin, ScopeSign, ScopeBatch, ScopeFile, ScopeKey} {
			if g := a.Scopes[s]; g != nil {
				p.Scopes = append(p.Scopes, ScopeUse{s, g.Created, g.Used, g.Count, g.Always})
			}
		}
		if k := a.Key; k != nil && k.Path != "" {
			p.Key = baseName(k.Path)
		} else if k != nil {
			p.Key = clean(k.Token)
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Permission) int {
		last := func(p Permission) time.Time {
			if p.Blocked.After(p.Used) {
				return p.Blocked
			}
			return p.Used
		}
		return cmp.Or(last(b).Compare(last(a)), strings.Compare(a.ID, b.ID))
	})
	return d.withSeeded(out)
}

// Revoke forgets everything about an asker, a block as well: it is new again.
// Passwords kept for it are forgotten too. It reports whether there was anything.
func (d *Desk) Revoke(id string) bool {
	d.vault.forget(id)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.permissions.Askers[id] == nil {
		return false
	}
	delete(d.permissions.Askers, id)
	d.save(permissionsFile, d.permissions)
	return true
}

// Block refuses everything an asker wants from now on, without a question. What
// it was allowed before is gone.
func (d *Desk) Block(id string) {
	d.vault.forget(id)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.permissions.Askers[id] = &permission{Blocked: d.o.Now().UTC().Truncate(time.Second)}
	d.save(permissionsFile, d.permissions)
}

// Unblock makes a blocked asker new again.
func (d *Desk) Unblock(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.permissions.blocked(id) {
		return false
	}
	delete(d.permissions.Askers, id)
	d.save(permissionsFile, d.permissions)
	return true
}

// programPrefix begins the identity of a local program: its user and executable
// follow.
const programPrefix = "program:"

// identity is the name under which an asker is remembered: the exact origin of a
// page, the user and executable of a local program, whatever Origin it claims.
func identity(a Asker) string {
	if a.Local || a.Origin == "" {
		return programPrefix + strconv.Itoa(a.UID) + ":" + a.Executable
	}
	return strings.ToLower(a.Origin)
}

// askerOf is the asker of an identity, and the user of a program.
func askerOf(id string) (a Asker, user string) {
	rest, ok := strings.CutPrefix(id, programPrefix)
	if !ok {
		return Asker{Origin: id}, ""
	}
	user, path, ok := strings.Cut(rest, ":")
	uid, err := strconv.Atoi(user)
	if !ok || err != nil { // of version 1, which knew no user
		return Asker{Local: true, Executable: rest}, ""
	}
	return Asker{Local: true, Executable: path, UID: uid}, user
}

// isProgram reports whether an asker is a local program. It may be any script of
// the same interpreter, so nothing is remembered for it that answers a question
// (security.md T7).
func isProgram(a Asker) bool { return a.Local || a.Origin == "" }

// RecentKey is a key file or a token used before.
type RecentKey struct {
	Path  string // of a file
	Token string // serial of a token
	Label string // file name, or the token's
	Owner string
	Until time.Time
	Used  time.Time

	Certificate string // renewal.IDOf; "" = not known
	Subject     string // renewal.SubjectOf
}

// ID is what ForgetRecent takes.
func (k RecentKey) ID() string { return cmp.Or(k.Path, "token:"+k.Token) }

// Recent lists the keys used before, the last used first.
func (d *Desk) Recent() []RecentKey {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []RecentKey
	for _, f := range d.recent.Files {
		out = append(out, RecentKey{Path: f.Path, Label: baseName(f.Path), Owner: f.Owner, Until: f.Until, Used: f.Used, Certificate: f.Certificate, Subject: f.Subject})
	}
	for _, t := range d.recent.Tokens {
		out = append(out, RecentKey{Token: t.Serial, Label: t.Label, Owner: t.Owner, Until: t.Until, Used: t.Used, Certificate: t.Certificate, Subject: t.Subject})
	}
	slices.SortStableFunc(out, func(a, b RecentKey) int { return b.Used.Compare(a.Used) })
	return out
}

// ForgetRecent takes one key off the list and out of the permissions; "" = all of
// them. The key itself is not touched.
func (d *Desk) ForgetRecent(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	match := func(path, token string) bool {
		return id == "" || id == RecentKey{Path: path, Token: token}.ID()
	}
	d.recent.Files = slices.DeleteFunc(d.recent.Files, func(f recentItem) bool { return match(f.Path, "") })
	d.recent.Tokens = slices.DeleteFunc(d.recent.Tokens, func(t recentToken) bool { return match("", t.Serial) })
	d.save(recentFile, d.recent)
	changed := false
	for a := range maps.Values(d.permissions.Askers) {
		if a.Key != nil && match(a.Key.Path, a.Key.Token) {
			a.Key, changed = nil, true
		}
	}
	if changed {
		d.save(permissionsFile, d.permissions)
	}
}

package consent

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/keystore"
)

// rememberFor is how long a password may be kept now, 0 = not at all.
func (d *Desk) rememberFor() time.Duration {
	if d.o.Kiosk || d.amnesia.Load() {
		return 0
	}
	return min(d.chosen.Load().Remember, RememberMax)
}

// Choices are the settings of the person that take effect at once.
type Choices struct {
	Language string // "" = the default
	Phrase   string
	Remember time.Duration
}

// Choose takes the settings of now. Passwords that are kept for longer than is
// chosen are kept for as long as is chosen, counted from when they were typed, and
// not at all for 0. Nothing is kept longer than the person was told.
func (d *Desk) Choose(c Choices) {
	c.Language = cmp.Or(c.Language, i18n.Default)
	d.chosen.Store(&c)
	d.vault.shorten(d.rememberFor())
}

// Chosen are the choices of now.
func (d *Desk) Chosen() Choices { return *d.chosen.Load() }

// StopRemembering forgets every password and keeps none from now on. It is called
// when nobody tells any more that the screen is locked.
func (d *Desk) StopRemembering() {
	d.amnesia.Store(true)
	d.Forget()
}

// mayAlways reports whether the person may allow this for good: to see a
// certificate, or to log in, for a page whose name is what it seems.
func mayAlways(d *Desk, q *Question, scope Scope, warning string) bool {
	if d.rememberFor() <= 0 || isProgram(q.Asker) || warning != "" || describeSite(q.Asker).Suspicious {
		return false
	}
	return scope == ScopeList && q.Purpose == prompt.ShowKey || scope == ScopeLogin && surelyLogin(q)
}

// surelyLogin: one challenge that no person would sign as a document.
func surelyLogin(q *Question) bool {
	return q.Purpose == prompt.Sign && !q.Digests && !q.Unseen && len(q.Documents) == 1 && q.Total <= 1 &&
		q.Documents[0].Part == "" && !isDocument(q.Documents[0]) && (q.Documents[0].Form == formLogin || isChallenge(q.Documents[0]))
}

// automatic is the key for what the person allowed for good, when the password
// of the key used last is still kept; else nil, and the person is asked.
func (d *Desk) automatic(ctx context.Context, q *Question, u *unlocker, scope Scope) keystore.Key {
	_, warning := classify(q)
	if !mayAlways(d, q, scope, warning) {
		return nil
	}
	d.mu.Lock()
	p := d.permissions.approvedOf(q.Asker)
	if p == nil || p.Scopes[scope] == nil || !p.Scopes[scope].Always || p.Key == nil {
		d.mu.Unlock()
		return nil
	}
	place := *p.Key
	d.mu.Unlock()
	keys, _ := d.openKept(ctx, q, u, place.Path)
	for _, k := range keys {
		if !k.Fits || k.Expired {
			continue
		}
		key, err := u.take(prompt.Decision{KeyID: k.ID})
		if err != nil {
			continue
		}
		c := key.Certificate()
		if c == nil || c.SerialHex() != place.Serial || scope == ScopeLogin && !c.CanAuthenticate() {
			continue
		}
		return key
	}
	return nil
}

// openKept opens a file with the password that is kept for it, and says until
// when that is so. A password that no longer opens it is forgotten.
func (d *Desk) openKept(ctx context.Context, q *Question, u *unlocker, path string) ([]prompt.Key, time.Time) {
	if path == "" || isProgram(q.Asker) {
		return nil, time.Time{}
	}
	id := identity(q.Asker)
	secret, until := d.vault.get(id, path)
	if secret == nil {
		return nil, time.Time{}
	}
	defer func() { clear(secret); runtime.KeepAlive(secret) }()
	keys, err := u.unlock(ctx, path, slices.Clone(secret))
	if err != nil {
		d.vault.forgetKey(id, path)
		return nil, time.Time{}
	}
	return keys, until
}

// offerMemory puts into a request what is remembered for its asker: the key it
// used last comes first, and is open if its password is kept.
func (d *Desk) offerMemory(ctx context.Context, q *Question, u *unlocker, r *prompt.Request) {
	if q.Own {
		return // each of its windows stands for itself
	}
	login, warning := classify(q)
	if !isProgram(q.Asker) {
		r.RememberFor = d.rememberFor()
	}
	r.MayAlways = mayAlways(d, q, scopeOf(q, login && warning == ""), warning)
	d.mu.Lock()
	var place keyPlace
	if p := d.permissions.approvedOf(q.Asker); p != nil && p.Key != nil {
		place = *p.Key
	}
	d.mu.Unlock()
	u.preferred = place
	if place.Token != "" && r.Tokens != nil {
		r.TokensFirst = true
	}
	i := slices.IndexFunc(r.Recent, func(f prompt.KeyFile) bool { return f.Path == place.Path })
	if place.Path == "" || i < 0 {
		return
	}
	f := r.Recent[i]
	r.Recent = slices.Insert(slices.Delete(r.Recent, i, i+1), 0, f)
	if r.Open, r.OpenUntil = d.openKept(ctx, q, u, place.Path); r.Open != nil {
		r.Forget = func() {
			d.vault.forgetKey(identity(q.Asker), place.Path)
			u.mu.Lock()
			defer u.mu.Unlock()
			u.release()
		}
	}
}

// keep hands the password of the open file to the vault, if the person ticked
// that, and forgets it here in any case.
func (u *unlocker) keep(remember bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if remember && u.path != "" && !isProgram(u.question.Asker) {
		u.desk.vault.put(identity(u.question.Asker), u.path, u.secret, u.desk.rememberFor())
	}
	u.wipe()
}

// wipe overwrites the password of the open file. u.mu is held.
func (u *unlocker) wipe() {
	if u.secret != nil {
		clear(u.secret)
		runtime.KeepAlive(u.secret)
		releaseMemory(u.secret[:cap(u.secret)])
		u.secret = nil
	}
}

// note holds the password of the file that has just been opened, in memory that
// is not swapped out, until the person has decided whether to keep it. u.mu is
// held.
func (u *unlocker) note(secret []byte) {
	u.wipe()
	if u.desk.rememberFor() <= 0 || isProgram(u.question.Asker) || len(secret) > secretMax {
		return
	}
	memory, err := lockedMemory(secretMax)
	if err != nil {
		return
	}
	u.secret = memory[:copy(memory, secret)]
}

// prefers tells whether a key is the one this asker used last.
func (u *unlocker) prefers(c *pki.Certificate) bool {
	return c != nil && u.preferred.Serial != "" && c.SerialHex() == u.preferred.Serial
}

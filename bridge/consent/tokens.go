package consent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"tanba/bridge/prompt"
	"tanba/keystore"
)

// TokenWatch tells about tokens without touching a driver.
type TokenWatch interface {
	// Present reports whether some reader holds a token now.
	Present() bool
	// Changed returns a channel that is closed at the next insertion or
	// removal.
	Changed() <-chan struct{}
}

// takesTokens reports whether the page takes a key on a token at all.
func takesTokens(storages []string) bool {
	return len(storages) == 0 || slices.ContainsFunc(storages, keystore.IsToken)
}

// takesFiles reports whether the page takes a key in a file.
func takesFiles(storages []string) bool {
	return allowed(storages, keystore.PKCS12) || allowed(storages, keystore.JKS)
}

// storageOf is the storage name of a token: what it says itself, else what the
// settings say of its label or of the module that shows it.
func (d *Desk) storageOf(t keystore.Token) string {
	return cmp.Or(t.Storage, d.o.TokenStorages[t.Label], d.o.TokenStorages[t.Module])
}

// shows reports whether the window offers a token to this page. One whose
// storage nobody knows serves only pages that name none.
func (u *unlocker) shows(t keystore.Token) bool {
	if c := u.question.Certificate; c != nil {
		return t.Serial == c.pending.Token
	}
	storages := u.question.Select.Storages
	return len(storages) == 0 || slices.Contains(storages, u.desk.storageOf(t))
}

// offerTokens puts the tokens into a request. Nothing is asked of a driver until
// the window does.
func (u *unlocker) offerTokens(r *prompt.Request) {
	storages := u.question.Select.Storages
	r.NoFiles = !takesFiles(storages)
	if u.desk.o.Tokens == nil || !takesTokens(storages) {
		return
	}
	r.Tokens, r.UnlockToken = u.tokens, u.unlockToken
	r.TokensFirst = r.NoFiles || len(r.Recent) == 0 || u.desk.tokenLast()
	if w := u.desk.o.TokenWatch; w != nil {
		r.TokenChange = w.Changed
		r.TokensFirst = r.TokensFirst || w.Present()
	}
}

// tokens is prompt.Request.Tokens. The open token is closed when it is no longer
// there.
func (u *unlocker) tokens(ctx context.Context) ([]prompt.Token, error) {
	all, err := u.desk.o.Tokens.List(ctx)
	if err != nil {
		return nil, tokenError(err)
	}
	last := cmp.Or(u.preferred.Token, u.desk.lastToken())
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen = make(map[string]keystore.Token, len(all))
	var out []prompt.Token
	for _, t := range all {
		if !u.shows(t) {
			continue
		}
		u.seen[t.ID] = t
		out = append(out, u.describeToken(t, t.Serial != "" && t.Serial == last))
	}
	if _, there := u.seen[u.token.ID]; u.token.ID != "" && !there {
		u.release()
	}
	slices.SortStableFunc(out, func(a, b prompt.Token) int {
		rank := func(t prompt.Token) int {
			switch {
			case t.Last:
				return 0
			case t.Problem == "":
				return 1
			}
			return 2
		}
		return rank(a) - rank(b)
	})
	return out, nil
}

func (u *unlocker) describeToken(t keystore.Token, last bool) prompt.Token {
	p := prompt.Token{
		ID: t.ID, Label: clean(cmp.Or(t.Label, t.Model)), Serial: clean(t.Serial),
		PIN: prompt.PIN(t.PIN), Problem: t.Problem, Last: last, Factory: factoryPIN(u.desk.storageOf(t)),
	}
	for _, c := range t.Certificates {
		who := c.Person()
		name := cmp.Or(clean(who.CommonName), clean(who.Organisation))
		o := prompt.Owner{Name: name, Until: c.NotAfter}
		if name == "" || slices.Contains(p.Owners, o) {
			continue
		}
		p.Owners = append(p.Owners, o)
	}
	slices.SortStableFunc(p.Owners, func(a, b prompt.Owner) int { return b.Until.Compare(a.Until) })
	return p
}

// factoryPIN is a hint about the PIN a family is sold with: known to everyone,
// so it must be changed. It is words for the person; nothing here tries it.
func factoryPIN(storage string) string {
	switch storage {
	case keystore.Kaztoken:
		return "pin.factory_kaztoken"
	case keystore.EToken72K, keystore.EToken5110, keystore.JaCarta:
		return "pin.factory_etoken"
	}
	return ""
}

// tokenStateTime bounds asking a token how many tries are left.
const tokenStateTime = 5 * time.Second

// unlockToken is prompt.Request.UnlockToken: one try of the PIN at most, and
// none on a token that the window did not show (security.md T23).
func (u *unlocker) unlockToken(ctx context.Context, id string, secret []byte, last bool) ([]prompt.Key, error) {
	defer func() { clear(secret); runtime.KeepAlive(secret) }()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return nil, &prompt.UnlockError{Code: prompt.UnlockFailed, Err: errors.New("the question is over")}
	}
	u.release()
	known, ok := u.seen[id]
	if !ok {
		return nil, &prompt.UnlockError{Code: prompt.UnlockTokenGone, Err: errors.New("not a token the window showed")}
	}
	if len(secret) == 0 && !known.PIN.Pad {
		return nil, &prompt.UnlockError{Code: prompt.UnlockPINFormat, Err: errors.New("no PIN")}
	}
	store, err := u.desk.o.Tokens.Open(ctx, id)
	if err != nil {
		return nil, tokenError(err)
	}
	t, keys, err := u.try(ctx, store, secret, last)
	if err != nil {
		trouble := tokenError(err)
		if !errors.Is(err, keystore.ErrTokenGone) {
			// The count of tries is asked anew: it decides what comes next.
			state, cancel := context.WithTimeout(ctx, tokenStateTime)
			if now, err := store.Token(state); err == nil {
				pin := prompt.PIN(now.PIN)
				trouble.PIN = &pin
			}
			cancel()
		}
		store.Close()
		return nil, trouble
	}
	u.store, u.token = store, t
	if u.question.enrolls() {
		u.onToken = keys
		return u.showNew(), nil
	}
	return u.show(keys), nil
}

// try looks at the token as it is now and, if nothing speaks against it, tries
// the PIN once.
func (u *unlocker) try(ctx context.Context, store keystore.TokenStore, secret []byte, last bool) (keystore.Token, []keystore.Key, error) {
	t, err := store.Token(ctx)
	switch {
	case err != nil:
		return t, nil, err
	case !u.shows(t):
		return t, nil, &prompt.UnlockError{Code: prompt.UnlockTokenStorage, Err: fmt.Errorf("the page does not take %q", u.desk.storageOf(t))}
	case t.PIN.Locked:
		return t, nil, keystore.ErrPINLocked
	case t.PIN.Unset, t.PIN.MustChange:
		return t, nil, keystore.ErrPINUnset
	case t.PIN.LastTry && !last:
		return t, nil, keystore.ErrLastTry
	}
	if t.PIN.Pad {
		secret = nil
	}
	unlock := store.Unlock
	if last {
		unlock = store.UnlockLastTry
	}
	keys, err := unlock(ctx, secret)
	if err == nil && len(keys) == 0 {
		err = keystore.ErrNoKey
	}
	if errors.Is(err, keystore.ErrNoKey) && u.question.enrolls() {
		err = nil // an empty token is what a new key goes onto
	}
	return t, keys, err
}

// tokenError is unlockError in the words of a token.
func tokenError(err error) *prompt.UnlockError {
	var known *prompt.UnlockError
	if errors.As(err, &known) {
		return known
	}
	code := prompt.UnlockTokenFailed
	switch {
	case errors.Is(err, keystore.ErrWrongPassword):
		code = prompt.UnlockWrongPIN
	case errors.Is(err, keystore.ErrPINLocked):
		code = prompt.UnlockPINLocked
	case errors.Is(err, keystore.ErrLastTry):
		code = prompt.UnlockLastTry
	case errors.Is(err, keystore.ErrPINFormat):
		code = prompt.UnlockPINFormat
	case errors.Is(err, keystore.ErrPINUnset):
		code = prompt.UnlockPINUnset
	case errors.Is(err, keystore.ErrNotFound), errors.Is(err, keystore.ErrClosed):
		code = prompt.UnlockTokenGone
	case errors.Is(err, keystore.ErrTokenBusy):
		code = prompt.UnlockTokenBusy
	case errors.Is(err, keystore.ErrNoKey):
		code = prompt.UnlockTokenNoKey
	}
	return &prompt.UnlockError{Code: code, Err: err}
}

// tokenTrouble says why a token did not sign, for the window; "" when the key
// was not on a token.
func (u *unlocker) tokenTrouble() string {
	u.mu.Lock()
	store, _ := u.store.(keystore.TokenStore)
	u.mu.Unlock()
	if store == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), tokenStateTime)
	defer cancel()
	if _, err := store.Token(ctx); errors.Is(err, keystore.ErrNotFound) {
		return prompt.FailedTokenGone
	}
	return prompt.FailedToken
}

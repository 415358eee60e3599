package consent

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"tanba/bridge/prompt"
	"tanba/internal/pki"
	"tanba/keystore"
)

// tokenKey is a key on a token that may be taken out while it signs: Reopen puts
// the same key of the token that came back in its place.
type tokenKey struct{ now atomic.Pointer[keystore.Key] }

func newTokenKey(k keystore.Key) *tokenKey {
	t := &tokenKey{}
	t.now.Store(&k)
	return t
}

func (t *tokenKey) key() keystore.Key { return *t.now.Load() }

func (t *tokenKey) Public() crypto.PublicKey      { return t.key().Public() }
func (t *tokenKey) Alias() string                 { return t.key().Alias() }
func (t *tokenKey) Certificate() *pki.Certificate { return t.key().Certificate() }
func (t *tokenKey) Chain() []*pki.Certificate     { return t.key().Chain() }

func (t *tokenKey) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return t.key().Sign(random, digest, o)
}

func (u *unlocker) onAToken() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, ok := u.store.(keystore.TokenStore)
	return ok
}

// TokenTrouble says why the key on a token does not sign, as one of prompt.Failed…;
// "" when the key is not on a token.
func (g *Grant) TokenTrouble() string {
	if g == nil || g.unlocker == nil {
		return ""
	}
	return g.unlocker.tokenTrouble()
}

// Reopen returns what opens the token of the key again after it failed or was
// taken out, with at most one try of the PIN, and what is known of the PIN. It is
// nil for a key that is not on a token. Nothing may sign meanwhile.
//
// A token forgets its PIN with the login, and nothing here keeps one: the person
// types it again (tokens.md §9 row 9).
func (g *Grant) Reopen() (func(ctx context.Context, secret []byte, last bool) error, prompt.PIN) {
	if g == nil || g.unlocker == nil {
		return nil, prompt.PIN{}
	}
	k, ok := g.Key.(*tokenKey)
	u := g.unlocker
	u.mu.Lock()
	defer u.mu.Unlock()
	if !ok || u.gone || u.users > 1 || u.token.ID == "" {
		return nil, prompt.PIN{}
	}
	return func(ctx context.Context, secret []byte, last bool) error { return u.reopen(ctx, k, secret, last) }, prompt.PIN(u.token.PIN)
}

func (u *unlocker) reopen(ctx context.Context, k *tokenKey, secret []byte, last bool) error {
	defer func() { clear(secret); runtime.KeepAlive(secret) }()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return &prompt.UnlockError{Code: prompt.UnlockFailed, Err: errors.New("the question is over")}
	}
	if len(secret) == 0 && !u.token.PIN.Pad {
		return &prompt.UnlockError{Code: prompt.UnlockPINFormat, Err: errors.New("no PIN")}
	}
	all, err := u.desk.o.Tokens.List(ctx)
	if err != nil {
		return tokenError(err)
	}
	found := -1
	for i, t := range all {
		if t.ID == u.token.ID || t.Serial != "" && t.Serial == u.token.Serial {
			found = i
		}
	}
	if found < 0 {
		return tokenError(keystore.ErrTokenGone)
	}
	store, err := u.desk.o.Tokens.Open(ctx, all[found].ID)
	if err != nil {
		return tokenError(err)
	}
	// The old one first: it may hold the only session.
	if u.store != nil {
		_ = u.store.Close()
	}
	u.store = store
	t, keys, err := u.try(ctx, store, secret, last)
	if err != nil {
		trouble := tokenError(err)
		state, cancel := context.WithTimeout(ctx, tokenStateTime)
		defer cancel()
		if now, err := store.Token(state); err == nil {
			pin := prompt.PIN(now.PIN)
			trouble.PIN = &pin
		}
		return trouble
	}
	u.token = t
	for _, again := range keys {
		if same(again.Certificate(), k.Certificate()) {
			k.now.Store(&again)
			return nil
		}
	}
	return &prompt.UnlockError{Code: prompt.UnlockTokenNoKey, Err: fmt.Errorf("the key that signs is not among the %d of the token", len(keys))}
}

func same(a, b *pki.Certificate) bool {
	return a != nil && b != nil && bytes.Equal(a.Raw, b.Raw)
}

// Signed notes how many signatures there are, Failed which documents have none,
// for the journal.
func (g *Grant) Signed(n int) {
	if g != nil {
		g.signed = n
	}
}

func (g *Grant) Failed(short prompt.Shortfall) {
	if g == nil {
		return
	}
	g.failed = nil
	for _, f := range short.Failed[:min(len(short.Failed), journalDigest)] {
		g.failed = append(g.failed, f.Document+1)
	}
}

package pkcs11

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/keystore/pkcs11/wire"
)

// store is a token as somebody opened it. Its fields are under the lock of the
// device.
type store struct {
	d        *device
	closed   bool
	unlocked bool
}

var _ keystore.TokenStore = (*store)(nil)

func (d *device) newStore() (keystore.TokenStore, error) {
	s := &store{d: d}
	d.mu.Lock()
	d.stores[s] = struct{}{}
	d.mu.Unlock()
	d.m.use(1)
	return s, nil
}

func (s *store) Info() keystore.Info { return s.d.public().Info }

// Token implements keystore.TokenStore.
func (s *store) Token(ctx context.Context) (keystore.Token, error) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if s.closed {
		return keystore.Token{}, keystore.ErrClosed
	}
	if _, err := s.d.connect(ctx); err != nil {
		return keystore.Token{}, err
	}
	return s.d.public(), nil
}

func (s *store) Unlock(ctx context.Context, secret []byte) ([]keystore.Key, error) {
	return s.unlock(ctx, secret, false)
}

func (s *store) UnlockLastTry(ctx context.Context, secret []byte) ([]keystore.Key, error) {
	return s.unlock(ctx, secret, true)
}

func (s *store) unlock(ctx context.Context, secret []byte, confirmed bool) ([]keystore.Key, error) {
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.closed {
		return nil, keystore.ErrClosed
	}
	p, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.checkPIN(secret, confirmed); err != nil {
		return nil, err
	}
	if d.session == 0 {
		if err := d.openSession(ctx, p); err != nil {
			return nil, err
		}
	}
	if err := d.login(ctx, secret); err != nil {
		return nil, d.afterFailure(ctx, err)
	}
	keys, err := s.readKeys(ctx)
	if err != nil {
		return nil, d.afterFailure(ctx, err)
	}
	s.unlocked = true
	if len(keys) == 0 {
		return nil, keystore.ErrNoKey
	}
	return keys, nil
}

// readKeys is the one search of an unlocking: keys, certificates, and which
// belong together.
func (s *store) readKeys(ctx context.Context) ([]keystore.Key, error) {
	d := s.d
	r := reader{p: d.p, limit: d.m.o.Timeouts.Call, session: d.session, cache: d.cache}
	privates, err := r.privates(ctx)
	if err != nil {
		return nil, err
	}
	certificates, _, err := r.certificates(ctx)
	if err != nil {
		return nil, err
	}
	publics, err := r.publics(ctx)
	if err != nil {
		return nil, err
	}
	// Keys of other stores stay what they are, with the handles of this login.
	for i, k := range privates {
		for _, old := range d.keys {
			if old.same(k) {
				old.handle, privates[i] = k.handle, old
			}
		}
	}
	d.keys = privates
	each := false
	for _, k := range privates {
		each = each || k.eachTime
	}
	// A token without keys gets one next, which may want the PIN each time.
	if d.held && !each && len(privates) > 0 {
		if _, err := d.p.ask(ctx, &wire.Request{Op: wire.Forget, Slot: d.slot}, d.m.o.Timeouts.Call, ""); err != nil {
			return nil, err
		}
		d.held = false
	}
	entries, lonelyKeys, lonelyCertificates := pair(privates, publics, certificates)
	tried, err := s.tryPairs(ctx, lonelyKeys, lonelyCertificates, certificates)
	if err != nil {
		return nil, err
	}
	entries = append(entries, tried...)
	for _, k := range privates {
		if !k.signs || hasKey(entries, k) {
			continue
		}
		if public := publicOf(k, publics, privates); public != nil {
			entries = append(entries, entry{key: k, public: public})
		}
	}
	var keys []keystore.Key
	for _, e := range entries {
		if e.key.signs {
			keys = append(keys, s.newKey(e))
		}
	}
	return keys, nil
}

func hasKey(entries []entry, k *privateObject) bool {
	for _, e := range entries {
		if e.key == k {
			return true
		}
	}
	return false
}

// tryPairs finds the pairs that no attribute tells: a key signs the digest of
// random octets, and the certificate that verifies it is its own.
func (s *store) tryPairs(ctx context.Context, keys []*privateObject, certificates []certificateObject, all []certificateObject) ([]entry, error) {
	const most = 8 // signatures; a token takes a second for one
	var every []*pki.Certificate
	for _, c := range all {
		every = append(every, c.certificate)
	}
	var found []entry
	tries := 0
	taken := map[*pki.Certificate]bool{}
	for _, k := range keys {
		if !k.signs {
			continue
		}
		for _, c := range certificates {
			public := c.certificate.PublicKey
			if taken[c.certificate] || !k.mayBe(public.Family) || k.public != nil || tries == most {
				continue
			}
			tries++
			ok, err := s.proves(ctx, k, public)
			if err != nil {
				return nil, err
			}
			if ok {
				taken[c.certificate] = true
				found = append(found, entry{k, public, c.certificate, chainOf(c.certificate, every)})
			}
		}
	}
	return found, nil
}

// proves tells whether a private key belongs to a public key. The error is one
// that ends everything; a key that cannot sign proves nothing.
func (s *store) proves(ctx context.Context, k *privateObject, public *pki.PublicKey) (bool, error) {
	message := make([]byte, 32)
	rand.Read(message)
	h := public.Family.NewHash()
	h.Write(message)
	key := s.newKey(entry{key: k, public: public})
	_, err := key.signWith(h.Sum(nil), func(mechanism uint64, data []byte, size int) ([]byte, error) {
		return s.d.signLocked(ctx, k, mechanism, data, size)
	})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errHelper), errors.Is(err, keystore.ErrTokenGone), errors.Is(err, keystore.ErrWrongPassword), ctx.Err() != nil:
		return false, err
	}
	return false, nil
}

func (s *store) Close() error {
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed, s.unlocked = true, false
	delete(d.stores, s)
	needed := false
	for o := range d.stores {
		needed = needed || o.unlocked
	}
	if !needed {
		d.logout()
	}
	d.m.use(-1)
	return nil
}

// usable says why keys of the store cannot sign; d.mu is at least read-locked.
func (s *store) usable() error {
	switch {
	case s.closed, !s.unlocked:
		return keystore.ErrClosed
	case s.d.isGone():
		return keystore.ErrTokenGone
	case !s.d.unlocked || s.d.p == nil:
		return fmt.Errorf("pkcs11: the login was lost: %w", errLoginLost)
	}
	return nil
}

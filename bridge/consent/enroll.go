package consent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"tanba/bridge/prompt"
	"tanba/internal/enrollment"
	"tanba/internal/pki"
	"tanba/keystore"
)

// MakeKey makes the key the person agreed to and its request, and notes that it
// waits for its certificate. The grant is over when it returns.
func (g *Grant) MakeKey(ctx context.Context) (*enrollment.Pending, error) {
	u, d := g.unlocker, g.desk
	p, err := u.makeKey(ctx)
	if err == nil {
		if err = d.registry.Put(*p); err != nil && p.Path != "" {
			os.Remove(p.Path) // nobody has its request, nor ever could
		}
	}
	g.Close(enrollFailure(err))
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (u *unlocker) makeKey(ctx context.Context) (*enrollment.Pending, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	k := u.question.NewKey
	key := enrollment.NewKey{Family: k.Family, Template: k.Template, Now: u.desk.o.Now()}
	if token, ok := u.store.(keystore.TokenStore); ok {
		return key.OnToken(ctx, token, "tanba")
	}
	if u.newFolder {
		if err := os.MkdirAll(u.newPath, 0o700); err != nil {
			return nil, fmt.Errorf("%w: %w", enrollment.ErrReadOnly, err)
		}
	}
	return key.InFile(u.newPath, u.newFolder, u.newSecret)
}

// Install puts the certificate beside its key. The grant is over when it returns;
// storage is where the key lives.
func (g *Grant) Install(ctx context.Context) (done *enrollment.Installed, storage string, err error) {
	u, d, c := g.unlocker, g.desk, g.question.Certificate
	done, storage, err = u.install(ctx)
	if err == nil {
		g.serial = done.Certificate.SerialHex()
		p := c.pending
		p.Installed, p.Path = done.Alias, done.Path
		if err := d.registry.Put(p); err != nil {
			d.o.Log.Error("consent: the list of keys that wait cannot be written", "error", err)
		}
		if !d.o.Kiosk {
			u.mu.Lock()
			token := u.token
			u.mu.Unlock()
			d.remember(done.Path, token, waiting{done.Certificate})
		}
	}
	g.Close(enrollFailure(err))
	return done, storage, err
}

func (u *unlocker) install(ctx context.Context) (*enrollment.Installed, string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c, check := u.question.Certificate, u.desk.check()
	token, ok := u.store.(keystore.TokenStore)
	if !ok {
		done, err := check.InstallFile(u.newPath, "", u.newSecret, c.certificates, nil)
		return done, keystore.PKCS12, err
	}
	storage := u.desk.storageOf(u.token)
	// What is there already is not written again.
	if slices.ContainsFunc(u.onToken, func(k keystore.Key) bool { return k.Certificate() != nil && k.Certificate().Equal(c.leaf) }) {
		return &enrollment.Installed{Alias: fmt.Sprintf("%x", c.leaf.SubjectKeyID), Certificate: c.leaf}, storage, nil
	}
	done, err := check.InstallToken(ctx, token, c.pending.TokenID, c.certificates)
	return done, storage, err
}

// enrollFailure is what the window is told.
func enrollFailure(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, enrollment.ErrExists):
		return prompt.FailedExists
	case errors.Is(err, enrollment.ErrReadOnly):
		return prompt.FailedReadOnly
	case errors.Is(err, enrollment.ErrDiskFull):
		return prompt.FailedDiskFull
	case errors.Is(err, keystore.ErrTokenReadOnly), errors.Is(err, keystore.ErrMechanism):
		return prompt.FailedTokenWrites
	case errors.Is(err, keystore.ErrNotFound), errors.Is(err, keystore.ErrClosed):
		return prompt.FailedTokenGone
	case errors.Is(err, keystore.ErrTokenFailed), errors.Is(err, keystore.ErrTokenBusy):
		return prompt.FailedToken
	}
	return prompt.FailedWriting
}

// certified is a key, or a certificate alone, with what the lists keep of it.
type certified interface{ Certificate() *pki.Certificate }

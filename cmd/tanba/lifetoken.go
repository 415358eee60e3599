package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tanba/internal/enrollment"
	"tanba/keystore"
)

// withToken opens a token by its serial number, unlocks it with one try of the
// PIN and does something with it.
func (c *command) withToken(serial, pinFile string, do func(ctx context.Context, t keystore.TokenStore) error) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	signals, done := stopSignals()
	defer done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	manager := newTokens(dir, nil)
	defer manager.Close()
	all, err := manager.List(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if !strings.EqualFold(t.Serial, serial) {
			continue
		}
		store, err := manager.Open(ctx, t.ID)
		if err != nil {
			return err
		}
		defer store.Close()
		if err := c.unlockToken(ctx, store, t, pinFile); err != nil {
			return err
		}
		return do(ctx, store)
	}
	return fmt.Errorf("%w: %s", keystore.ErrTokenGone, serial)
}

// unlockToken tries the PIN once. The last try is never spent by a script.
func (c *command) unlockToken(ctx context.Context, store keystore.TokenStore, t keystore.Token, pinFile string) error {
	var pin []byte
	if !t.PIN.Pad {
		var err error
		if pin, err = c.password(pinFile, c.text("cli.life.pin_of", t.Label)); err != nil {
			return err
		}
		defer clear(pin)
	}
	_, err := store.Unlock(ctx, pin)
	if errors.Is(err, keystore.ErrNoKey) {
		return nil // an empty token is what a new key goes into
	}
	return err
}

func (c *command) requestOnToken(key enrollment.NewKey, serial, pinFile string) (*enrollment.Pending, error) {
	var pending *enrollment.Pending
	err := c.withToken(serial, pinFile, func(ctx context.Context, t keystore.TokenStore) (err error) {
		pending, err = key.OnToken(ctx, t, "tanba")
		return err
	})
	return pending, err
}

// installOnToken finds the pair by its public key: the certificate says which.
func (c *command) installOnToken(check enrollment.Check, serial, pinFile string, ders [][]byte) (*enrollment.Installed, error) {
	var done *enrollment.Installed
	err := c.withToken(serial, pinFile, func(ctx context.Context, t keystore.TokenStore) (err error) {
		done, err = check.InstallToken(ctx, t, nil, ders)
		return err
	})
	return done, err
}

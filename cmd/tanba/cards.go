package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"tanba/bridge"
	"tanba/internal/pcsc"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/keystore"
)

// agentTokens is what the agent knows of cards and tokens. It costs nothing until
// somebody asks: no connection, no driver, no helper.
type agentTokens struct {
	cards   *pcsc.Monitor
	tokens  keystore.Tokens
	devices bridge.Devices
	Close   func()
}

func newAgentTokens(dir state.Dir, s settings.Settings, log *slog.Logger) agentTokens {
	found := newTokens(dir, log)
	cards := &pcsc.Monitor{
		Failed:  func(err error) { log.Debug("readers", "error", err) },
		Noticed: found.Changed, // what was listed a moment ago is no longer so
	}
	t := agentTokens{cards: cards, tokens: watchedTokens{found, cards}}
	d := devices{cards: bridge.Cards(cards.ATRs)}
	if namesStorages(s) {
		d.tokens = found
	}
	t.devices = d
	t.Close = func() {
		cards.Close()
		found.Close()
	}
	return t
}

// devices are the tokens that sites may be told of: those whose card says what
// it is and, only when the settings give tokens a storage name, those that they
// name. The first kind needs no driver.
type devices struct {
	cards  bridge.Devices
	tokens keystore.Tokens // nil = the settings name none
}

// listing bounds how long a page waits for a driver.
const listing = 5 * time.Second

func (d devices) Storages(ctx context.Context) ([]string, error) {
	storages, err := d.cards.Storages(ctx)
	if d.tokens == nil {
		return storages, err
	}
	ctx, cancel := context.WithTimeout(ctx, listing)
	defer cancel()
	tokens, listErr := d.tokens.List(ctx)
	for _, t := range tokens {
		storages = append(storages, t.Storage)
	}
	if listErr == nil {
		err = nil // such tokens need no reader: a module may reach over the network
	}
	return storages, err
}

// namesStorages reports whether the settings give some token a storage name.
func namesStorages(s settings.Settings) bool {
	return len(s.TokenStorages) > 0 || slices.ContainsFunc(s.Modules, func(m settings.Module) bool { return m.Storage != "" && !m.Off })
}

// watchedTokens looks at the tokens when a card comes or goes while a store is
// open, so that the PIN and the handles of one that was taken out are dropped
// then and not when somebody asks next (tokens.md 6.7).
type watchedTokens struct {
	keystore.Tokens
	cards interface{ Changed() <-chan struct{} }
}

func (w watchedTokens) Open(ctx context.Context, id string) (keystore.TokenStore, error) {
	store, err := w.Tokens.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	open, cancel := context.WithCancel(context.Background())
	go func() {
		for {
			changed := w.cards.Changed()
			select {
			case <-changed:
			case <-open.Done():
				return
			}
			look, done := context.WithTimeout(open, looking)
			w.Tokens.List(look) // what it lists nobody needs here
			done()
		}
	}()
	return watchedStore{store, cancel}, nil
}

// looking bounds a look at the tokens; a driver may have to be started anew.
const looking = time.Minute

type watchedStore struct {
	keystore.TokenStore
	leave context.CancelFunc
}

func (s watchedStore) Close() error {
	s.leave()
	return s.TokenStore.Close()
}

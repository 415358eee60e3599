package main

import (
	"context"
	"log/slog"
	"time"

	"tanba/bridge"
	"tanba/internal/pcsc"
	"tanba/keystore"
)

// newCards knows the cards in the readers. It costs nothing until somebody asks.
func newCards(log *slog.Logger) *pcsc.Monitor {
	return &pcsc.Monitor{Failed: func(err error) { log.Debug("readers", "error", err) }}
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

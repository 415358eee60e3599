package main

import (
	"context"
	"errors"
	"slices"
	"testing"

	"tanba/bridge"
	"tanba/internal/settings"
	"tanba/keystore"
)

type listedTokens struct {
	keystore.Tokens
	storages []string
	err      error
}

func (l listedTokens) List(ctx context.Context) ([]keystore.Token, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("a driver may take for ever")
	}
	var list []keystore.Token
	for _, s := range l.storages {
		list = append(list, keystore.Token{Info: keystore.Info{Storage: s}})
	}
	return list, l.err
}

func TestDevices(t *testing.T) {
	kaztoken := [][]byte{[]byte("\x3b\x88\x01KAZTOKEN\x82")}
	failure := errors.New("no service")
	for _, c := range []struct {
		name   string
		atrs   [][]byte
		err    error
		tokens keystore.Tokens
		want   []string
		wrong  error
	}{
		{"nothing", nil, nil, nil, nil, nil},
		{"card", kaztoken, nil, nil, []string{"AKKaztokenStore"}, nil},
		{"no service", nil, failure, nil, nil, failure},
		{"named in the settings", nil, failure, listedTokens{storages: []string{"AKAKEYStore", ""}}, []string{"AKAKEYStore", ""}, nil},
		{"both", kaztoken, nil, listedTokens{storages: []string{"AKAKEYStore"}}, []string{"AKKaztokenStore", "AKAKEYStore"}, nil},
		{"driver fails", kaztoken, nil, listedTokens{err: errors.New("driver")}, []string{"AKKaztokenStore"}, nil},
		{"both fail", nil, failure, listedTokens{err: errors.New("driver")}, nil, failure},
	} {
		d := devices{cards: bridge.Cards(func(context.Context) ([][]byte, error) { return c.atrs, c.err }), tokens: c.tokens}
		got, err := d.Storages(t.Context())
		if !slices.Equal(got, c.want) || !errors.Is(err, c.wrong) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestNamesStorages(t *testing.T) {
	for _, c := range []struct {
		s    settings.Settings
		want bool
	}{
		{settings.Settings{}, false},
		{settings.Settings{Modules: []settings.Module{{Path: "/a.so"}, {Path: "/b.so", Storage: "AKAKEYStore", Off: true}}}, false},
		{settings.Settings{Modules: []settings.Module{{Path: "/a.so", Storage: "AKAKEYStore"}}}, true},
		{settings.Settings{TokenStorages: map[string]string{"label": "AKKaztokenStore"}}, true},
	} {
		if got := namesStorages(c.s); got != c.want {
			t.Errorf("%+v: %v", c.s, got)
		}
	}
}

// openTokens tell when they are looked at and closed.
type openTokens struct {
	keystore.Tokens
	looked chan struct{}
	closed bool
}

func (o *openTokens) List(context.Context) ([]keystore.Token, error) {
	o.looked <- struct{}{}
	return nil, nil
}

func (o *openTokens) Open(_ context.Context, id string) (keystore.TokenStore, error) {
	if id == "" {
		return nil, keystore.ErrTokenGone
	}
	return openStore{tokens: o}, nil
}

type openStore struct {
	keystore.TokenStore
	tokens *openTokens
}

func (s openStore) Close() error { s.tokens.closed = true; return nil }

// changes hands out channels that the test closes.
type changes chan chan struct{}

func (c changes) Changed() <-chan struct{} {
	one := make(chan struct{})
	c <- one
	return one
}

// A card that comes or goes is looked for while a store is open, and only then.
func TestWatchedTokens(t *testing.T) {
	tokens := &openTokens{looked: make(chan struct{})}
	cards := make(changes)
	w := watchedTokens{tokens, cards}
	if _, err := w.Open(t.Context(), ""); !errors.Is(err, keystore.ErrTokenGone) {
		t.Fatal(err)
	}
	store, err := w.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		close(<-cards)
		<-tokens.looked
	}
	<-cards // never closed: who waits for it must leave with Close
	if err := store.Close(); err != nil || !tokens.closed {
		t.Errorf("%v, closed %v", err, tokens.closed)
	}
}

package main

import (
	"context"
	"errors"
	"slices"
	"testing"

	"tanba/bridge"
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

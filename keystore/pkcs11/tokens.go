package pkcs11

import (
	"context"
	"errors"
	"log/slog"

	"tanba/keystore"
)

// Tokens are the tokens of this machine. Make it with New.
type Tokens struct {
	o Options
}

var _ keystore.Tokens = (*Tokens)(nil)

// New starts nothing yet.
func New(o Options) *Tokens {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Timeouts = o.Timeouts.withDefaults()
	return &Tokens{o: o}
}

// Close ends every helper; open stores answer keystore.ErrClosed.
func (t *Tokens) Close() error { return nil }

// List implements keystore.Tokens.
func (t *Tokens) List(ctx context.Context) ([]keystore.Token, error) { return nil, ctx.Err() }

// Open implements keystore.Tokens.
func (t *Tokens) Open(ctx context.Context, id string) (keystore.TokenStore, error) {
	return nil, errors.Join(keystore.ErrTokenGone, ctx.Err())
}

// Report says what can be known of modules and tokens without a PIN.
func (t *Tokens) Report(ctx context.Context) (*Report, error) { return &Report{}, ctx.Err() }

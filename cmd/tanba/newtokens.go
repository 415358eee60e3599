package main

import (
	"log/slog"

	"tanba/internal/state"
	"tanba/keystore/pkcs11"
)

func newTokens(dir state.Dir, log *slog.Logger) *pkcs11.Tokens {
	return pkcs11.New(pkcs11.Options{Discover: true, State: dir, Log: log})
}

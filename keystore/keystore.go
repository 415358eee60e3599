// Package keystore opens the places where private keys live and says which of
// their keys fit a request.
//
// A [Store] is one such place: a key file or, later, a token in a slot. It
// shows what it is without a secret; [Store.Unlock] takes the password or PIN
// and gives the keys. A [Key] is a crypto.Signer with its certificate. Closing
// the store destroys its keys: a Sign that is running ends first, later ones
// answer [ErrClosed].
//
// Files are told by their content, never by name. A path comes from the person
// at the machine; what is no regular file is refused without waiting for it.
// The file is read again at Unlock and nothing of it is kept between, so a file
// that went away while the person typed the password is answered with
// [ErrNotFound].
//
// Secrets are UTF-8 octets that belong to the caller, who clears them; no
// error text holds a path, a name or a secret.
package keystore

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"tanba/internal/pki"
)

// Errors are told apart with errors.Is.
var (
	// ErrWrongPassword says that the password or PIN is wrong.
	ErrWrongPassword = errors.New("keystore: wrong password")
	// ErrNotFound says that there is no such file.
	ErrNotFound = errors.New("keystore: no such file")
	// ErrUnreadable says that the file is there and may not be read.
	ErrUnreadable = errors.New("keystore: file cannot be read")
	// ErrNotKeyFile says that the path leads to something that is no key file.
	ErrNotKeyFile = errors.New("keystore: not a key file")
	// ErrNoKey says that the store opened and holds certificates only; it is an
	// ErrNotKeyFile too.
	ErrNoKey = fmt.Errorf("%w: no private key in it", ErrNotKeyFile)
	// ErrDamaged says that the file is a key file cut short or broken.
	ErrDamaged = errors.New("keystore: key file is damaged")
	// ErrUnsupported says that the file is a key file of a kind Tanba cannot
	// open.
	ErrUnsupported = errors.New("keystore: unsupported key file")
	// ErrClosed says that the store of this key has been closed.
	ErrClosed = errors.New("keystore: closed")
)

// Info says what a store is; it needs no secret.
type Info struct {
	Storage string // as sites call it: PKCS12, AKKaztokenStore, …
	Path    string // of a file
	Serial  string // of a token
	Label   string // for people: the file name, the name of the token
}

// Store is a place where keys live. Its methods may be called from several
// goroutines.
type Store interface {
	Info() Info
	// Unlock opens the store. It neither changes nor keeps the secret. The keys
	// live until Close. The error wraps one of the errors of this package, or
	// is that of ctx.
	Unlock(ctx context.Context, secret []byte) ([]Key, error)
	// Close destroys the keys. It may be called more than once.
	Close() error
}

// Key is a private key. Sign gets a digest and may be called from several
// goroutines.
type Key interface {
	crypto.Signer
	// Alias is the name of the key inside its store.
	Alias() string
	// Certificate holds the public key of this key; nil when the store has
	// none that does.
	Certificate() *pki.Certificate
	// Chain is the issuer of the certificate and so on, as far as the store
	// goes.
	Chain() []*pki.Certificate
}

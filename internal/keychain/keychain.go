// Package keychain reads a secret that the account keeps in the keychain of its
// desktop, for robots (docs/robots.md). It writes none: the administrator or the
// account puts it there with the desktop's own tool.
//
// On Linux that is the Secret Service (GNOME Keyring, KWallet, KeePassXC): an item
// with the attributes service=tanba and account=NAME. On Windows it is the generic
// credential tanba/NAME of the Credential Manager, on macOS the generic password of
// the service tanba and the account NAME. A keychain that is locked is not unlocked
// here, for nobody is there to answer. Elsewhere Read returns ErrUnsupported.
package keychain

import (
	"context"
	"errors"
)

var (
	// ErrUnsupported says that there is no keychain that can be read.
	ErrUnsupported = errors.New("keychain: none that can be read here")
	// ErrNotFound says that it holds no such secret, or is locked.
	ErrNotFound = errors.New("keychain: no such secret, or locked")
)

// Read returns the secret called name. The caller clears it.
func Read(ctx context.Context, name string) ([]byte, error) { return read(ctx, name) }

package keystore

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"tanba/internal/pki"
)

// Errors of tokens. A token store wraps them as a file store wraps the others;
// ErrWrongPassword is a wrong PIN.
var (
	// ErrPINLocked says that the PIN is blocked; nothing was tried.
	ErrPINLocked = errors.New("keystore: PIN is blocked")
	// ErrLastTry says that one more wrong PIN blocks the token; nothing was
	// tried. TokenStore.UnlockLastTry goes on once the person has confirmed.
	ErrLastTry = errors.New("keystore: last try before the PIN is blocked")
	// ErrPINFormat says that the PIN is too short, too long or of a wrong form;
	// no try was used.
	ErrPINFormat = errors.New("keystore: PIN of a wrong length or form")
	// ErrPINUnset says that the PIN has to be set or changed with the vendor's
	// tool first.
	ErrPINUnset = errors.New("keystore: PIN must be set or changed first")
	// ErrTokenGone says that the token is not there, or no longer.
	ErrTokenGone = fmt.Errorf("%w: token is not there", ErrNotFound)
	// ErrTokenBusy says that another program holds the token.
	ErrTokenBusy = errors.New("keystore: another program uses the token")
	// ErrTokenFailed says that the token or its driver failed; the text of the
	// error names the code.
	ErrTokenFailed = errors.New("keystore: token or its driver failed")
	// ErrTokenSignature says that the token returned something that is no
	// signature of its key. It never leaves.
	ErrTokenSignature = errors.New("keystore: token returned a wrong signature")
	// ErrMechanism says that this key or driver cannot sign this way.
	ErrMechanism = errors.New("keystore: token cannot sign this way")
	// ErrTokenReadOnly says that the token takes no new objects.
	ErrTokenReadOnly = errors.New("keystore: token takes no new keys")
)

// Token is what can be said of an inserted token without a PIN. Info.Storage is
// "" when nothing tells which storage of the sites it is.
type Token struct {
	Info
	ID           string // stable while the token is in: what Tokens.Open takes
	Model        string
	Manufacturer string
	Module       string // name of the PKCS#11 module that shows it
	PIN          PINState
	Problem      string             // catalogue key of what is wrong with it, "" = nothing
	Certificates []*pki.Certificate // those visible before login
}

// PINState is what a token says of its PIN.
type PINState struct {
	Min, Max   int  // length in octets; 0 = unknown
	Left       int  // tries left, exact; -1 = unknown
	Low        bool // at least one wrong try
	LastTry    bool
	Locked     bool
	Unset      bool // not initialised
	MustChange bool
	Pad        bool // typed on the device itself: Unlock takes a nil secret
}

// Tokens are the tokens of this machine. Its methods may be called from several
// goroutines.
type Tokens interface {
	// List returns each token once, however many modules show it. What is wrong
	// with one of them is in its Problem; an error means that nothing could be
	// asked at all.
	List(ctx context.Context) ([]Token, error)
	// Open takes the ID of a Token. The store is a TokenStore.
	Open(ctx context.Context, id string) (TokenStore, error)
}

// TokenStore is a token as a Store. Unlock is exactly one try of the PIN, and
// none when the token says that it would be the last one (ErrLastTry) or that
// the PIN is blocked (ErrPINLocked).
type TokenStore interface {
	Store
	// Token returns the state of now, asked anew.
	Token(ctx context.Context) (Token, error)
	// UnlockLastTry is Unlock for a person who confirmed the last try.
	UnlockLastTry(ctx context.Context, secret []byte) ([]Key, error)
	// Generate makes a key pair that never leaves the token; the store must be
	// unlocked. The signer serves until Close; id finds the pair again.
	Generate(ctx context.Context, family pki.Family, label string) (signer crypto.Signer, id []byte, err error)
	// Import writes a certificate to the pair of that id, with its chain when
	// the token takes it, and reads it back.
	Import(ctx context.Context, id []byte, certificate *pki.Certificate, chain ...*pki.Certificate) error
	// Pending lists pairs that have no certificate yet.
	Pending(ctx context.Context) ([]PendingKey, error)
}

// PendingKey is a key pair on a token that waits for its certificate.
type PendingKey struct {
	ID     []byte
	Label  string
	Public *pki.PublicKey
}

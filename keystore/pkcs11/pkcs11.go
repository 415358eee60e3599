// Package pkcs11 opens hardware tokens through the PKCS#11 modules of their
// vendors.
//
// A vendor's module may crash, hang or leak; none is loaded into this process.
// For each module one helper, tanba-token, is started when somebody asks for
// tokens, and ended a minute after nobody does. It gets slots, handles and
// digests, never a document, and what it answers is checked: every signature is
// verified with the public key of the certificate before it is returned. A
// helper that crashes, that does not answer in time, or that shows no token
// although the reader has a card is replaced by a new one.
//
// # Which modules
//
// Those of the settings first, then, with Options.Discover, known places of
// vendors whose card is in a reader, then the module files of p11-kit (read as
// text; p11-kit itself is never loaded, because its remoting drops every GOST
// mechanism). Paths are absolute; outside the settings a file must belong to the
// system's administrator and be writable by nobody else. A token that two
// modules show is listed once, from the module that comes first.
//
// # PIN
//
// Unlock sends the PIN once, after looking at what the token says of itself, and
// nothing here ever sends one again by itself, but for a PIN that the token has
// just accepted and that the helper holds in locked memory while the store is
// open. It does so for tokens with a key that wants the PIN for every signature
// (CKA_ALWAYS_AUTHENTICATE), and for those without a key, to make one; there the
// PIN also gets back a login that the module lost.
//
// Unlock of a token without keys answers keystore.ErrNoKey, and the store is
// unlocked all the same: Generate can make one.
//
// Stores of one token share its session and its login. A second Unlock while
// another store is open logs out and in again under a lock, for otherwise the
// token would take any PIN; Close of the last store logs out.
//
// # Signatures
//
// The host hashes. RSA keys sign a DigestInfo with CKM_RSA_PKCS, GOST keys a
// digest with CKM_GOSTR3410 or CKM_GOSTR3410_512, and what comes back is in one
// of eight byte orders, found at the first signature and remembered for the
// module's version and the token's model.
//
// Requests to one module stand in one queue, that of its helper. Sign may be
// called from several goroutines, and should: hashing, verifying and the way to
// the helper then cost the token no time.
package pkcs11

import (
	"context"
	"log/slog"
	"time"

	"tanba/internal/state"
)

// Options say where modules are and what the rest of the machine knows of
// tokens. The zero value finds nothing and remembers nothing.
type Options struct {
	Helper   string            // path of tanba-token; "" = beside the executable
	Modules  []Module          // those of the settings, in order of preference
	Storages map[string]string // token label or module name → storage name
	Discover bool              // look for modules beside those of the settings

	// Present returns the ATRs of the cards in the readers; known is false when
	// that cannot be told, and then modules are loaded to find out. Nil is
	// never known.
	Present func(ctx context.Context) (atrs [][]byte, known bool)
	// StorageOfATR returns the storage name that sites use for such a card.
	StorageOfATR func(atr []byte) (string, bool)

	State       state.Dir // where byte orders are remembered; "" = nowhere
	Environment []string  // NAME=value for helpers, beside what modules are known to need
	Log         *slog.Logger
	Timeouts    Timeouts
}

// Module is a module the person or an administrator named.
type Module struct {
	Path    string // absolute, or an RFC 7512 URI with module-path
	Storage string // storage name of its tokens
	Token   string // only this token, by label
	Off     bool   // never load it
}

// Timeouts bound what a module may do. Zero is the default.
type Timeouts struct {
	Start    time.Duration // loading and C_Initialize: 20 s
	Call     time.Duration // any other call: 30 s
	Login    time.Duration // 60 s
	Pad      time.Duration // the PIN is typed on the device: 3 min
	Generate time.Duration // a key pair: 5 min
	Stale    time.Duration // a card without a token, until the helper is replaced: 3 s
	Fresh    time.Duration // List answers from memory: 1 s; negative = never
	Busy     time.Duration // another program holds the token: 5 s
	Idle     time.Duration // a helper without work ends: 1 min
	Farewell time.Duration // Close lets modules log out: 3 s
}

func (t Timeouts) withDefaults() Timeouts {
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{
		{&t.Start, 20 * time.Second}, {&t.Call, 30 * time.Second}, {&t.Login, time.Minute},
		{&t.Pad, 3 * time.Minute}, {&t.Generate, 5 * time.Minute}, {&t.Stale, 3 * time.Second},
		{&t.Fresh, time.Second}, {&t.Busy, 5 * time.Second}, {&t.Idle, time.Minute}, {&t.Farewell, 3 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	return t
}

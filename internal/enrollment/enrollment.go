// Package enrollment is the life of a key from its making to its certificate:
// a new key pair with a request for its certificate, the certificate put beside
// the key, and a new password for a key file.
//
// # Files
//
// A new key lies in a key file of its own from the first moment, under the
// person's password, with a placeholder where the certificate will be. When the
// certificate comes, a second file is written in the authority's layout and
// under the authority's name for it, read back and opened, and only then the
// first one goes. No file that was there is ever overwritten. A file is written
// beside its place, flushed, read back and put in place in one step: whenever
// the machine stops, the old file is whole or the new one is.
//
// # Tokens
//
// On a token the key pair is made by the token and never leaves it; the
// certificate is written beside it and read back.
//
// # What is checked of a certificate
//
// That it holds the public key of the pending key; that it is valid now; that
// it is a person's, organisation's or system's and serves for signing or for
// logging in; that its chain ends at a certification authority the program
// knows. Each has an error of its own.
package enrollment

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"tanba/internal/csr"
	"tanba/internal/pki"
)

// Errors are told apart with errors.Is.
var (
	// ErrOtherKey says that no certificate holds the public key.
	ErrOtherKey = errors.New("enrollment: certificate of another key")
	// ErrNoCertificate says that there was no certificate to be read.
	ErrNoCertificate = errors.New("enrollment: not a certificate")
	// ErrExpired says that the certificate has ended.
	ErrExpired = errors.New("enrollment: certificate has expired")
	// ErrNotYetValid says that the certificate begins later.
	ErrNotYetValid = errors.New("enrollment: certificate is not valid yet")
	// ErrPurpose says that the certificate serves neither for signing nor for
	// logging in.
	ErrPurpose = errors.New("enrollment: certificate serves neither for signing nor for logging in")
	// ErrUnknownCA says that nobody knows who issued the certificate.
	ErrUnknownCA = errors.New("enrollment: unknown certification authority")
	// ErrBrokenChain says that the chain to a known authority does not hold.
	ErrBrokenChain = errors.New("enrollment: broken chain of certificates")
	// ErrExists says that a file of that name is there; nothing was written.
	ErrExists = errors.New("enrollment: file exists")
	// ErrReadOnly says that the folder takes no files.
	ErrReadOnly = errors.New("enrollment: folder cannot be written")
	// ErrDiskFull says that there is no room.
	ErrDiskFull = errors.New("enrollment: disk is full")
	// ErrWrite says that writing failed otherwise; what was there is whole.
	ErrWrite = errors.New("enrollment: cannot write")
	// ErrReadBack says that what was written does not open; it was taken away.
	ErrReadBack = errors.New("enrollment: what was written does not open")
	// ErrNotPending says that the store holds no key that waits for a
	// certificate.
	ErrNotPending = errors.New("enrollment: no key waits for this certificate")
)

// Pending is a key that waits for its certificate.
type Pending struct {
	KeyID   string     // lower-case hex of SHA-1 over the public key
	Family  pki.Family // of the key
	Subject string     // as asked for
	Created time.Time

	Path    string `json:",omitempty"` // of the key file
	Token   string `json:",omitempty"` // serial of the token
	TokenID []byte `json:",omitempty"` // of the pair on the token

	// Application is the number of the application at the authority, as the
	// person typed it.
	Application string `json:",omitempty"`

	// Renews is the serial number of the certificate this key takes the place
	// of, and Signed the request under the signature of that key (CMS).
	Renews string `json:",omitempty"`
	Signed []byte `json:",omitempty"`

	// Installed is the alias of the key that has its certificate; "" = it
	// waits. It is kept for a page that installs the same certificate again.
	Installed string `json:",omitempty"`

	Request []byte `json:",omitempty"` // PKCS#10, DER
}

// keyID names a key as Pending does.
func keyID(public *pki.PublicKey) string { return hex.EncodeToString(public.KeyID()) }

// Check says what a certificate must be to be taken.
type Check struct {
	Anchors *pki.Pool        // the known authorities
	Now     func() time.Time // nil = time.Now
}

// Choose finds the certificate of a key among those that came, in any order,
// checks it, and returns it with its chain, nearest first.
func (c Check) Choose(public *pki.PublicKey, certificates [][]byte) (leaf *pki.Certificate, chain []*pki.Certificate, err error) {
	var all []*pki.Certificate
	for _, der := range certificates {
		cert, err := pki.ParseCertificate(der)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrNoCertificate, err)
		}
		all = append(all, cert)
	}
	for _, cert := range all {
		if !csr.IsPlaceholder(cert) && public.Equal(cert.PublicKey) && (leaf == nil || cert.NotAfter.After(leaf.NotAfter)) {
			leaf = cert
		}
	}
	if leaf == nil {
		return nil, nil, ErrOtherKey
	}
	if err := c.leaf(leaf); err != nil {
		return nil, nil, err
	}
	built, err := c.Anchors.Build(leaf, c.now(), all...)
	switch {
	case errors.Is(err, pki.ErrUnknownIssuer):
		return nil, nil, fmt.Errorf("%w: %w", ErrUnknownCA, err)
	case err != nil:
		return nil, nil, fmt.Errorf("%w: %w", ErrBrokenChain, err)
	}
	for _, cert := range built.Certificates[1:] {
		if !cert.SelfIssued() { // a root in a key file proves nothing
			chain = append(chain, cert)
		}
	}
	return leaf, chain, nil
}

func (c Check) leaf(leaf *pki.Certificate) error {
	switch err := leaf.ValidAt(c.now()); {
	case errors.Is(err, pki.ErrExpired):
		return ErrExpired
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNotYetValid, err)
	}
	if leaf.IsCA || !leaf.CanSign() && !leaf.CanAuthenticate() {
		return ErrPurpose
	}
	return nil
}

func (c Check) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// Package pkcs12 reads and writes the key files of the national certification
// authority (.p12, RFC 7292) and reads those of other programs.
//
// # What opens
//
// Keys of GOST 34.10-2015 (512 and 256), GOST 34.310-2004 and RSA. Contents
// under the old password-based encryption (3DES, RC2) and the new one (PBES2:
// PBKDF2 with AES or 3DES). Integrity by the MAC of RFC 7292 and by PBMAC1
// (RFC 9579). Framing in BER, with indefinite lengths and strings in pieces, or
// in DER. What is not here: integrity or secrecy by public key, RC4, EC and
// Edwards keys. Those answer [ErrUnsupported].
//
// # Order of reading
//
//  1. Bounds: size, nesting, number of elements, iterations (10 million for all
//     derivations of the file together), salts. Nothing is derived before all
//     that can be seen without the password is within them.
//  2. The MAC over the original octets, compared in constant time.
//  3. Everything else.
//
// A store without a MAC opens only when a key in it is encrypted and comes out
// whole: there the key is the proof of the password.
//
// # Keys and certificates
//
// A key is offered with a certificate only when the certificate holds its
// public key. The one with the same localKeyID is taken first, then any other
// certificate of the store with that public key. A certificate that claims a
// key by localKeyID but holds another public key is never offered with it: the
// entry has no certificate and the certificate stays in [Store.Certificates].
//
// # Passwords
//
// Passwords are UTF-8 octets and belong to the caller, who clears them. Copies
// made here (the UTF-16 form, the input of the key derivation) are cleared
// before [Open] and [Encode] return, and so is every decrypted key.
//
// # Why not only go-pkcs12
//
// software.sslmate.com/src/go-pkcs12 refuses BER, hence every national store;
// knows neither GOST keys nor RC2 outside its own walls; has no bound on
// iterations; and takes the password as a string, which nobody can clear. So
// every path that holds a secret is here. Stores that hold certificates only,
// and so no secret, are left to it: see [OpenCertificates]. The tests use it
// as a second opinion on both directions.
package pkcs12

import (
	"crypto"
	"errors"

	"tanba/internal/pki"
)

// Errors are told apart with errors.Is; the text adds what was found.
var (
	// ErrNotPKCS12 says that the data is something else.
	ErrNotPKCS12 = errors.New("pkcs12: not a key store")
	// ErrTruncated says that the data begins as a key store and ends early.
	ErrTruncated = errors.New("pkcs12: key store ends early")
	// ErrCorrupt says that the contents are not what they should be.
	ErrCorrupt = errors.New("pkcs12: key store is damaged")
	// ErrLimits says that a bound on size or work is exceeded.
	ErrLimits = errors.New("pkcs12: key store exceeds limits")
	// ErrUnsupported says that the store uses something not known here.
	ErrUnsupported = errors.New("pkcs12: unsupported key store")
	// ErrIncorrectPassword says that the password is wrong. Damage inside the
	// octets the MAC covers cannot be told from a wrong password.
	ErrIncorrectPassword = errors.New("pkcs12: incorrect password")
	// ErrNoKey says that the store opened and holds no private key.
	ErrNoKey = errors.New("pkcs12: no private key in the store")
)

// Store is an opened key store.
type Store struct {
	// Entries are the private keys in the order of the file.
	Entries []Entry
	// Certificates are all certificates in the order of the file, without
	// repetition.
	Certificates []*pki.Certificate
	// Unread says why certificates of the file are not among them.
	Unread []error
}

// Entry is one private key and what belongs to it.
type Entry struct {
	// Alias is the friendlyName; without one the localKeyID or, failing that,
	// the identifier of the public key, in lower-case hex.
	Alias string
	// LocalKeyID ties the key to its certificate inside the file; may be nil.
	LocalKeyID []byte
	Key        crypto.Signer
	// Certificate holds the public key of Key; nil when the store has none.
	Certificate *pki.Certificate
	// Chain holds the issuer of Certificate, the issuer of that, and so on, as
	// far as the store goes. Each has signed the one before it.
	Chain []*pki.Certificate
}

// Destroy overwrites the private keys. They cannot sign afterwards.
func (s *Store) Destroy() {
	for i := range s.Entries {
		pki.Destroy(s.Entries[i].Key)
		s.Entries[i].Key = nil
	}
	s.Entries = nil
}

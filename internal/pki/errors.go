package pki

import "errors"

// Errors that callers tell apart with errors.Is. The text around them says
// which certificate or field is meant; it never holds key material.
var (
	// ErrMalformed: the octets are not the structure that was expected.
	ErrMalformed = errors.New("malformed encoding")
	// ErrAlgorithm: well formed, but an algorithm or parameter nobody here knows.
	ErrAlgorithm = errors.New("unsupported algorithm")
	// ErrWeakAlgorithm: known and refused: SHA-1 and MD5 signatures, RSA below
	// 2048 bits.
	ErrWeakAlgorithm = errors.New("algorithm too weak")
	// ErrKeyMismatch: a private key that does not belong to the certificate.
	ErrKeyMismatch = errors.New("key does not belong to the certificate")

	// ErrBadSignature: the issuer's key did not make this signature.
	ErrBadSignature = errors.New("signature does not verify")
	// ErrUnknownIssuer: no certificate or anchor of that name and key is at hand.
	ErrUnknownIssuer = errors.New("issuer is not known")
	// ErrNotCA: the issuer is not allowed to issue certificates.
	ErrNotCA = errors.New("issuer is not a certificate authority")
	// ErrConstraint: a rule in a certificate of the path that is broken, or that
	// this package cannot check: path length, name constraints, an unknown
	// critical extension.
	ErrConstraint = errors.New("constraint of the path not met")
	// ErrTooDeep: the path is longer than any real one, or too many candidates
	// carry the same name.
	ErrTooDeep = errors.New("path too long")
	// ErrExpired and ErrNotYetValid: outside the period of validity.
	ErrExpired     = errors.New("certificate has expired")
	ErrNotYetValid = errors.New("certificate is not valid yet")
)

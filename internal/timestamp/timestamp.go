// Package timestamp asks a time-stamping authority (TSA) for RFC 3161 tokens
// and judges them.
//
// # Asking
//
// A Client sends the hash of a signature value to the national authority and
// returns the token for cms.AddTimestamp (CAdES-T). The request is the one
// Kalkan makes: the hash and the policy belong to the family of the signer's
// key, the nonce has 64 bits and may be negative, the certificate of the
// authority is asked for.
//
// The way there is plain HTTP, and anybody may sit on it. So nothing of an
// answer is believed that is not checked: the status, the imprint, the nonce, the
// policy, the time, that the signer's certificate is for time stamps and nothing
// else (RFC 3161 section 2.3), that the signature and the signing-certificate
// attribute are right, and the chain up to a national anchor. One megabyte is
// read at most, redirects lead nowhere but to the same host, and an answer that
// is wrong in any way is an error of its own; see the Err variables. There is no
// answer "without a time stamp".
//
// An address that does not answer is asked again, after a random pause; then the
// next one's turn comes. A refusal by the authority and a wrong answer are final
// for that address.
//
// # Judging
//
// ParseResponse, ParseToken and Token.Verify serve also for tokens that others
// put into signatures. Then there is no nonce to expect, and the imprint may have
// been made with a hash that is not the signer's: NCANode does so, and tokens
// with SHA-1 are still around.
//
// # What it does not do
//
// It does not ask whether the authority's certificate was revoked, and it makes
// no tokens. It does not set the clock, though ErrTime says how far it is off.
package timestamp

import (
	"context"
	"errors"

	"tanba/internal/pki"
)

// Addresses of the national authority.
const (
	// DefaultAddress stamps with certificates of the production system.
	DefaultAddress = "http://tsp.pki.gov.kz"
	// TestAddress belongs to the test system; its tokens chain to test anchors.
	TestAddress = "http://test.pki.gov.kz/tsp/"
)

// Stamper gets a token over a signature value made by a key of the family. It may
// be used by many goroutines at once. *Client is one.
type Stamper interface {
	Stamp(ctx context.Context, family pki.Family, signature []byte) (token []byte, err error)
}

var (
	// ErrUnreachable: no authority answered, or only its web server did, with an
	// error.
	ErrUnreachable = errors.New("timestamp: the authority is out of reach")
	// ErrRefused: the authority gave no token; see RefusedError.
	ErrRefused = errors.New("timestamp: refused by the authority")
	// ErrRedirect: the answer sends us to another host.
	ErrRedirect = errors.New("timestamp: redirected elsewhere")
	// ErrTooLarge: the answer is longer than any real one could be.
	ErrTooLarge = errors.New("timestamp: answer too large")
	// ErrMalformed: the octets are not a response or a token.
	ErrMalformed = errors.New("timestamp: not a time stamp")
	// ErrNonce: the token answers another request.
	ErrNonce = errors.New("timestamp: wrong nonce")
	// ErrImprint: the token is over something else.
	ErrImprint = errors.New("timestamp: wrong imprint")
	// ErrPolicy: the token was issued under another policy.
	ErrPolicy = errors.New("timestamp: wrong policy")
	// ErrTime: the time in the token is too far from the clock of this computer.
	ErrTime = errors.New("timestamp: implausible time")
	// ErrSigner: whoever signed the token may not sign time stamps, or is not
	// named as RFC 3161 section 2.4.2 wants.
	ErrSigner = errors.New("timestamp: not signed by a time-stamping authority")
	// ErrSignature: the signature of the token does not verify.
	ErrSignature = errors.New("timestamp: wrong signature")
	// ErrChain: the authority's certificate does not lead to a trusted anchor.
	ErrChain = errors.New("timestamp: authority not trusted")
)

// Policies of the national authority, one for each hash (pki.md section 1).
var (
	policyGOST2004 = pki.OID{1, 2, 398, 3, 3, 2, 6, 1}
	policyRSA      = pki.OID{1, 2, 398, 3, 3, 2, 6, 2}
	policyGOST2015 = pki.OID{1, 2, 398, 3, 3, 2, 6, 4}
)

// Policy is what the original asks for when it stamps a signature of the family;
// nil if the family is unknown.
func Policy(f pki.Family) pki.OID {
	switch f {
	case pki.GOST512, pki.GOST256:
		return policyGOST2015
	case pki.GOST2004:
		return policyGOST2004
	case pki.RSA:
		return policyRSA
	}
	return nil
}

// Package gost3410 implements the signatures of GOST R 34.10-2012 (RFC 7091;
// in Kazakhstan GOST R 34.10-2015 and, for the oldest keys, GOST 34.310-2004)
// on the three curves of the national PKI.
//
// # Octets
//
// Everything is in the national order: private keys, coordinates, r and s are
// little-endian of fixed length (Curve.Size), a public key is x‖y, a signature
// is r‖s. A digest is the octets of the hash as its package emits them. RFC
// 9215 has the signature the other way round.
//
// # Nonces
//
// A signature with a nonce that was used before, or can be guessed, gives the
// private key away. So the nonce k depends on the key, on the digest and on
// fresh randomness, each enough by itself to keep k from repeating:
//
//	when the key is loaded (RFC 6979 §3.2 b-g, H the hash of the curve):
//	    V = 01…01, K = 00…00
//	    K = HMAC_K(V ‖ 00 ‖ d), V = HMAC_K(V)
//	    K = HMAC_K(V ‖ 01 ‖ d), V = HMAC_K(V)
//	for each signature:
//	    z = Size random octets                   (RFC 6979 §3.6, additional input)
//	    k = HMAC_K(V ‖ e ‖ z ‖ i)                i = 0, 1, … until 0 < k < q
//
// d and e = digest mod q are big-endian of Size octets, i is one octet, and k is
// read big-endian; on the 256-bit curve of order 2^254 + … its two top bits are
// dropped, which leaves it within 2^-130 of uniform. H is Streebog-512 for
// TC26A512, Streebog-256 for TC26A256, GOST 34.311-95 for CryptoProA.
//
// With a broken generator (z constant or known) this is a deterministic
// signature: equal messages give equal signatures, others unrelated nonces.
// With a good one two signatures of one digest differ, so a fault injected into
// one of them reveals nothing about the other, and neither generator nor hash
// is trusted alone. RFC 6979 takes the digest into the first K and runs the
// generator anew for each message, 48 compressions; here what depends on the key
// alone is done once and a message costs one HMAC, 9 compressions. That is a
// pseudo-random function of (e, z, i) under the secret K all the same.
//
// # Faults
//
// Before r and s leave, the point k·G is checked against the equation of the
// curve, and the inverse that brings it to affine form against what it
// inverts; a computation gone wrong yields ErrFault.
//
// # Processors
//
// There is Go code for every processor. On amd64 both fields have
// assembly for BMI2 and ADX, tables are read with AVX2, and the fixed base has
// vector code for AVX-512 IFMA, which works on eight elements at once: eighths of one scalar, or, with
// SignBatch, eight signatures. Which is used shows in nothing but time. The
// build tag purego leaves all of it out.
//
// # Timing
//
// Signing, loading and making keys take time, branches and addresses that do
// not depend on secrets: fixed-size words, fixed-base tables that are read as
// a whole for each digit, and a constant-time inversion. Two exceptions: the
// loop that redraws a nonce out of range (on average never), and the hash of
// the nonce generator, which where it has no vector code indexes tables by
// octets that depend on the secret K: an observer on the same core's cache might
// see that.
// Verification works on public values and takes what time it likes.
//
// Secrets are cleared with Destroy. Go may have copied words of them to the
// stack before; that is not undone.
package gost3410

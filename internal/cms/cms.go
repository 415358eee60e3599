// Package cms makes and checks CMS SignedData (RFC 5652) with the CAdES-BES
// attributes, in the form that Kalkan and NCALayer give it.
//
// # Making
//
// A Signer is bound to one key and its certificate and may be used by many
// goroutines. What it writes differs from what the original writes for the same
// content and time in the signature value only:
//
//   - DER throughout; SignedData version 1, SignerInfo version 1 with issuer and
//     serial number; algorithm identifiers with NULL parameters;
//   - signed attributes contentType, signingTime, signingCertificateV2 (SHA-256
//     of the certificate for every family, hashAlgorithm and issuerSerial
//     omitted) and messageDigest, in DER order;
//   - the certificate of the signer, and its chain when the key store had one.
//
// Everything but time, digest and signature is computed once by NewSigner, so
// Append allocates nothing of its own when dst has room.
//
// AddTo puts one more parallel signature into an existing SignedData. What is
// there stays octet for octet; the SETs are kept in DER order, and there is one
// digestAlgorithms entry per signer, duplicates included, as Kalkan writes them.
//
// # Checking
//
// Parse reads one SignedData, ParseAny also PEM and base64. Both take BER made
// by others (indefinite lengths, constructed strings) through a bounded
// normaliser. Verify judges each signer on its own; its error is nil only if
// there is a signer and all signers are good. It checks the signature over the
// DER encoding of the signed attributes (their SET is sorted first), the
// digest, that the attributes are there exactly once and with one value, that
// the certificate is the one the signer named and, where signingCertificate or
// signingCertificateV2 says so, the one it meant.
//
// # Later years
//
// AddTimestamp, AddValidation and Archive add what CAdES calls T, LT and LTA:
// time-stamp tokens, certificates and revocation data in the fields of
// SignedData, archive time stamps with an index of what they cover
// (ETSI EN 319 122-1). What is added is taken as it is; package verification
// gets it and judges it.
//
// # What it does not do
//
// It does not check the certificate of a signer: its chain, validity and revocation are
// questions for package pki. It does not read timestamp tokens, it only hands
// them out. Nothing below Verified.Certificate is proved by a nil Verified.Err:
// the version of SignedData, further certificates, CRLs and unsigned attributes
// are not signed by anybody.
package cms

import (
	"encoding/asn1"
	"errors"
)

var (
	// ErrNotSignedData: the octets are not one whole ContentInfo with SignedData.
	ErrNotSignedData = errors.New("cms: not SignedData")
	// ErrTooLarge: more octets, signers or attributes than the limits allow.
	ErrTooLarge = errors.New("cms: too large")
	// ErrContentMissing: the signature is detached and neither content nor digest was given.
	ErrContentMissing = errors.New("cms: content missing")
	// ErrDigestMismatch: the content is not what was signed.
	ErrDigestMismatch = errors.New("cms: digest mismatch")
	// ErrSignature: the signature value does not verify.
	ErrSignature = errors.New("cms: wrong signature")
	// ErrSigningCertificate: the signed attribute means another certificate.
	ErrSigningCertificate = errors.New("cms: signing certificate differs")
	// ErrNoCertificate: the signer's certificate is not there or cannot be read.
	ErrNoCertificate = errors.New("cms: no certificate of the signer")
	// ErrAttributes: signed attributes are missing, repeated, malformed or contradict the rest.
	ErrAttributes = errors.New("cms: wrong signed attributes")
	// ErrAlgorithm: an algorithm is unknown or does not fit the others.
	ErrAlgorithm = errors.New("cms: algorithm")
	// ErrNoSigner: there is nobody whose signature could be judged.
	ErrNoSigner = errors.New("cms: no signer")
)

// Limits of what is parsed. The size fits the largest message of the protocol
// (512 MiB of base64); the counts keep the work per octet of input bounded.
const (
	maxSize       = 512 << 20
	maxSigners    = 256
	maxElements   = 1024 // of the sets of certificates, revocation data, digest algorithms
	maxAttributes = 64
	maxCandidates = 8 // certificates that one signer may mean
)

var (
	oidData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

	oidContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidAlgorithmProtection  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 52}
	oidSigningCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidTimestampToken       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}

	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

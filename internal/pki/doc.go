// Package pki knows the national public key infrastructure of Kazakhstan
// (НУЦ РК): its algorithms, keys, names, certificates and trust anchors.
//
// Three things live here.
//
//   - Algorithms. A Family is a signature scheme with its hash: GOST 34.10-2015
//     (512 and 256), GOST 34.310-2004 and RSA with SHA-256. One table holds
//     every object identifier, also the ones only the C library writes.
//     PublicKey, SignDigest and ParsePrivateKey work on all four alike.
//   - Certificates. ParseCertificate is strict DER. It is tolerant only where
//     certificates that people really hold need it: extensions in any order and
//     criticality, serial numbers that are negative or too long, the old string
//     types in names, and one CRL address that holds a line break. It says what
//     people look for: name, ИИН, organisation, БИН, role, what the key is for.
//   - Paths. A Pool finds a path from a certificate to a trust anchor by the
//     rules of RFC 5280 section 6, as far as this infrastructure uses them. An
//     anchor is a name with a public key, not a file; see Anchors.
//
// The package does not ask whether a certificate was revoked and reads no
// network, file or clock.
//
// Everything here may be used by many goroutines at once, except that a
// Certificate must not be changed after it was parsed.
package pki

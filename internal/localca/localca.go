// Package localca makes the certificates that let a browser trust
// wss://127.0.0.1.
//
// Issue creates a certification authority in memory, lets it sign exactly one
// leaf for 127.0.0.1, ::1 and localhost, and destroys the authority's key
// before it returns. Nobody, not even the owner of the machine, can later make
// another certificate that the browser would trust because of it. Should the
// key have been copied all the same, name constraints on DNS and on IP
// addresses (both are needed: with IP constraints alone every verifier measured
// accepts a leaf for any host name) keep it to this machine's loopback.
//
// Source serves the leaf to TLS, looks once in an hour whether a fifth of its
// life or less is left, and swaps a new one in without closing connections.
package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/user"
	"time"
)

const (
	// Lifetime of authority and leaf. Apple allows 825 days to a root the
	// user added; a shorter life needs fewer assumptions.
	Lifetime = 397 * 24 * time.Hour
	// backdate forgives a clock that is a little slow.
	backdate = time.Hour
)

// Bundle is one authority and its only leaf.
type Bundle struct {
	CA   *x509.Certificate
	Leaf *x509.Certificate

	CAPEM, LeafPEM []byte
	LeafKeyPEM     []byte // PKCS#8; the only secret, clear() after use
}

// Fingerprint is the SHA-256 of the authority's certificate, lower-case
// hexadecimal: what trust stores are searched by.
func (b *Bundle) Fingerprint() string { return Fingerprint(b.CA) }

// Fingerprint is the SHA-256 of a certificate in lower-case hexadecimal.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Issue makes an authority named after label and its leaf. A nil random means
// crypto/rand. The authority's key is zeroed before anything is returned.
func Issue(random io.Reader, now time.Time, label string) (*Bundle, error) {
	if random == nil {
		random = rand.Reader
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	defer destroy(caKey)
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	defer destroy(leafKey)

	caSerial, err := serial(random)
	if err != nil {
		return nil, err
	}
	leafSerial, err := serial(random)
	if err != nil {
		return nil, err
	}
	notBefore := now.Add(-backdate).UTC().Truncate(time.Second)
	notAfter := notBefore.Add(Lifetime)

	ca := &x509.Certificate{
		SerialNumber: caSerial,
		Subject: pkix.Name{
			Organization: []string{"Tanba"},
			// The serial makes the subject of each renewal its own, so a
			// store never holds two roots that answer to one name.
			CommonName: fmt.Sprintf("Tanba %s-%x (loopback only)", label, caSerial.Bytes()[:4]),
		},
		NotBefore: notBefore, NotAfter: notAfter,
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		KeyUsage:    x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{"localhost"},
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 1).To4(), Mask: net.CIDRMask(32, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
	caDER, err := x509.CreateCertificate(random, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	caCert, err := x509.ParseCertificate(caDER)
	if err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	leaf := &x509.Certificate{
		SerialNumber: leafSerial,
		Subject:      pkix.Name{Organization: []string{"Tanba"}, CommonName: "127.0.0.1"},
		NotBefore:    notBefore, NotAfter: notAfter,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback},
	}
	leafDER, err := x509.CreateCertificate(random, leaf, caCert, leafKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	leafCert, err := x509.ParseCertificate(leafDER)
	if err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	defer clear(keyDER)
	return &Bundle{
		CA: caCert, Leaf: leafCert,
		CAPEM:      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		LeafPEM:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER}),
		LeafKeyPEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

// Label names the authority after machine and user without telling either:
// eight hexadecimal digits of a hash.
func Label() string {
	host, _ := os.Hostname()
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Uid
	}
	sum := sha256.Sum256([]byte("tanba local ca\x00" + host + "\x00" + name))
	return hex.EncodeToString(sum[:4])
}

// serial draws 20 random octets, positive and never with a leading zero:
// Firefox refuses an issuer and serial it has seen on another certificate.
func serial(random io.Reader) (*big.Int, error) {
	var b [20]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:]), nil
}

// destroy zeroes the scalar's words. The runtime may have moved copies of them;
// nothing of it has been written anywhere.
func destroy(k *ecdsa.PrivateKey) {
	//lint:ignore SA1019 the words behind D are the only mutable form of the scalar
	clear(k.D.Bits())
}

// ErrNoBundle: the state directory holds no usable certificate; issue one.
var ErrNoBundle = errors.New("localca: no certificate yet")

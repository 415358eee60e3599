package pki

import "slices"

// KeyUsage holds the bits of the extension, bit 0 of the standard first.
type KeyUsage uint16

// The bits of RFC 5280 section 4.2.1.3.
const (
	DigitalSignature KeyUsage = 1 << iota
	NonRepudiation
	KeyEncipherment
	DataEncipherment
	KeyAgreement
	KeyCertSign
	CRLSign
	EncipherOnly
	DecipherOnly
)

// Use is what a site wants a key for.
type Use int

const (
	// AnyUse: the site does not say.
	AnyUse Use = iota
	// Authentication: signing in.
	Authentication
	// Signature: signing documents.
	Signature
)

// Serves reports whether the certificate may be used so.
func (c *Certificate) Serves(use Use) bool {
	switch use {
	case Authentication:
		return c.CanAuthenticate()
	case Signature:
		return c.CanSign()
	}
	return true
}

// CanSign reports whether the key is for signing documents: key usage
// nonRepudiation or extended key usage emailProtection.
func (c *Certificate) CanSign() bool {
	return c.signs() && (c.KeyUsage&NonRepudiation != 0 || slices.Contains(c.ExtKeyUsage, UsageEmailProtection))
}

// CanAuthenticate reports whether the key is for signing in: extended key
// usage clientAuth. Certificates since 2022 serve both purposes with one key
// and do not say so: they are told by their policy. Where the extended key
// usages name neither purpose, a key that is not for signatures is for
// signing in.
func (c *Certificate) CanAuthenticate() bool {
	if !c.signs() {
		return false
	}
	if slices.Contains(c.ExtKeyUsage, UsageClientAuth) {
		return true
	}
	if c.combined() {
		return true
	}
	return !slices.Contains(c.ExtKeyUsage, UsageEmailProtection) && c.KeyUsage&NonRepudiation == 0
}

// signs reports whether the key may make signatures of any kind. RFC 5280
// section 4.2.1.12 wants key usage and extended key usage both satisfied, so a
// key for encipherment alone signs nothing, whatever else is written. The keys
// of authorities and services are not for people.
func (c *Certificate) signs() bool {
	if c.IsCA || c.HasKeyUsage && c.KeyUsage&(DigitalSignature|NonRepudiation) == 0 {
		return false
	}
	return !slices.Contains(c.ExtKeyUsage, UsageTimeStamping) && !slices.Contains(c.ExtKeyUsage, UsageOCSPSigning)
}

// combined reports whether the certificate follows the profile of 2022: GOST
// 34.10-2015, one certificate for both purposes.
func (c *Certificate) combined() bool {
	if c.PublicKey.Family != GOST512 && c.PublicKey.Family != GOST256 {
		return false
	}
	return c.KeyUsage&DigitalSignature != 0 && slices.Contains(c.Policies, PolicyCombined)
}

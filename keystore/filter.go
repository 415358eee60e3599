package keystore

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"time"

	"tanba/internal/pki"
)

// Use is what a site wants a key for.
type Use = pki.Use

// The uses of a key.
const (
	AnyUse         = pki.AnyUse
	Authentication = pki.Authentication
	Signature      = pki.Signature
)

// Filter says which keys a site asks for (protocol.md 4.2 to 4.4). All that is
// set must hold; the zero Filter takes every key with a certificate.
type Filter struct {
	Use    Use
	EKU    []string // dotted; the certificate must have each of them
	IIN    string
	BIN    string
	Serial string // hex or decimal
	// Chain says whether the certificate leads to an authority that the site
	// takes; nil takes any.
	Chain func(leaf *pki.Certificate, chain []*pki.Certificate) error
	// RefuseExpired turns the warning about an expired certificate into a
	// refusal. A certificate whose time has not come is always refused: it
	// signs nothing that anybody accepts, and the usual cause is a wrong clock.
	RefuseExpired bool
}

// Verdict says whether a key fits. Reason and Warning are keys of the
// catalogue of texts, or empty.
type Verdict struct {
	Fits    bool
	Reason  string
	Warning string
}

// Reasons why a key does not fit.
const (
	ReasonNoCertificate     = "reason.no_certificate"
	ReasonForAuth           = "reason.for_auth" // the key is for signing in, a signature is wanted
	ReasonForSign           = "reason.for_sign" // the key is for signatures, signing in is wanted
	ReasonOtherPerson       = "reason.other_person"
	ReasonOtherOrganisation = "reason.other_organisation"
	ReasonOtherSerial       = "reason.other_serial"
	ReasonEKU               = "reason.eku"
	ReasonExpired           = "reason.expired"
	ReasonNotYetValid       = "reason.not_yet_valid"
	ReasonChain             = "reason.chain"
)

// Warnings about a key that fits.
const (
	WarningExpired      = "warning.expired"
	WarningNoClientAuth = "warning.no_client_auth"
	WarningExpiresSoon  = "warning.expires_soon"
)

// soon is how long before its end a certificate is spoken of: a key can be
// renewed from home only while it is valid.
const soon = 30 * 24 * time.Hour

// Judge says whether one key fits, as if it were alone; [Filter.JudgeAll] also
// looks at the others. Of several reasons the one that helps the person most
// comes first: whose key it is, then what it is for, then its dates, then its
// chain, which costs most to find out.
func (f Filter) Judge(k Key, now time.Time) Verdict {
	c := k.Certificate()
	if c == nil {
		return Verdict{Reason: ReasonNoCertificate}
	}
	warning := ""
	person := c.Person()
	switch {
	case f.IIN != "" && person.IIN != f.IIN:
		return Verdict{Reason: ReasonOtherPerson}
	case f.BIN != "" && person.BIN != f.BIN:
		return Verdict{Reason: ReasonOtherOrganisation}
	case f.Serial != "" && !sameSerial(c.Serial, f.Serial):
		return Verdict{Reason: ReasonOtherSerial}
	case f.Use == Authentication && !c.CanAuthenticate():
		return Verdict{Reason: ReasonForSign}
	case f.Use == Signature && !c.CanSign():
		return Verdict{Reason: ReasonForAuth}
	}
	for _, oid := range f.EKU {
		switch {
		case c.HasUsage(oid):
		case oid == pki.UsageClientAuth && combined(c):
			warning = WarningNoClientAuth
		default:
			return Verdict{Reason: ReasonEKU}
		}
	}
	switch {
	case now.Before(c.NotBefore):
		return Verdict{Reason: ReasonNotYetValid}
	case now.After(c.NotAfter) && f.RefuseExpired:
		return Verdict{Reason: ReasonExpired}
	case now.After(c.NotAfter):
		warning = WarningExpired
	case warning == "" && c.NotAfter.Sub(now) < soon:
		warning = WarningExpiresSoon
	}
	if f.Chain != nil && f.Chain(c, k.Chain()) != nil {
		return Verdict{Reason: ReasonChain}
	}
	return Verdict{Fits: true, Warning: warning}
}

// JudgeAll judges the keys of a request together. Where the site asks for
// clientAuth and some key that fits has it, a key of the profile of 2022, which
// serves for signing in without saying so, no longer fits (protocol.md 4.3,
// rule 5).
func (f Filter) JudgeAll(keys []Key, now time.Time) []Verdict {
	verdicts := make([]Verdict, len(keys))
	better := false
	for i, k := range keys {
		verdicts[i] = f.Judge(k, now)
		better = better || verdicts[i].Fits && k.Certificate().HasUsage(pki.UsageClientAuth)
	}
	if better && slices.Contains(f.EKU, pki.UsageClientAuth) {
		for i, k := range keys {
			if verdicts[i].Fits && !k.Certificate().HasUsage(pki.UsageClientAuth) {
				verdicts[i] = Verdict{Reason: ReasonEKU}
			}
		}
	}
	return verdicts
}

// combined reports whether the certificate is of the profile of 2022: one key
// for both purposes, without clientAuth.
func combined(c *pki.Certificate) bool {
	return (c.PublicKey.Family == pki.GOST512 || c.PublicKey.Family == pki.GOST256) &&
		slices.Contains(c.Policies, pki.PolicyCombined) && c.CanAuthenticate()
}

// sameSerial compares a serial number with the text of a site, hex or decimal,
// leading zeros ignored. A text that reads both ways may mean either.
func sameSerial(serial []byte, text string) bool {
	const longest = 64 // digits; a serial has at most 20 octets
	text = strings.TrimLeft(strings.TrimSpace(text), "0")
	if len(text) > longest {
		return false
	}
	if text == "" {
		return len(bytes.TrimLeft(serial, "\x00")) == 0
	}
	want := new(big.Int).SetBytes(serial)
	for _, base := range []int{16, 10} {
		// SetString alone would take signs and underscores.
		if strings.Trim(text, "0123456789abcdefABCDEF") == "" {
			if n, ok := new(big.Int).SetString(text, base); ok && n.Cmp(want) == 0 {
				return true
			}
		}
	}
	return false
}

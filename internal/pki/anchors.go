package pki

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Anchor is a trust anchor in the sense of RFC 5280 section 6.1.1: the name and
// key of an authority. It is not a certificate, and its own signature is never
// asked for.
//
// Anchors are known to different degrees, and the fields say how far:
//
//   - PublicKey set: verifies what the authority issued, no file needed.
//   - PublicKey nil, KeyID set: a pin. It verifies nothing until a certificate
//     turns up with this subject and a key that hashes to KeyID; then that
//     certificate's key, period and rights count.
//   - neither: only the name is known, and nothing is trusted for it. Such an
//     entry is there to be shown, so that nobody takes the list for complete.
type Anchor struct {
	Name      string // for people, in English: "NCA GOST 2022"
	Subject   Name
	PublicKey *PublicKey
	// KeyID is the subject key identifier that issued certificates repeat. For
	// a pin it is a hash of the key (see PublicKey.Hashes); the authorities of
	// 2015 and 2018 use four octets of their own instead.
	KeyID []byte
	// NotBefore and NotAfter are zero where the certificate was never seen.
	NotBefore, NotAfter time.Time
	// SHA256 is the certificate's; zero where it was never seen.
	SHA256 [32]byte
	// Production tells the authority people's keys come from; the others are
	// the test systems.
	Production bool
	// Source says where these facts come from.
	Source string
	// URL is where the authority publishes its certificate, where known.
	URL string
}

// Pinned reports whether the anchor needs its certificate before it can verify
// anything.
func (a Anchor) Pinned() bool { return a.PublicKey == nil && len(a.KeyID) > 0 }

// issues reports whether the anchor's name and key identifier, or the hash of
// its key, agree with what a certificate says about its issuer.
func (a Anchor) issues(c *Certificate) bool {
	if !bytes.Equal(a.Subject.Raw(), c.RawIssuer) {
		return false
	}
	if len(c.AuthorityKeyID) == 0 || bytes.Equal(c.AuthorityKeyID, a.KeyID) {
		return true
	}
	return a.PublicKey != nil && a.PublicKey.Hashes(c.AuthorityKeyID)
}

// Anchors returns the built-in anchors of the national authority: those of
// production, of its test systems, or both. They are compiled in; see
// anchors_table.go for each one's source.
func Anchors(production, test bool) []Anchor {
	all := builtin()
	var out []Anchor
	for _, a := range all {
		if a.Production && production || !a.Production && test {
			out = append(out, a)
		}
	}
	return out
}

// anchorFacts is a row of the table in the form in which it can be read.
type anchorFacts struct {
	name       string
	subject    []Attribute
	spki       string // base64
	keyID      string // hex
	from, to   string // RFC 3339
	sha256     string // hex
	production bool
	source     string
	url        string
}

// builtin decodes the table once. The table is constant and a test decodes it,
// so an error cannot happen at run time; if it did, the row would be missing
// and nothing would be trusted for it.
var builtin = sync.OnceValue(func() []Anchor {
	var out []Anchor
	for _, facts := range anchorTable {
		if a, err := facts.decode(); err == nil {
			out = append(out, a)
		}
	}
	return slices.Clip(out)
})

func (f anchorFacts) decode() (Anchor, error) {
	a := Anchor{Name: f.name, Production: f.production, Source: f.source, URL: f.url}
	fail := func(err error) (Anchor, error) { return Anchor{}, fmt.Errorf("anchor %s: %w", f.name, err) }
	var err error
	if a.Subject, err = NewName(f.subject...); err != nil {
		return fail(err)
	}
	if f.spki != "" {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(f.spki), ""))
		if err != nil {
			return fail(err)
		}
		if a.PublicKey, err = ParsePublicKey(der); err != nil {
			return fail(err)
		}
	}
	if a.KeyID, err = hex.DecodeString(f.keyID); err != nil {
		return fail(err)
	}
	if f.from != "" {
		if a.NotBefore, err = time.Parse(time.RFC3339, f.from); err != nil {
			return fail(err)
		}
		if a.NotAfter, err = time.Parse(time.RFC3339, f.to); err != nil {
			return fail(err)
		}
	}
	if f.sha256 != "" {
		sum, err := hex.DecodeString(f.sha256)
		if err != nil || len(sum) != len(a.SHA256) {
			return fail(fmt.Errorf("fingerprint %q", f.sha256))
		}
		copy(a.SHA256[:], sum)
	}
	return a, nil
}

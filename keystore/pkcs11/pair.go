package pkcs11

import (
	"bytes"
	"encoding/hex"
	"slices"

	"tanba/internal/pki"
)

// entry is a private key with one of its certificates, or with none.
type entry struct {
	key         *privateObject
	public      *pki.PublicKey // nil when nothing on the token tells it
	certificate *pki.Certificate
	chain       []*pki.Certificate
}

func (e entry) alias() string {
	switch {
	case e.key.label != "":
		return e.key.label
	case len(e.key.id) > 0:
		return hex.EncodeToString(e.key.id)
	case e.public != nil:
		return hex.EncodeToString(e.public.KeyID())
	}
	return ""
}

// pair gives each private key its certificates: those with its CKA_ID, and
// those with its public key. Labels prove nothing. A certificate with the ID of
// a key whose public half is known and another one is not its certificate.
// What is left over may still be tried by a signature.
func pair(keys []*privateObject, publics []publicObject, certificates []certificateObject) (entries []entry, lonelyKeys []*privateObject, lonelyCertificates []certificateObject) {
	taken := make([]bool, len(certificates))
	all := make([]*pki.Certificate, len(certificates))
	for i, c := range certificates {
		all[i] = c.certificate
	}
	for _, k := range keys {
		public := publicOf(k, publics, keys)
		found := false
		for i, c := range certificates {
			if taken[i] || !k.mayBe(c.certificate.PublicKey.Family) {
				continue
			}
			byID := len(k.id) > 0 && bytes.Equal(k.id, c.id)
			byKey := public != nil && public.Equal(c.certificate.PublicKey)
			if !byKey && (public != nil || !byID) {
				continue
			}
			taken[i], found = true, true
			entries = append(entries, entry{k, c.certificate.PublicKey, c.certificate, chainOf(c.certificate, all)})
		}
		if !found {
			lonelyKeys = append(lonelyKeys, k)
		}
	}
	for i, c := range certificates {
		if !taken[i] && !c.certificate.IsCA {
			lonelyCertificates = append(lonelyCertificates, c)
		}
	}
	return entries, lonelyKeys, lonelyCertificates
}

// publicOf is the public half of a private key: what the key itself shows, or
// the public object with its ID. Where one key has no ID and one public object
// neither, they belong together.
func publicOf(k *privateObject, publics []publicObject, keys []*privateObject) *pki.PublicKey {
	if k.public != nil {
		return k.public
	}
	var without []publicObject
	for _, p := range publics {
		if p.public == nil || !k.mayBe(p.public.Family) {
			continue
		}
		if len(k.id) > 0 && bytes.Equal(k.id, p.id) {
			return p.public
		}
		if len(p.id) == 0 {
			without = append(without, p)
		}
	}
	same := 0
	for _, o := range keys {
		if len(o.id) == 0 && o.keyType == k.keyType {
			same++
		}
	}
	if len(k.id) == 0 && same == 1 && len(without) == 1 {
		return without[0].public
	}
	return nil
}

// chainOf returns the certificates above leaf that the token has, nearest first.
// A name alone is not enough: each must have signed the one before it.
func chainOf(leaf *pki.Certificate, all []*pki.Certificate) []*pki.Certificate {
	var chain []*pki.Certificate
	for current := leaf; !bytes.Equal(current.RawSubject, current.RawIssuer); {
		i := slices.IndexFunc(all, func(c *pki.Certificate) bool {
			return c != leaf && !slices.Contains(chain, c) &&
				bytes.Equal(c.RawSubject, current.RawIssuer) && current.CheckSignatureFrom(c) == nil
		})
		if i < 0 {
			break
		}
		current = all[i]
		chain = append(chain, current)
	}
	return chain
}

package pkcs12

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"slices"

	"tanba/internal/pki"
)

type foundKey struct {
	signer     crypto.Signer
	public     *pki.PublicKey
	name       string
	localKeyID []byte
}

type foundCertificate struct {
	*pki.Certificate
	localKeyID []byte
}

// pair gives each key its certificate and its chain.
func pair(keys []foundKey, found []foundCertificate) *Store {
	s := new(Store)
	for _, c := range found {
		if !slices.ContainsFunc(s.Certificates, func(o *pki.Certificate) bool { return bytes.Equal(o.Raw, c.Raw) }) {
			s.Certificates = append(s.Certificates, c.Certificate)
		}
	}
	for _, k := range keys {
		e := Entry{Alias: k.name, LocalKeyID: bytes.Clone(k.localKeyID), Key: k.signer}
		if e.Alias == "" {
			id := e.LocalKeyID
			if len(id) == 0 {
				id = k.public.KeyID()
			}
			e.Alias = hex.EncodeToString(id)
		}
		if e.Certificate = certificateOf(k, found); e.Certificate != nil {
			e.Chain = chainOf(e.Certificate, s.Certificates)
		}
		s.Entries = append(s.Entries, e)
	}
	return s
}

// certificateOf returns the certificate that holds the public key: the one
// with the key's localKeyID if there is one, else any.
func certificateOf(k foundKey, found []foundCertificate) *pki.Certificate {
	var other *pki.Certificate
	for _, c := range found {
		if !k.public.Equal(c.PublicKey) {
			continue
		}
		if len(k.localKeyID) > 0 && bytes.Equal(k.localKeyID, c.localKeyID) {
			return c.Certificate
		}
		if other == nil {
			other = c.Certificate
		}
	}
	return other
}

// chainOf returns the certificates above leaf, nearest first. A name alone is
// not enough: each must have signed the one before it.
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

package testpki

import (
	"encoding/hex"
	"fmt"

	"tanba/internal/pki"
	"tanba/keystore/pkcs12"
)

// PKCS12 packs an identity as the national authority delivers it, together
// with the name it gives the file: "GOST512_<key identifier>.p12". Real stores
// hold no chain.
func (a *Authority) PKCS12(id *Identity, password []byte, chain ...*pki.Certificate) ([]byte, string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	keyID := id.Certificate.SubjectKeyID
	alias := hex.EncodeToString(keyID)
	store, err := pkcs12.Encode(a.rand, []pkcs12.Entry{{
		Alias:       alias,
		LocalKeyID:  keyID,
		Key:         id.Key,
		Certificate: id.Certificate,
		Chain:       chain,
	}}, password)
	if err != nil {
		return nil, "", fmt.Errorf("testpki: %w", err)
	}
	return store, pkcs12.FileName(id.Certificate), nil
}

package consent

import (
	"tanba/internal/pki"
	"tanba/keystore"
)

// noCertificate is a key without a certificate; only that is asked of it.
type noCertificate struct{ keystore.Key }

func (noCertificate) Certificate() *pki.Certificate { return nil }
func (noCertificate) Alias() string                 { return "alias" }

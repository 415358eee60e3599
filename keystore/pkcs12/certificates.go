package pkcs12

import (
	"fmt"
	"strings"

	library "software.sslmate.com/src/go-pkcs12"

	"tanba/internal/pki"
)

// OpenCertificates reads a trust store: certificates in the form of Java's
// keytool, no keys. Its password is usually "changeit" or empty and guards
// nothing, so it may be a string, and go-pkcs12 may do the work. The bounds are
// checked first, since go-pkcs12 has none of its own.
//
// A store with a private key in sight answers ErrUnsupported: those are for
// [Open].
func OpenCertificates(data []byte, password string) ([]*pki.Certificate, error) {
	b := &budget{defaults}
	p, err := parse(data, b)
	if err != nil {
		return nil, err
	}
	if info := p.info(); info.Keys > 0 {
		return nil, fmt.Errorf("%w: holds a private key", ErrUnsupported)
	}
	der, err := b.normalize(data)
	if err != nil {
		return nil, err
	}
	list, err := library.DecodeTrustStore(der, password)
	switch {
	case err == library.ErrIncorrectPassword || err == library.ErrDecryption:
		return nil, ErrIncorrectPassword
	case err != nil:
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, strings.TrimPrefix(err.Error(), "pkcs12: "))
	}
	certificates := make([]*pki.Certificate, 0, len(list))
	for _, x := range list {
		c, err := pki.ParseCertificate(x.Raw)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
		}
		certificates = append(certificates, c)
	}
	return certificates, nil
}

package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"

	"tanba/internal/pki"
	"tanba/keystore/pkcs12"
)

// certificatesOf reads a file of certificates: PEM blocks, one in DER, or a trust
// store of Java, whose password guards nothing and is one of the two usual ones.
func certificatesOf(path string) ([]*pki.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		c, err := pki.ParseCertificate(data)
		if err == nil {
			return []*pki.Certificate{c}, nil
		}
		for _, password := range []string{"changeit", ""} {
			if certificates, storeErr := pkcs12.OpenCertificates(data, password); storeErr == nil {
				return certificates, nil
			}
		}
		return nil, err
	}
	var certificates []*pki.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := pki.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, c)
	}
	if len(certificates) == 0 {
		return nil, errors.New("no certificate in it")
	}
	return certificates, nil
}

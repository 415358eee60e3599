package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"

	"tanba/internal/pki"
)

// certificatesOf reads a file of certificates: PEM blocks or one in DER.
func certificatesOf(path string) ([]*pki.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		c, err := pki.ParseCertificate(data)
		return []*pki.Certificate{c}, err
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

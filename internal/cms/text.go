package cms

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
)

// ParseAny is Parse for what people and sites have at hand: DER or BER, PEM
// ("BEGIN CMS" as sites write it, "BEGIN PKCS7" as OpenSSL does), or bare base64
// with or without line breaks.
func ParseAny(data []byte) (*SignedData, error) {
	der, err := decode(data)
	if err != nil {
		return nil, err
	}
	return Parse(der)
}

func decode(data []byte) ([]byte, error) {
	if len(data) > 2*maxSize {
		return nil, fmt.Errorf("%w: %d octets", ErrTooLarge, len(data))
	}
	// 0x30 is both SEQUENCE and the letter 0, but base64 of DER starts with M.
	if len(data) > 0 && data[0] == tagSequence {
		return data, nil
	}
	text := bytes.TrimSpace(data)
	if bytes.HasPrefix(text, []byte("-----BEGIN ")) {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, fmt.Errorf("%w: damaged PEM", ErrNotSignedData)
		}
		switch block.Type {
		case "CMS", "PKCS7", "PKCS #7 SIGNED DATA":
		default:
			return nil, fmt.Errorf("%w: PEM of %q", ErrNotSignedData, block.Type)
		}
		if len(bytes.TrimSpace(rest)) > 0 {
			return nil, fmt.Errorf("%w: text after the PEM block", ErrNotSignedData)
		}
		return block.Bytes, nil
	}
	der := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	// The decoder skips line feeds and carriage returns; other white space
	// between the lines is taken out first.
	if bytes.ContainsAny(text, " \t") {
		text = bytes.Join(bytes.Fields(text), nil)
	}
	n, err := base64.StdEncoding.Decode(der, text)
	if err != nil {
		return nil, fmt.Errorf("%w: neither DER nor PEM nor base64", ErrNotSignedData)
	}
	return der[:n], nil
}

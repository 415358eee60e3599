package keychain

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// What keychains hold, as octets. A secret leaves no copy on the way but the one
// that is returned.

var errNotText = errors.New("keychain: the secret is not a text")

// fromUTF16 makes UTF-8 of the little-endian UTF-16 of Windows.
func fromUTF16(b []byte) ([]byte, error) {
	out := make([]byte, 0, len(b)/2*3) // never grows
	for len(b) >= 2 {
		r, size := rune(binary.LittleEndian.Uint16(b)), 2
		if utf16.IsSurrogate(r) {
			if len(b) < 4 {
				break
			}
			r, size = utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b[2:]))), 4
		}
		if r == 0 || size == 4 && r == utf8.RuneError {
			break
		}
		out, b = utf8.AppendRune(out, r), b[size:]
	}
	if len(b) > 0 {
		clear(out)
		return nil, errNotText
	}
	return out, nil
}

// fromSecurity finds the secret in what `security find-generic-password -g` says:
// password: "as it is", or password: 0x and its octets in hexadecimal when one of
// them is not printable ASCII. The result lies in the memory of said.
func fromSecurity(said []byte) ([]byte, error) {
	const label = "password: "
	for line := range bytes.Lines(said) {
		value, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte(label))
		if !ok {
			continue
		}
		if digits, ok := bytes.CutPrefix(value, []byte("0x")); ok {
			digits, _, _ = bytes.Cut(digits, []byte(" "))
			n, err := hex.Decode(digits, digits)
			if err != nil || n == 0 {
				return nil, errNotText
			}
			return digits[:n], nil
		}
		if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
			return nil, ErrNotFound // without anything in it
		}
		return value[1 : len(value)-1], nil // quotes inside are not escaped
	}
	return nil, ErrNotFound
}

package cms

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
)

// Tags met here, with the constructed bit where it belongs.
const (
	tagInteger   = 0x02
	tagOctets    = 0x04
	tagNull      = 0x05
	tagOID       = 0x06
	tagUTCTime   = 0x17
	tagGenTime   = 0x18
	tagSequence  = 0x30
	tagSet       = 0x31
	tagContext0  = 0xa0
	tagContext1  = 0xa1
	tagPrimitive = 0x80 // [0] IMPLICIT of a primitive
)

// headerLen is the length of tag and length octets before n octets of content.
func headerLen(n int) int {
	size := 2
	if n >= 0x80 {
		for ; n > 0; n >>= 8 {
			size++
		}
	}
	return size
}

// fullLen is the length of an element with n octets of content.
func fullLen(n int) int { return headerLen(n) + n }

// appendHeader appends tag and length octets for n octets of content.
func appendHeader(dst []byte, tag byte, n int) []byte {
	dst = append(dst, tag)
	if n < 0x80 {
		return append(dst, byte(n))
	}
	octets := headerLen(n) - 2
	dst = append(dst, 0x80|byte(octets))
	for i := octets - 1; i >= 0; i-- {
		dst = append(dst, byte(n>>(8*i)))
	}
	return dst
}

// element encodes tag, length and the parts one after the other.
func element(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	out := appendHeader(make([]byte, 0, fullLen(n)), tag, n)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// objectIdentifier encodes an OID; an impossible one gives an error.
func objectIdentifier(oid asn1.ObjectIdentifier) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(oid)
	return b.Bytes()
}

// mustOID is for the constants of this package.
func mustOID(oid asn1.ObjectIdentifier) []byte {
	der, err := objectIdentifier(oid)
	if err != nil {
		panic(err) // a constant of this package is wrong; every test would fail
	}
	return der
}

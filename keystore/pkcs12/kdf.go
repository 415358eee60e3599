package pkcs12

import (
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"hash"
	"runtime"
	"unicode/utf16"
	"unicode/utf8"
)

// Purposes of derived octets (RFC 7292, B.3).
const (
	purposeKey = 1
	purposeIV  = 2
	purposeMAC = 3
)

// secret holds the password in the two forms that key derivations want.
type secret struct {
	text []byte // UTF-8, the caller's
	wide []byte // UTF-16BE and a zero character, ours
}

// newSecret converts a password; the result must be wiped.
func newSecret(password []byte) (*secret, error) {
	if !utf8.Valid(password) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrIncorrectPassword)
	}
	// One octet of UTF-8 gives at most two of UTF-16, so nothing is reallocated
	// and no copy stays behind.
	wide := make([]byte, 0, 2*len(password)+2)
	for i := 0; i < len(password); {
		r, size := utf8.DecodeRune(password[i:])
		i += size
		if r1, r2 := utf16.EncodeRune(r); r > 0xffff {
			wide = binary.BigEndian.AppendUint16(wide, uint16(r1))
			wide = binary.BigEndian.AppendUint16(wide, uint16(r2))
		} else {
			wide = binary.BigEndian.AppendUint16(wide, uint16(r))
		}
	}
	return &secret{text: password, wide: append(wide, 0, 0)}, nil
}

// absent turns the empty password into no password at all, which some programs
// write and RFC 7292 B.1 allows for.
func (s *secret) absent() { s.wide = s.wide[:0] }

func (s *secret) wipe() {
	wipe(s.wide[:cap(s.wide)])
	s.text, s.wide = nil, nil
}

// wipe overwrites secret octets for good.
func wipe(b []byte) {
	clear(b)
	runtime.KeepAlive(b)
}

// derive is the key derivation of RFC 7292, appendix B.2.
func derive(newHash func() hash.Hash, password, salt []byte, purpose byte, iterations, size int) []byte {
	h := newHash()
	u, v := h.Size(), h.BlockSize()

	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = purpose
	}
	padded := func(n int) int { return (n + v - 1) / v * v }
	input := make([]byte, padded(len(salt))+padded(len(password)))
	defer wipe(input)
	repeat(input[:padded(len(salt))], salt)
	repeat(input[padded(len(salt)):], password)

	a, b := make([]byte, 0, u), make([]byte, v)
	defer func() { wipe(a[:u]); wipe(b) }()
	out := make([]byte, 0, size+u)
	for {
		h.Reset()
		h.Write(diversifier)
		h.Write(input)
		a = h.Sum(a[:0])
		for range iterations - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		out = append(out, a...)
		if len(out) >= size {
			wipe(out[size:])
			return out[:size:size]
		}
		repeat(b, a)
		for block := input; len(block) > 0; block = block[v:] {
			addOne(block[:v], b)
		}
	}
}

// repeat fills dst with copies of src, the last one cut.
func repeat(dst, src []byte) {
	for len(dst) > 0 && len(src) > 0 {
		dst = dst[copy(dst, src):]
	}
}

// addOne sets a = a + b + 1 modulo its size, big-endian.
func addOne(a, b []byte) {
	carry := 1
	for i := len(a) - 1; i >= 0; i-- {
		carry += int(a[i]) + int(b[i])
		a[i] = byte(carry)
		carry >>= 8
	}
}

// pbkdf2 is PBKDF2 of RFC 8018, 5.2. The standard library has it too, but for
// passwords in a string, which cannot be cleared.
func pbkdf2(newHash func() hash.Hash, password, salt []byte, iterations, size int) []byte {
	prf := hmac.New(newHash, password)
	u := make([]byte, 0, prf.Size())
	defer func() { wipe(u[:cap(u)]) }()
	out := make([]byte, 0, size+prf.Size())
	for block := uint32(1); len(out) < size; block++ {
		prf.Reset()
		prf.Write(salt)
		prf.Write(binary.BigEndian.AppendUint32(nil, block))
		u = prf.Sum(u[:0])
		start := len(out)
		out = append(out, u...)
		for range iterations - 1 {
			prf.Reset()
			prf.Write(u)
			u = prf.Sum(u[:0])
			for i, b := range u {
				out[start+i] ^= b
			}
		}
	}
	wipe(out[size:])
	return out[:size:size]
}

package protocol

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// reverse64 gives the value of a base64 character, or a mark above 63.
var reverse64 = func() (t [256]byte) {
	for i := range t {
		t[i] = notBase64
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['='] = padding
	for _, c := range []byte(blanks) {
		t[c] = blank
	}
	return
}()

const (
	notBase64 = 0xFF
	padding   = 0xFE
	blank     = 0xFD

	blanks = " \t\r\n"
)

// units64 holds the bits of a character at each of the four places of a unit;
// foreign characters set a bit above them.
var units64 = func() (t [4][256]uint32) {
	for c, v := range reverse64 {
		for place := range t {
			t[place][c] = uint32(v) << (18 - 6*place)
			if v > 63 {
				t[place][c] = 1 << 24
			}
		}
	}
	return
}()

// decodeBase64 decodes in place and returns a view of src, which is spent, also
// after an error. It is the basic decoder of java.util.Base64 with its texts:
// missing padding and stray bits in the last character are accepted, every
// foreign character is an error. Only white space is skipped, which Java does
// not do; positions in the texts do not count it.
func decodeBase64(src []byte) ([]byte, error) {
	src = bytes.Trim(src, blanks)
	if len(src) == 0 {
		return []byte{}, nil // an empty document, not a missing one
	}
	if len(src) <= utf8.UTFMax && utf8.RuneCount(src) == 1 {
		return nil, illegalArgument("Input byte[] should at least have 2 bytes for base64 bytes")
	}
	var (
		at, out int    // next character, next octet: out ≤ at*3/4
		seen    int    // characters before at, without blanks
		unit    uint32 // bits of the unfinished unit
		have    int    // characters of it
	)
	for at < len(src) {
		if have == 0 {
			start := at
			n := decodeUnits(src, at, out)
			at, out = at+n, out+n/4*3
			seen += at - start
			if at == len(src) {
				break
			}
		}
		v := reverse64[src[at]]
		if v == padding {
			break
		}
		if v == notBase64 {
			return nil, illegalCharacter(src[at:])
		}
		at++
		if v == blank {
			continue
		}
		seen++
		unit = unit<<6 | uint32(v)
		if have++; have == 4 {
			src[out], src[out+1], src[out+2] = byte(unit>>16), byte(unit>>8), byte(unit)
			out += 3
			unit, have = 0, 0
		}
	}
	if rest := skipBlanks(src[at:]); len(rest) > 0 { // at the padding
		rest, seen = skipBlanks(rest[1:]), seen+1
		if have == 2 && len(rest) > 0 && rest[0] == '=' {
			rest, seen = skipBlanks(rest[1:]), seen+1
		} else if have == 0 || have == 2 {
			return nil, illegalArgument("Input byte array has wrong 4-byte ending unit")
		}
		if have != 1 && len(rest) > 0 {
			return nil, illegalArgument("Input byte array has incorrect ending byte at " + strconv.Itoa(seen))
		}
	}
	switch have {
	case 1:
		return nil, illegalArgument("Last unit does not have enough valid bits")
	case 2:
		src[out] = byte(unit >> 4)
		out++
	case 3:
		src[out], src[out+1] = byte(unit>>10), byte(unit>>2)
		out += 2
	}
	return src[:out:out], nil
}

func skipBlanks(s []byte) []byte { return bytes.TrimLeft(s, blanks) }

// illegalCharacter names the first character of rest as Java does: its Latin-1
// octet as a signed number, a question mark for all that Latin-1 lacks.
func illegalCharacter(rest []byte) error {
	r, _ := utf8.DecodeRune(rest)
	if r > 0xFF {
		r = '?'
	}
	return illegalArgument("Illegal base64 character " + strconv.FormatInt(int64(int8(r)), 16))
}

// decodeContainer decodes a document that may be a CMS. Portals that keep
// signatures as PEM send them back like that for a second signer, so the frame
// is taken off. The original answers "Illegal base64 character 2d".
func decodeContainer(src []byte) ([]byte, error) {
	body := bytes.Trim(src, blanks)
	for _, label := range []string{"CMS", "PKCS7", "PKCS #7 SIGNED DATA"} {
		begin, end := "-----BEGIN "+label+"-----", "-----END "+label+"-----"
		if bytes.HasPrefix(body, []byte(begin)) && bytes.HasSuffix(body, []byte(end)) && len(body) >= len(begin)+len(end) {
			return decodeBase64(body[len(begin) : len(body)-len(end)])
		}
	}
	return decodeBase64(src)
}

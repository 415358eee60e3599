package protocol

import (
	"encoding/base64"
	"slices"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string as org.json does: "</" becomes "<\/",
// U+0080–U+009F and U+2000–U+20FF become \uXXXX, everything else that is
// not a control character, a quote or a backslash goes out as it is.
func appendString[S string | []byte](dst []byte, s S) []byte {
	return append(appendText(append(dst, '"'), s), '"')
}

// appendText writes the inside of a JSON string.
func appendText[S string | []byte](dst []byte, s S) []byte {
	start := 0 // s[start:i] can go out as it is
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if plainASCII[c] || c == '/' && (i == 0 || s[i-1] != '<') {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, size := decodeRune(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
		case r >= 0x80 && r < 0xA0 || r >= 0x2000 && r < 0x2100:
			dst = append(append(dst, s[start:i]...), '\\', 'u',
				hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			i += size
			continue
		}
		i += size
		start = i
	}
	return append(dst, s[start:]...)
}

func decodeRune[S string | []byte](s S) (rune, int) {
	return utf8.DecodeRuneInString(string(s[:min(len(s), utf8.UTFMax)]))
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '\b':
		c = 'b'
	case '\t':
		c = 't'
	case '\n':
		c = 'n'
	case '\f':
		c = 'f'
	case '\r':
		c = 'r'
	case '"', '\\', '/':
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, '\\', c)
}

// plainASCII: what needs no look at its neighbours.
var plainASCII = func() (t [utf8.RuneSelf]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '/'
	}
	return
}()

// appendStrings writes an array of strings.
func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

// appendValue writes a parsed value back. Strings that came unquoted are
// quoted; holes and null come out as null.
func appendValue(dst []byte, v *value) []byte {
	switch v.kind {
	case boolean:
		if v.truth {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case number:
		return appendNumber(dst, v.octets())
	case text:
		return appendString(dst, v.octets())
	case array:
		dst = append(dst, '[')
		for i := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, &v.items[i])
		}
		return append(dst, ']')
	case object:
		dst = append(dst, '{')
		for i := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, v.keys[i]), ':')
			dst = appendValue(dst, &v.items[i])
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// appendNumber writes the token of a number so that strict readers take it:
// org.json reads 01.5, 1. and -.5 as well.
func appendNumber(dst, token []byte) []byte {
	if len(token) > 0 && token[0] == '-' {
		dst, token = append(dst, '-'), token[1:]
	}
	for len(token) > 1 && token[0] == '0' && token[1] >= '0' && token[1] <= '9' {
		token = token[1:]
	}
	if len(token) == 0 || token[0] < '0' || token[0] > '9' {
		dst = append(dst, '0')
	}
	for i, c := range token {
		if c == '.' && (i+1 == len(token) || token[i+1] < '0' || token[i+1] > '9') {
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// appendBase64 writes base64 on one line, straight into dst.
func appendBase64(dst, octets []byte) []byte {
	return base64.StdEncoding.AppendEncode(dst, octets)
}

// appendPEM writes a PEM text as the inside of a JSON string: 64 columns, line
// ends as \n, one after the last marker.
func appendPEM(dst []byte, label string, octets []byte) []byte {
	dst = append(append(append(dst, "-----BEGIN "...), label...), `-----\n`...)
	dst = slices.Grow(dst, (len(octets)/48+1)*66)
	for ; len(octets) > 48; octets = octets[48:] {
		n := len(dst)
		dst = dst[:n+66]
		base64.StdEncoding.Encode(dst[n:n+64], octets[:48])
		dst[n+64], dst[n+65] = '\\', 'n'
	}
	if len(octets) > 0 {
		dst = append(appendBase64(dst, octets), `\n`...)
	}
	return append(append(append(dst, "-----END "...), label...), `-----\n`...)
}

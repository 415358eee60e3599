package xmldsig

import "unicode/utf8"

// Classes of octets.
const (
	nameStart = 1 << iota // production [4] of Namespaces in XML: no colon
	nameChar
	textStop  // ends a plain run of text
	valueStop // ends a plain run of an attribute value
)

var class = func() (t [256]uint8) {
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
			t[c] |= nameStart | nameChar
		case c >= '0' && c <= '9', c == '-', c == '.':
			t[c] |= nameChar
		case c < ' ' && c != '\t' && c != '\n':
			t[c] |= textStop | valueStop
		case c == 0xEF: // may begin U+FFFE or U+FFFF
			t[c] |= textStop | valueStop
		}
	}
	t['<'] |= textStop | valueStop
	t['&'] |= textStop | valueStop
	t[']'] |= textStop
	t['\t'] |= valueStop
	t['\n'] |= valueStop
	t['"'] |= valueStop
	t['\''] |= valueStop
	return t
}()

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// isChar is production [2] of XML 1.0.
func isChar(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// isNameStart and isNameChar are productions [4] and [4a] of the fifth edition
// beyond ASCII. Older parsers know fewer characters; nothing depends on them.
func isNameStart(r rune) bool {
	switch {
	case r >= 0xC0 && r <= 0x2FF:
		return r != 0xD7 && r != 0xF7
	case r >= 0x370 && r <= 0x1FFF:
		return r != 0x37E
	case r >= 0x200C && r <= 0x200D, r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF,
		r >= 0x3001 && r <= 0xD7FF, r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFD,
		r >= 0x10000 && r <= 0xEFFFF:
		return true
	}
	return false
}

func isNameChar(r rune) bool {
	return isNameStart(r) || r == 0xB7 || r >= 0x300 && r <= 0x36F || r >= 0x203F && r <= 0x2040
}

// ncName measures the NCName at the front of the text, 0 for none.
func ncName(text []byte) int {
	at := 0
	for at < len(text) {
		c := text[at]
		if c < utf8.RuneSelf {
			if class[c]&nameChar == 0 || at == 0 && class[c]&nameStart == 0 {
				break
			}
			at++
			continue
		}
		r, size := utf8.DecodeRune(text[at:])
		if at == 0 && !isNameStart(r) || !isNameChar(r) {
			break
		}
		at += size
	}
	return at
}

// qName measures the QName at the front of the text. A name that is cut off at
// a colon or has two is told apart from none by ok.
func qName(text []byte) (length int, colon uint16, ok bool) {
	n := ncName(text)
	if n == 0 {
		return 0, 0, len(text) == 0 || text[0] != ':'
	}
	if n < len(text) && text[n] == ':' {
		local := ncName(text[n+1:])
		end := n + 1 + local
		if local == 0 || n > maxName || end < len(text) && text[end] == ':' {
			return end, 0, false
		}
		return end, uint16(n), end <= maxName
	}
	return n, 0, n <= maxName
}

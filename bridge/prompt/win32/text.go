package win32

import "unicode/utf8"

// appendUTF8 appends UTF-16 as Windows keeps text in UTF-8, without a string on the
// way. Half a pair becomes the replacement character, as everywhere in Go.
func appendUTF8(dst []byte, src []uint16) []byte {
	for i := 0; i < len(src); i++ {
		r := rune(src[i])
		switch {
		case r >= 0xd800 && r < 0xdc00 && i+1 < len(src) && src[i+1]>>10 == 0x37:
			r = (r-0xd800)<<10 + rune(src[i+1]) - 0xdc00 + 0x10000
			i++
		case r >= 0xd800 && r < 0xe000:
			r = utf8.RuneError
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// cyrillic reports whether text has a Cyrillic letter: passwords of keys have none,
// so the layout of the keyboard is the wrong one.
func cyrillic(text []uint16) bool {
	for _, c := range text {
		if c >= 0x400 && c < 0x530 {
			return true
		}
	}
	return false
}

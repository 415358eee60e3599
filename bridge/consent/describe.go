package consent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"tanba/bridge/prompt"
)

// textLimit is how much of a document the window shows.
const textLimit = 64 << 10

// Describe makes the view of a document from the very octets that will be
// signed. It keeps nothing of data: the text is a copy, the digest pins the rest.
func Describe(name string, data []byte) prompt.Document {
	d := DescribeBriefly(name, data)
	if d.Cut {
		d.Cut = false
		part := data
		if len(part) > textLimit {
			part, d.Cut = part[:textLimit], true
		}
		text := decode(part)
		d.Text = readable(text)
		if d.Kind == "xml" {
			describeXML(&d, text)
			if whole := readable(indent(text)); whole != d.Text {
				d.Text, d.Source = whole, d.Text
			}
		}
	}
	return d
}

// DescribeBriefly is Describe without the text and the fields, for the many documents of a
// request of which a person looks at a few.
func DescribeBriefly(name string, data []byte) prompt.Document {
	d := prompt.Document{Name: clean(name), Size: int64(len(data)), SHA256: sha256.Sum256(data), Kind: kind(data)}
	d.Cut = d.Kind == "text" || d.Kind == "xml"
	return d
}

// DescribeDigest is the view of a digest whose document stays with the page.
// SHA256 is that of the digest's octets, as for every document; the digest
// itself is not shown, for nobody can compare it with anything.
func DescribeDigest(name string, digest []byte) prompt.Document {
	return prompt.Document{Name: clean(name), Size: int64(len(digest)), SHA256: sha256.Sum256(digest), Kind: "digest"}
}

// kind tells what the octets are, by their first ones; never by a name.
func kind(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("%PDF-")):
		return "pdf"
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		head := data[:min(len(data), 4096)]
		for _, part := range []string{"[Content_Types].xml", "word/", "xl/", "ppt/", "mimetypeapplication/vnd.oasis"} {
			if bytes.Contains(head, []byte(part)) {
				return "office"
			}
		}
		return "zip"
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return "office"
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")), bytes.HasPrefix(data, []byte("\xff\xd8\xff")),
		bytes.HasPrefix(data, []byte("GIF8")), bytes.HasPrefix(data, []byte("II*\x00")), bytes.HasPrefix(data, []byte("MM\x00*")):
		return "image"
	case isCMS(data):
		return "cms"
	}
	head := data[:min(len(data), textLimit)]
	if isCoded(head) {
		head = []byte(decode(head))
	}
	text := bytes.TrimLeft(head, "\ufeff \t\r\n")
	switch {
	case !looksLikeText(text):
		return "binary"
	case bytes.HasPrefix(text, []byte("<")) && bytes.IndexByte(text, '>') >= 0 && len(text) > 2 && (text[1] == '?' || text[1] == '!' || text[1] == '_' || unicode.IsLetter(firstRune(text[1:]))):
		return "xml"
	}
	return "text"
}

// isCMS recognises ContentInfo of SignedData: SEQUENCE, then 1.2.840.113549.1.7.2.
func isCMS(data []byte) bool {
	head := data[:min(len(data), 32)]
	return len(head) > 0 && head[0] == 0x30 &&
		bytes.Contains(head, []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02})
}

func firstRune(s []byte) rune {
	r, _ := utf8.DecodeRune(s)
	return r
}

// looksLikeText: valid UTF-8 but perhaps for a cut last character, and no
// control characters that texts do not have.
func looksLikeText(s []byte) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		if c := s[i]; c >= 0xd0 && c < 0xd4 && i+1 < len(s) && s[i+1]&0xc0 == 0x80 { // Cyrillic
			i += 2
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError && len(s)-i > utf8.UTFMax {
			return false
		}
		i += n
	}
	return true
}

// isCoded tells whether the octets are text in another code than UTF-8.
func isCoded(data []byte) bool {
	if len(data) >= 2 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff) {
		return true
	}
	if !bytes.HasPrefix(data, []byte("<?")) { // most documents end here
		return false
	}
	head := bytes.ToLower(data[:min(len(data), 100)])
	return bytes.HasPrefix(head, []byte("<?xml")) && (bytes.Contains(head, []byte("windows-1251")) || bytes.Contains(head, []byte("cp1251")))
}

// decode turns octets into text: UTF-16 by its mark, windows-1251 if an XML
// declaration says so and they are no UTF-8 (a page's string is Unicode whatever
// its declaration says), UTF-8 otherwise.
func decode(data []byte) string {
	if !isCoded(data) {
		return string(data)
	}
	if len(data) >= 2 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff) {
		var order binary.ByteOrder = binary.LittleEndian
		if data[0] == 0xfe {
			order = binary.BigEndian
		}
		units := make([]uint16, 0, len(data)/2)
		for p := data[2:]; len(p) >= 2; p = p[2:] {
			units = append(units, order.Uint16(p))
		}
		return string(utf16.Decode(units))
	}
	if looksLikeText(data) {
		return string(data)
	}
	if s, err := charmap.Windows1251.NewDecoder().Bytes(data); err == nil {
		return string(s)
	}
	return string(data)
}

// readable replaces what would change how the text looks without being seen
// (bidi overrides, zero-width and control characters) by its name in brackets.
func readable(s string) string {
	s = strings.TrimPrefix(s, "\ufeff")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		if n := plain(s); n > 0 {
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n <= 1 && len(s) < utf8.UTFMax {
			break // the last character was cut
		}
		s = s[n:]
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co), r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0':
			const hex = "0123456789ABCDEF"
			b.WriteString("⟦U+")
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&15])
			}
			b.WriteString("⟧")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain is how much of s surely is what it looks like: ASCII that prints, and
// Cyrillic.
func plain(s string) int {
	i := 0
	for i < len(s) {
		switch c := s[i]; {
		case c >= ' ' && c < 0x7f, c == '\n', c == '\t':
			i++
		case c >= 0xd0 && c < 0xd4 && i+1 < len(s) && s[i+1]&0xc0 == 0x80: // U+0400 to U+04FF
			i += 2
		default:
			return i
		}
	}
	return i
}

package protocol

import (
	"strings"
	"unicode/utf8"
)

// content reads one piece of what stands inside an element.
func (s *xmlScanner) content() *xmlError {
	if err := s.characters(); err != nil {
		return err
	}
	switch {
	case s.at == len(s.in):
		return s.cutOff()
	case s.in[s.at] == '&':
		return s.reference()
	case s.has("</"):
		return s.endTag()
	case s.has("<!--"):
		return s.comment()
	case s.has("<![CDATA["):
		return s.cdata()
	case s.has("<?"):
		return s.instruction()
	case s.at+1 == len(s.in):
		return s.cutOff()
	case s.nameLength(s.at+1) > 0:
		return s.element()
	}
	s.at += 1
	if s.in[s.at] == '!' {
		s.at++
		if rest := s.in[s.at:]; strings.HasPrefix("--", rest) || strings.HasPrefix("[CDATA[", rest) {
			return s.cutOff()
		}
	}
	return s.fail(xmlContent)
}

// characters skips character data up to the next markup.
func (s *xmlScanner) characters() *xmlError {
	for s.at < len(s.in) {
		c := s.in[s.at]
		switch {
		case c == '<' || c == '&':
			return nil
		case c == ']' && s.has("]]>"):
			s.at += len("]]>")
			return s.fail(xmlCDATAEnd)
		case c >= ' ' && c < utf8.RuneSelf || isBlank(c):
			s.at++
		default:
			size, err := s.character("element content of the document")
			if err != nil {
				return err
			}
			s.at += size
		}
	}
	return nil
}

// character measures the character at the scanner, which must be one of XML.
func (s *xmlScanner) character(where string) (int, *xmlError) {
	r, size := utf8.DecodeRuneInString(s.in[s.at:])
	if !isXMLChar(r) {
		return 0, s.fail("An invalid XML character (Unicode: 0x%x) was found in the %s.", r, where)
	}
	return size, nil
}

// skipTo moves behind the next mark and checks the characters before it.
func (s *xmlScanner) skipTo(mark, where string) *xmlError {
	n := strings.Index(s.in[s.at:], mark)
	end := s.at + n
	if n < 0 {
		end = len(s.in)
	}
	for s.at < end {
		if c := s.in[s.at]; c >= ' ' && c < utf8.RuneSelf || isBlank(c) {
			s.at++
			continue
		}
		size, err := s.character(where)
		if err != nil {
			return err
		}
		s.at += size
	}
	if n < 0 {
		return s.cutOff()
	}
	s.at += len(mark)
	return nil
}

func (s *xmlScanner) comment() *xmlError {
	s.at += len("<!--")
	if err := s.skipTo("--", "comment"); err != nil {
		return err
	}
	switch s.peek(0) {
	case '>':
		s.at++
		return nil
	case 0:
		return s.cutOff()
	}
	return s.fail(xmlDashes)
}

func (s *xmlScanner) cdata() *xmlError {
	s.at += len("<![CDATA[")
	return s.skipTo("]]>", "CDATA section")
}

func (s *xmlScanner) instruction() *xmlError {
	s.at += len("<?")
	n := s.nameLength(s.at)
	target := s.in[s.at : s.at+n]
	s.at += n
	switch {
	case n == 0 && s.at == len(s.in):
		return s.cutOff()
	case n == 0:
		return s.fail(xmlPITarget)
	case strings.EqualFold(target, "xml"):
		return s.fail(xmlPIName)
	case target == "xml-stylesheet":
		return s.fail("The processing instruction \"xml-stylesheet\" is disallowed.")
	case !isBlank(s.peek(0)) && !s.has("?>") && s.at < len(s.in):
		return s.fail(xmlPISpace)
	}
	return s.skipTo("?>", "processing instruction")
}

// reference reads &name; or &#number;. Without a document type there are five
// names.
func (s *xmlScanner) reference() *xmlError {
	s.at++
	if s.peek(0) == '#' {
		return s.characterReference()
	}
	n := s.nameLength(s.at)
	name := s.in[s.at : s.at+n]
	s.at += n
	switch {
	case s.at == len(s.in):
		return s.cutOff()
	case n == 0:
		return s.fail(xmlRefName)
	case s.in[s.at] != ';':
		return s.fail("The reference to entity \"%s\" must end with the ';' delimiter.", name)
	}
	s.at++
	switch name {
	case "amp", "lt", "gt", "quot", "apos":
		return nil
	}
	return s.fail("The entity \"%s\" was referenced, but not declared.", name)
}

func (s *xmlScanner) characterReference() *xmlError {
	start := s.at
	s.at++
	base := rune(10)
	if s.peek(0) == 'x' {
		base = 16
		s.at++
	}
	var r rune
	digits := s.at
	for {
		c := rune(s.peek(0))
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case base == 16 && c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case base == 16 && c >= 'A' && c <= 'F':
			c -= 'A' - 10
		case s.at == len(s.in):
			return s.cutOff()
		case s.at == digits && base == 16:
			return s.fail("A hexadecimal representation must immediately follow the \"&#x\" in a character reference.")
		case s.at == digits:
			return s.fail("A decimal representation must immediately follow the \"&#\" in a character reference.")
		case c != ';':
			return s.fail("The character reference must end with the ';' delimiter.")
		default:
			s.at++
			if !isXMLChar(r) {
				return s.fail("Character reference \"&%s\" is an invalid XML character.", strings.TrimSuffix(s.in[start:s.at], ";"))
			}
			return nil
		}
		r = min(r*base+c, utf8.MaxRune+1)
		s.at++
	}
}

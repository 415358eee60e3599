package protocol

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of an XML document.
const (
	maxXMLDepth      = 256
	maxXMLAttributes = 1000
	maxXMLNamespaces = 256 // prefixes in scope
)

// checkXML says whether a document is well-formed XML 1.0 with namespaces, in
// one pass and before anybody is asked to sign it. Document types, and with
// them entities, are refused, and so are style sheets: what is signed must be
// what is shown. The errors are those of Xerces, which the original puts into
// its replies.
func checkXML(document string) error {
	if !utf8.ValidString(document) {
		return &exception{message: "Invalid byte of a UTF-8 sequence."}
	}
	s := &xmlScanner{in: document}
	if strings.HasPrefix(document, "\uFEFF") {
		s.at = len("\uFEFF")
	}
	err := s.document()
	if err == nil {
		return nil
	}
	line, column := position(document[:err.at])
	return &exception{message: fmt.Sprintf("org.xml.sax.SAXParseException; lineNumber: %d; columnNumber: %d; %s", line, column, err.message)}
}

// position counts as SAX does: from 1, columns in UTF-16 units.
func position(before string) (line, column int) {
	line = 1 + strings.Count(before, "\n") + strings.Count(before, "\r") - strings.Count(before, "\r\n")
	last := before[strings.LastIndexAny(before, "\n\r")+1:]
	column = 1
	for _, r := range last {
		column += utf16.RuneLen(r)
	}
	return line, column
}

type xmlError struct {
	at      int
	message string
}

// Texts of Xerces.
const (
	xmlPremature = "Premature end of file."
	xmlCutOff    = "XML document structures must start and end within the same entity."
	xmlInProlog  = "Content is not allowed in prolog."
	xmlTrailing  = "Content is not allowed in trailing section."
	xmlPreRoot   = "The markup in the document preceding the root element must be well-formed."
	xmlPostRoot  = "The markup in the document following the root element must be well-formed."
	xmlContent   = "The content of elements must consist of well-formed character data or markup."
	xmlDoctype   = `DOCTYPE is disallowed when the feature "http://apache.org/xml/features/disallow-doctype-decl" set to true.`
	xmlDashes    = `The string "--" is not permitted within comments.`
	xmlPITarget  = "The processing instruction must begin with the name of the target."
	xmlPIName    = `The processing instruction target matching "[xX][mM][lL]" is not allowed.`
	xmlPISpace   = "White space is required between the processing instruction target and data."
	xmlCDATAEnd  = `The character sequence "]]>" must not appear in content unless used to mark the end of a CDATA section.`
	xmlRefName   = "The entity name must immediately follow the '&' in the entity reference."
)

// xmlScanner walks over a document.
type xmlScanner struct {
	in    string
	at    int
	open  []xmlElement // elements not closed yet
	bound []xmlBinding // namespace prefixes in scope
	names []xmlAttribute
}

type xmlElement struct {
	name  string
	bound int // length of xmlScanner.bound outside
}

func (s *xmlScanner) fail(format string, args ...any) *xmlError {
	return &xmlError{s.at, fmt.Sprintf(format, args...)}
}

// cutOff is the error at the end of the text.
func (s *xmlScanner) cutOff() *xmlError {
	s.at = len(s.in)
	return s.fail(xmlCutOff)
}

func (s *xmlScanner) document() *xmlError {
	if s.has("<?xml") && (isBlank(s.peek(5)) || s.peek(5) == '?') {
		if err := s.declaration(); err != nil {
			return err
		}
	}
	if err := s.misc(xmlInProlog); err != nil {
		return err
	}
	switch {
	case s.at == len(s.in):
		return s.fail(xmlPremature)
	case s.has("<!DOCTYPE"):
		s.at += len("<!DOCTYPE")
		return s.fail(xmlDoctype)
	case s.peek(1) == '!':
		s.at += len("<!")
		return s.fail(xmlPreRoot)
	case s.peek(1) != 0 && s.nameLength(s.at+1) == 0:
		s.at++
		return s.fail(xmlPreRoot)
	}
	if err := s.element(); err != nil {
		return err
	}
	for len(s.open) > 0 {
		if err := s.content(); err != nil {
			return err
		}
	}
	if err := s.misc(xmlTrailing); err != nil {
		return err
	}
	if s.at < len(s.in) {
		s.at++
		if s.at == len(s.in) {
			return s.cutOff()
		}
		return s.fail(xmlPostRoot)
	}
	return nil
}

// declaration reads <?xml version="1.0" …?>. The encoding it names says nothing
// about a text that came in a JSON string.
func (s *xmlScanner) declaration() *xmlError {
	end := strings.Index(s.in[s.at:], "?>")
	if end < 0 {
		return s.cutOff()
	}
	end += s.at
	s.at += len("<?xml")
	expected := []string{"version", "encoding", "standalone"}
	for {
		rest := strings.TrimLeft(s.in[s.at:end], blanks)
		if rest == "" {
			break
		}
		blank := len(rest) < end-s.at
		s.at = end - len(rest)
		name, val, ok := strings.Cut(rest, "=")
		name, val = strings.TrimRight(name, blanks), strings.TrimLeft(val, blanks)
		i := slices.Index(expected, name)
		if !ok || !blank || i < 0 {
			return s.fail("A pseudo attribute name is expected.")
		}
		if i > 0 && len(expected) == 3 {
			break
		}
		expected = expected[i+1:]
		if val == "" || val[0] != '"' && val[0] != '\'' {
			return s.fail(`The value following "%s" in the XML declaration must be a quoted string.`, name)
		}
		val, rest, ok = strings.Cut(val[1:], val[:1])
		if !ok {
			return s.fail(`The value following "%s" in the XML declaration must be a quoted string.`, name)
		}
		s.at = end - len(rest)
		switch {
		case name == "version" && val != "1.0":
			return s.fail(`XML version "%s" is not supported, only XML 1.0 is supported.`, val)
		case name == "encoding" && !isEncodingName(val):
			return s.fail(`Invalid encoding name "%s".`, val)
		case name == "standalone" && val != "yes" && val != "no":
			return s.fail(`The standalone document declaration value must be "yes" or "no", not "%s".`, val)
		}
	}
	if len(expected) == 3 {
		return s.fail("The version is required in the XML declaration.")
	}
	s.at = end + len("?>")
	return nil
}

// isEncodingName is production 81.
func isEncodingName(name string) bool {
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return name != ""
}

// misc skips comments, processing instructions and white space outside the
// root, and stops before other markup or at the end.
func (s *xmlScanner) misc(foreign string) *xmlError {
	for {
		for isBlank(s.peek(0)) {
			s.at++
		}
		var err *xmlError
		switch {
		case s.has("<!--"):
			err = s.comment()
		case s.has("<?"):
			err = s.instruction()
		case s.at == len(s.in) || s.in[s.at] == '<':
			return nil
		default:
			return s.fail("%s", foreign)
		}
		if err != nil {
			return err
		}
	}
}

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

func (s *xmlScanner) has(prefix string) bool { return strings.HasPrefix(s.in[s.at:], prefix) }

// peek returns the octet n after the scanner, 0 behind the end.
func (s *xmlScanner) peek(n int) byte {
	if s.at+n >= len(s.in) {
		return 0
	}
	return s.in[s.at+n]
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// isXMLChar is production 2 of XML 1.0.
func isXMLChar(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

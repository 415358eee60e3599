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

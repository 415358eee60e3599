package protocol

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

type (
	xmlAttribute struct{ name, value string }
	xmlBinding   struct{ prefix, uri string }
)

const (
	namespaceXML   = "http://www.w3.org/XML/1998/namespace"
	namespaceXMLNS = "http://www.w3.org/2000/xmlns/"
)

const xmlNotQName = "Element or attribute do not match QName production: QName::=(NCName':')?NCName."

// element reads a start tag or an empty element.
func (s *xmlScanner) element() *xmlError {
	s.at++
	n := s.nameLength(s.at)
	if n == 0 {
		return s.cutOff() // a lone < at the end
	}
	name := s.in[s.at : s.at+n]
	s.at += n
	if len(s.open) == maxXMLDepth {
		return s.fail("The document is nested deeper than %d elements.", maxXMLDepth)
	}
	outside := len(s.bound)
	s.names = s.names[:0]
	for {
		blank := isBlank(s.peek(0))
		for isBlank(s.peek(0)) {
			s.at++
		}
		switch {
		case s.at == len(s.in):
			return s.cutOff()
		case s.in[s.at] == '>':
			s.at++
			if err := s.namespaces(name); err != nil {
				return err
			}
			s.open = append(s.open, xmlElement{name, outside})
			return nil
		case s.has("/>"):
			s.at += len("/>")
			err := s.namespaces(name)
			s.bound = s.bound[:outside]
			return err
		case s.has("/"):
			if s.at++; s.at == len(s.in) {
				return s.cutOff()
			}
			fallthrough
		case !blank || s.nameLength(s.at) == 0:
			return s.fail(`Element type "%s" must be followed by either attribute specifications, ">" or "/>".`, name)
		}
		if err := s.attribute(name); err != nil {
			return err
		}
	}
}

func (s *xmlScanner) attribute(element string) *xmlError {
	n := s.nameLength(s.at)
	name := s.in[s.at : s.at+n]
	s.at += n
	if len(s.names) == maxXMLAttributes {
		return s.fail("An element has more than %d attributes.", maxXMLAttributes)
	}
	for isBlank(s.peek(0)) {
		s.at++
	}
	if s.peek(0) != '=' {
		if s.at == len(s.in) {
			return s.cutOff()
		}
		return s.fail(`Attribute name "%s" associated with an element type "%s" must be followed by the ' = ' character.`, name, element)
	}
	s.at++
	for isBlank(s.peek(0)) {
		s.at++
	}
	quote := s.peek(0)
	if quote != '"' && quote != '\'' {
		if s.at == len(s.in) {
			return s.cutOff()
		}
		return s.fail(`Open quote is expected for attribute "%s" associated with an  element type  "%s".`, name, element)
	}
	s.at++
	for start := s.at; ; {
		c := s.peek(0)
		switch {
		case s.at == len(s.in):
			return s.cutOff()
		case c == quote:
			s.names = append(s.names, xmlAttribute{name, s.in[start:s.at]})
			s.at++
			return nil
		case c == '<':
			return s.fail(`The value of attribute "%s" associated with an element type "%s" must not contain the '<' character.`, name, element)
		case c == '&':
			if err := s.reference(); err != nil {
				return err
			}
		case c >= ' ' && c < utf8.RuneSelf || isBlank(c):
			s.at++
		default:
			size, err := s.character(`value of attribute "` + name + `" and element is "` + element + `"`)
			if err != nil {
				return err
			}
			s.at += size
		}
	}
}

// namespaces binds the prefixes a start tag declares, looks up those it uses
// and compares its attributes.
func (s *xmlScanner) namespaces(element string) *xmlError {
	for _, a := range s.names {
		prefix, prefixed := strings.CutPrefix(a.name, "xmlns:")
		switch {
		case !prefixed && a.name != "xmlns":
		case prefixed && (prefix == "" || strings.Contains(prefix, ":")):
			return s.fail(xmlNotQName)
		case prefix == "xmlns" && prefixed || a.value == namespaceXMLNS:
			return s.fail(`The prefix "xmlns" cannot be bound to any namespace explicitly; neither can the namespace for "xmlns" be bound to any prefix explicitly.`)
		case (prefix == "xml") != (a.value == namespaceXML):
			return s.fail(`The prefix "xml" cannot be bound to any namespace other than its usual namespace; neither can the namespace for "xml" be bound to any prefix other than "xml".`)
		case !prefixed:
		case a.value == "":
			return s.fail(`The value of the attribute "prefix="xmlns",localpart="%s",rawname="%s"" is invalid. Prefixed namespace bindings may not be empty.`, prefix, a.name)
		case len(s.bound) == maxXMLNamespaces:
			return s.fail("More than %d namespaces are in scope.", maxXMLNamespaces)
		default:
			s.bound = append(s.bound, xmlBinding{prefix, a.value})
		}
	}
	if prefix, _, ok := s.qualified(element); !ok {
		return s.fail(xmlNotQName)
	} else if _, ok := s.lookUp(prefix); !ok {
		return s.fail(`The prefix "%s" for element "%s" is not bound.`, prefix, element)
	}
	for i, a := range s.names {
		prefix, local, ok := s.qualified(a.name)
		if !ok {
			return s.fail(xmlNotQName)
		}
		uri, ok := s.lookUp(prefix)
		if !ok {
			return s.fail(`The prefix "%s" for attribute "%s" associated with an element type "%s" is not bound.`, prefix, a.name, element)
		}
		s.names[i] = xmlAttribute{local, uri} // from here on: what must be unique
	}
	if a, again := repeated(s.names); again && a.value != "" {
		return s.fail(`Attribute "%s" bound to namespace "%s" was already specified for element "%s".`, a.name, a.value, element)
	} else if again {
		return s.fail(`Attribute "%s" was already specified for element "%s".`, a.name, element)
	}
	return nil
}

// repeated finds two equal members; it may reorder the list.
func repeated(list []xmlAttribute) (a xmlAttribute, again bool) {
	compare := func(a, b xmlAttribute) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	}
	if len(list) > 1 {
		slices.SortFunc(list, compare)
	}
	for i := 1; i < len(list); i++ {
		if list[i] == list[i-1] {
			return list[i], true
		}
	}
	return a, false
}

// qualified cuts a qualified name; ok is false when it is not one.
func (s *xmlScanner) qualified(name string) (prefix, local string, ok bool) {
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		return "", name, true
	}
	first, _ := utf8.DecodeRuneInString(local)
	return prefix, local, prefix != "" && local != "" && !strings.Contains(local, ":") && isNameStart(first)
}

// lookUp finds the namespace of an attribute's prefix. The default namespace
// does not count: attributes without a prefix have none.
func (s *xmlScanner) lookUp(prefix string) (uri string, ok bool) {
	switch prefix {
	case "":
		return "", true
	case "xml":
		return namespaceXML, true
	case "xmlns":
		return namespaceXMLNS, true
	}
	for i := len(s.bound) - 1; i >= 0; i-- {
		if s.bound[i].prefix == prefix {
			return s.bound[i].uri, true
		}
	}
	return "", false
}

func (s *xmlScanner) endTag() *xmlError {
	element := s.open[len(s.open)-1]
	s.at += len("</")
	n := s.nameLength(s.at)
	if s.in[s.at:s.at+n] != element.name {
		if strings.HasPrefix(element.name, s.in[s.at:]) {
			return s.cutOff()
		}
		return s.fail(`The element type "%s" must be terminated by the matching end-tag "</%s>".`, element.name, element.name)
	}
	s.at += n
	for isBlank(s.peek(0)) {
		s.at++
	}
	switch {
	case s.at == len(s.in):
		return s.cutOff()
	case s.in[s.at] != '>':
		return s.fail(`The end-tag for element type "%s" must end with a '>' delimiter.`, element.name)
	}
	s.at++
	s.open = s.open[:len(s.open)-1]
	s.bound = s.bound[:element.bound]
	return nil
}

// nameLength measures the Name at an offset, 0 for none.
func (s *xmlScanner) nameLength(at int) int {
	start := at
	for at < len(s.in) {
		c := s.in[at]
		if c < utf8.RuneSelf {
			if nameASCII[c] == 0 || at == start && nameASCII[c] == 1 {
				break
			}
			at++
			continue
		}
		r, size := utf8.DecodeRuneInString(s.in[at:])
		if at == start && !isNameStart(r) || !isNameChar(r) {
			break
		}
		at += size
	}
	return at - start
}

// nameASCII: 2 may begin a name, 1 may stand inside one.
var nameASCII = func() (t [utf8.RuneSelf]byte) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':':
			t[c] = 2
		case c >= '0' && c <= '9', c == '-', c == '.':
			t[c] = 1
		}
	}
	return
}()

// isNameStart and isNameChar are productions 4 and 4a of XML 1.0, fifth
// edition, which takes more than the fourth that Xerces knows.
func isNameStart(r rune) bool {
	if r < utf8.RuneSelf {
		return nameASCII[r] == 2
	}
	return r >= 0xC0 && r <= 0x2FF && r != 0xD7 && r != 0xF7 || r >= 0x370 && r <= 0x1FFF && r != 0x37E ||
		r == 0x200C || r == 0x200D || r >= 0x2070 && r <= 0x218F || r >= 0x2C00 && r <= 0x2FEF ||
		r >= 0x3001 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFFD || r >= 0x10000 && r <= 0xEFFFF
}

func isNameChar(r rune) bool {
	if r < utf8.RuneSelf {
		return nameASCII[r] > 0
	}
	return isNameStart(r) || r == 0xB7 || r >= 0x300 && r <= 0x36F || r == 0x203F || r == 0x2040
}

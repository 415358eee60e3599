package consent

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// outline is an XML text as far as its fields need it: the root and the elements
// that hold nothing but text.
type outline struct {
	root   leaf
	leaves []leaf // in document order; not the root
	more   bool   // the text says something that is neither in root nor in leaves
	deep   bool   // an element is neither the root nor its child
}

type leaf struct {
	name       string // local name
	prefixed   bool
	attributes []attribute // with namespaces
	value      string      // white space collapsed
}

type attribute struct{ name, value string }

// said are the attributes that are not namespaces.
func (l *leaf) said() []attribute {
	return slices.DeleteFunc(slices.Clone(l.attributes), func(a attribute) bool { return a.namespace() })
}

func (a attribute) namespace() bool { return a.name == "xmlns" || strings.HasPrefix(a.name, "xmlns:") }

// declaration is one that says nothing but what XML lets it say.
var declaration = regexp.MustCompile(`^<\?xml\s+version=["'][0-9.]+["'](?:\s+encoding=["'][A-Za-z0-9._-]+["'])?(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>$`)

// outlineOf reads an XML text from its beginning; cut tells that its end is
// missing. It resolves no entity but the five and character references. False: it
// is not well-formed, or has a DOCTYPE, so that nothing can be said about it.
func outlineOf(s string, cut bool) (o outline, ok bool) {
	o.more = cut
	type open struct {
		name   string
		leaf   leaf
		parent bool // has children
	}
	var stack []open
	var text strings.Builder
	literal := func(t string) {
		if len(stack) == 0 {
			o.more = o.more || strings.TrimSpace(t) != ""
			return
		}
		text.WriteString(t)
	}
	// mixed: text beside elements belongs to no field.
	mixed := func() {
		o.more = o.more || strings.TrimSpace(text.String()) != ""
		text.Reset()
	}
	keep := func(l leaf, isRoot, parent bool) {
		l.value = strings.Join(strings.Fields(text.String()), " ")
		text.Reset()
		switch {
		case isRoot:
			o.root = l
		case !parent:
			o.leaves = append(o.leaves, l)
		case len(l.said()) > 0:
			o.more = true
		}
	}
	roots, rest := 0, s
	for len(s) > 0 {
		if s[0] != '<' {
			n := strings.IndexByte(s, '<')
			if n < 0 {
				n = len(s)
			}
			t, known := unescape(s[:n])
			o.more = o.more || !known
			literal(t)
			s = s[n:]
			continue
		}
		n := markup(s)
		tag := s[:n]
		s = s[n:]
		switch {
		case strings.HasPrefix(tag, "<![CDATA["):
			literal(strings.TrimSuffix(tag[len("<![CDATA["):], "]]>"))
		case len(rest) == len(tag)+len(s) && declaration.MatchString(tag):
		case strings.HasPrefix(tag, "<!--"), strings.HasPrefix(tag, "<?"):
			o.more = true // it is signed as well
		case strings.HasPrefix(tag, "<!"):
			return o, false
		case !strings.HasSuffix(tag, ">"):
			return o, cut && roots > 0 // the tag was cut
		case strings.HasPrefix(tag, "</"):
			if len(stack) == 0 || stack[len(stack)-1].name != strings.TrimRight(tag[2:len(tag)-1], " \t\r\n") {
				return o, false
			}
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if top.parent {
				mixed()
			}
			keep(top.leaf, len(stack) == 0, top.parent)
		default:
			name := tagName(tag)
			attributes, ok := attributesOf(tag)
			if !ok || name == "" {
				return o, false
			}
			l := leaf{name: local(name), prefixed: strings.Contains(name, ":"), attributes: attributes}
			o.deep = o.deep || len(stack) > 1
			if len(stack) == 0 {
				if roots++; roots > 1 {
					return o, false
				}
				o.root = l // its end may be cut
			} else {
				mixed()
				stack[len(stack)-1].parent = true
			}
			if strings.HasSuffix(tag, "/>") {
				keep(l, len(stack) == 0, false)
				continue
			}
			stack = append(stack, open{name: name, leaf: l})
		}
	}
	return o, roots == 1 && (cut || len(stack) == 0)
}

// tagName is the qualified name of a start tag.
func tagName(tag string) string {
	name := strings.TrimSuffix(strings.TrimSuffix(tag[1:], ">"), "/")
	if i := strings.IndexAny(name, " \t\r\n"); i >= 0 {
		name = name[:i]
	}
	return name
}

func local(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// attributesOf are the attributes of a start tag; false when something else is
// in it.
func attributesOf(tag string) (list []attribute, ok bool) {
	s := strings.TrimSuffix(strings.TrimSuffix(tag[1+len(tagName(tag)):], ">"), "/")
	for {
		if s = strings.TrimLeft(s, " \t\r\n"); s == "" {
			return list, true
		}
		name, rest, found := strings.Cut(s, "=")
		name, rest = strings.TrimRight(name, " \t\r\n"), strings.TrimLeft(rest, " \t\r\n")
		if !found || name == "" || strings.ContainsAny(name, " \t\r\n\"'") || rest == "" || rest[0] != '"' && rest[0] != '\'' {
			return nil, false
		}
		end := strings.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil, false
		}
		value, _ := unescape(rest[1 : 1+end])
		list = append(list, attribute{name, strings.Join(strings.Fields(value), " ")})
		s = rest[end+2:]
	}
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": `"`}

// unescape resolves references; known is false when one stayed as it was.
func unescape(s string) (out string, known bool) {
	if strings.IndexByte(s, '&') < 0 {
		return s, true
	}
	var b strings.Builder
	known = true
	for {
		before, rest, found := strings.Cut(s, "&")
		b.WriteString(before)
		if !found {
			return b.String(), known
		}
		end := strings.IndexByte(rest[:min(len(rest), 12)], ';') // longer ones stay as they are
		name, after, ended := "", "", end >= 0
		if ended {
			name, after = rest[:end], rest[end+1:]
		}
		t, ok := entities[name]
		if number, numeric := strings.CutPrefix(name, "#"); numeric {
			base := 10
			if hex, is := strings.CutPrefix(number, "x"); is {
				number, base = hex, 16
			}
			n, err := strconv.ParseUint(number, base, 21)
			if ok = err == nil && n > 0 && utf8.ValidRune(rune(n)); ok {
				t = string(rune(n))
			}
		}
		if !ended || !ok {
			b.WriteByte('&')
			s, known = rest, false
			continue
		}
		b.WriteString(t)
		s = after
	}
}

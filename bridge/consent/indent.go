package consent

import "strings"

// indentDepth bounds the white space that hostile nesting can ask for.
const indentDepth = 24

// indent puts the tags of an XML text on lines of their own, moved to the right
// by their depth, so that a person can read it. It changes only the view: white
// space between two tags is replaced, every other character stays. It neither
// resolves entities nor believes the text to be well-formed.
func indent(s string) string {
	var b strings.Builder
	depth := 0
	line := func() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.Repeat("  ", min(max(depth, 0), indentDepth)))
	}
	afterTag, opened := true, false
	for len(s) > 0 {
		if s[0] != '<' {
			text := s
			if i := strings.IndexByte(s, '<'); i >= 0 {
				text = s[:i]
			}
			s = s[len(text):]
			if strings.TrimSpace(text) != "" {
				b.WriteString(strings.TrimRight(text, " \t\r\n"))
				afterTag = false
			}
			continue
		}
		n := markup(s)
		tag := s[:n]
		s = s[n:]
		closing := strings.HasPrefix(tag, "</")
		if closing {
			depth--
		}
		// <a>text</a> and <a></a> stay on one line.
		if afterTag && !(closing && opened) {
			line()
		}
		b.WriteString(tag)
		opened = !closing && !strings.HasPrefix(tag, "<?") && !strings.HasPrefix(tag, "<!") && !strings.HasSuffix(tag, "/>")
		if opened {
			depth++
		}
		afterTag = true
	}
	return b.String()
}

// markup is the length of the tag, comment, CDATA section or instruction at the
// beginning of s.
func markup(s string) int {
	for _, p := range [][2]string{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}} {
		if strings.HasPrefix(s, p[0]) {
			if i := strings.Index(s[len(p[0]):], p[1]); i >= 0 {
				return len(p[0]) + i + len(p[1])
			}
			return len(s)
		}
	}
	quote := byte(0)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(s)
}

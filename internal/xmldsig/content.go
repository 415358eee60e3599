package xmldsig

import (
	"bytes"
	"unicode/utf8"
)

// content reads one thing inside an element.
func (r *reader) content() *SyntaxError {
	if r.at == len(r.src) {
		name := r.bytes(r.nodes[r.open[len(r.open)-1]].text)
		return fail(ErrSyntax, "the document ends inside the element %s", name)
	}
	if r.src[r.at] != '<' {
		return r.text()
	}
	if r.peek(1) == '/' {
		return r.endTag()
	}
	return r.markup()
}

// markup reads what begins with < and is no end tag.
func (r *reader) markup() *SyntaxError {
	switch {
	case r.peek(1) == '?':
		return r.instruction()
	case r.peek(1) != '!':
		return r.element()
	case r.has("<!--"):
		return r.comment()
	case r.has("<![CDATA[") && len(r.open) > 0:
		return r.cdata()
	case r.has("<!DOCTYPE"):
		return fail(ErrDoctype, "")
	}
	return fail(ErrSyntax, "unknown markup")
}

// run collects text that may have to be rewritten on its way: the octets from
// start on are taken as they are until edit is called.
type run struct {
	start   int
	arena   int
	rewrite bool
}

// edit replaces the octets [r.at, next) of the input by text.
func (r *reader) edit(u *run, next int, text ...byte) {
	if !u.rewrite {
		u.rewrite = true
		u.arena = len(r.arena)
	}
	r.arena = append(append(r.arena, r.src[u.start:r.at]...), text...)
	r.at, u.start = next, next
}

func (r *reader) finish(u *run) span {
	if !u.rewrite {
		return span{uint32(u.start), uint32(r.at)}
	}
	r.arena = append(r.arena, r.src[u.start:r.at]...)
	return span{uint32(u.arena) | inArena, uint32(len(r.arena)) | inArena}
}

// lineEnd replaces CR LF and CR by LF (XML 1.0 section 2.11).
func (r *reader) lineEnd(u *run) {
	if r.peek(1) == '\n' {
		r.edit(u, r.at+1) // the LF follows as itself
	} else {
		r.edit(u, r.at+1, '\n')
	}
}

// forbidden refuses characters outside production [2] at an octet that can
// begin one, and steps over it otherwise.
func (r *reader) forbidden() *SyntaxError {
	c := r.src[r.at]
	if c < ' ' {
		return fail(ErrSyntax, "character U+%04X is not allowed", c)
	}
	if c == 0xEF && r.peek(1) == 0xBF && r.peek(2) >= 0xBE {
		return fail(ErrSyntax, "character U+FFF%X is not allowed", r.peek(2)&0x0F)
	}
	r.at++
	return nil
}

func (r *reader) text() *SyntaxError {
	u := run{start: r.at}
	for r.at < len(r.src) {
		c := r.src[r.at]
		if class[c]&textStop == 0 {
			r.at++
			continue
		}
		if c == '<' {
			break
		}
		switch c {
		case '\r':
			r.lineEnd(&u)
		case '&':
			if err := r.reference(&u); err != nil {
				return err
			}
		case ']':
			if r.has("]]>") {
				return fail(ErrSyntax, "]]> outside a CDATA section")
			}
			r.at++
		default:
			if err := r.forbidden(); err != nil {
				return err
			}
		}
	}
	r.add(node{kind: textNode, text: r.finish(&u)})
	return nil
}

// reference replaces a character reference or one of the five entities.
func (r *reader) reference(u *run) *SyntaxError {
	rest := r.src[r.at+1:]
	if len(rest) > 0 && rest[0] == '#' {
		return r.character(u, rest[1:])
	}
	n := ncName(rest)
	if n == 0 || n >= len(rest) || rest[n] != ';' {
		return fail(ErrSyntax, "& begins no reference")
	}
	var c byte
	switch string(rest[:n]) {
	case "lt":
		c = '<'
	case "gt":
		c = '>'
	case "amp":
		c = '&'
	case "quot":
		c = '"'
	case "apos":
		c = '\''
	default:
		return fail(ErrEntity, "&%.40s;", rest[:n])
	}
	r.edit(u, r.at+n+2, c)
	return nil
}

func (r *reader) character(u *run, rest []byte) *SyntaxError {
	base, at := rune(10), 0
	if len(rest) > 0 && rest[0] == 'x' {
		base, at = 16, 1
	}
	digits := at
	var value rune
	for ; at < len(rest); at++ {
		c := rest[at]
		var digit rune
		switch {
		case c >= '0' && c <= '9':
			digit = rune(c - '0')
		case base == 16 && c|0x20 >= 'a' && c|0x20 <= 'f':
			digit = rune(c|0x20-'a') + 10
		default:
			digit = -1
		}
		if digit < 0 {
			break
		}
		if value <= utf8.MaxRune { // more digits cannot make it valid again
			value = value*base + digit
		}
	}
	if at == digits || at == len(rest) || rest[at] != ';' {
		return fail(ErrSyntax, "& begins no character reference")
	}
	if !isChar(value) {
		return fail(ErrSyntax, "a reference to a character that is not allowed")
	}
	var buf [utf8.UTFMax]byte
	r.edit(u, r.at+len("&#")+at+len(";"), buf[:utf8.EncodeRune(buf[:], value)]...)
	return nil
}

// literal takes text up to a terminator; only line ends change in it.
func (r *reader) literal(terminator string) (span, *SyntaxError) {
	end := bytes.Index(r.src[r.at:], []byte(terminator))
	if end < 0 {
		r.at = len(r.src)
		return span{}, fail(ErrSyntax, "%s is missing", terminator)
	}
	end += r.at
	u := run{start: r.at}
	for r.at < end {
		c := r.src[r.at]
		switch {
		case class[c]&textStop == 0 || c == '<' || c == '&' || c == ']':
			r.at++
		case c == '\r':
			r.lineEnd(&u)
		default:
			if err := r.forbidden(); err != nil {
				return span{}, err
			}
		}
	}
	s := r.finish(&u)
	r.at = end + len(terminator)
	return s, nil
}

func (r *reader) comment() *SyntaxError {
	r.at += len("<!--")
	s, err := r.literal("--")
	if err != nil {
		return err
	}
	if r.peek(0) != '>' {
		return fail(ErrSyntax, "-- inside a comment")
	}
	r.at++
	r.add(node{kind: commentNode, text: s})
	return nil
}

func (r *reader) cdata() *SyntaxError {
	r.at += len("<![CDATA[")
	s, err := r.literal("]]>")
	if err != nil {
		return err
	}
	if s.length() > 0 {
		r.add(node{kind: cdataNode, text: s})
	}
	return nil
}

func (r *reader) instruction() *SyntaxError {
	r.at += len("<?")
	n := ncName(r.src[r.at:])
	target := span{uint32(r.at), uint32(r.at + n)}
	name := r.src[r.at : r.at+n]
	switch {
	case n == 0:
		return fail(ErrSyntax, "a processing instruction without a target")
	case bytes.EqualFold(name, []byte("xml")):
		return fail(ErrSyntax, "an XML declaration that is not at the beginning")
	case bytes.EqualFold(name, []byte("xml-stylesheet")):
		return fail(ErrStyle, "")
	}
	r.at += n
	if !r.blanks() && !r.has("?>") {
		return fail(ErrSyntax, "white space is missing after the target %.40s", name)
	}
	s, err := r.literal("?>")
	if err != nil {
		return err
	}
	r.add(node{kind: instructionNode, text: target, data: s})
	return nil
}

package xmldsig

import "strconv"

// The serializer writes a document as the original gives it back after it has
// parsed it: the output of the JDK's identity transformer over a DOM.
//
//   - declarations of namespaces first, then attributes, each sorted by name;
//     a declaration that repeats what is in force is left out;
//   - on the root element the declaration of its own prefix comes before them;
//   - double quotes; empty elements as <a/>; CDATA sections stay;
//   - > is always escaped; characters beyond U+FFFF, and U+007F to U+009F in
//     text, become decimal references;
//   - nothing but comments and instructions outside the root, without line
//     feeds between them.
var (
	plainText  = newEscapes(withSupplementary(map[byte]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#13;", 0x7F: "&#127;", 0xC2: ""}))
	plainValue = newEscapes(withSupplementary(map[byte]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\t': "&#9;", '\n': "&#10;", '\r': "&#13;"}))
)

// withSupplementary marks the first octets of characters beyond U+FFFF; so does
// 0xC2 for U+0080 to U+00BF. appendEscaped knows what to do with them.
func withSupplementary(list map[byte]string) map[byte]string {
	for c := byte(0xF0); c <= 0xF4; c++ {
		list[c] = ""
	}
	return list
}

// serialize appends everything below the document node. The fragment becomes
// the last child of parent; it is asked for when the namespaces in force there
// are known.
func (d *Document) serialize(out []byte, parent uint32, fragment func(out []byte, inForce []binding) []byte) []byte {
	w := d.borrow()
	open, marks, force := w.open, w.marks, w.rendered
	defer func() { w.open, w.marks, w.rendered = open, marks, force }()
	end := uint32(len(d.nodes))
	for i := uint32(1); ; i++ {
		for k := len(open) - 1; k >= 0 && d.nodes[open[k]].end == i; k-- {
			if open[k] == parent {
				out = fragment(out, force)
			}
			out = append(out, "</"...)
			out = append(out, d.bytes(d.nodes[open[k]].text)...)
			out = append(out, '>')
			force = force[:marks[k]]
			open, marks = open[:k], marks[:k]
		}
		if i >= end {
			return out
		}
		n := &d.nodes[i]
		text := d.bytes(n.text)
		switch n.kind {
		case elementNode:
			outside := len(force)
			out = append(append(out, '<'), text...)
			out, force = d.serializeAttributes(out, n, force, i == d.root)
			if n.end == i+1 && i != parent {
				out = append(out, "/>"...)
				force = force[:outside]
				break
			}
			out = append(out, '>')
			open, marks = append(open, i), append(marks, outside)
		case textNode:
			out = appendEscaped(out, text, plainText)
		case cdataNode:
			out = append(append(append(out, "<![CDATA["...), text...), "]]>"...)
		case commentNode:
			out = append(append(append(out, "<!--"...), text...), "-->"...)
		case instructionNode:
			out = append(append(out, "<?"...), text...)
			if n.data.length() > 0 {
				out = append(append(out, ' '), d.bytes(n.data)...)
			}
			out = append(out, "?>"...)
		}
	}
}

func (d *Document) serializeAttributes(out []byte, n *node, force []binding, root bool) ([]byte, []binding) {
	own := d.declarations(n)
	first := -1
	if root {
		for k := range own {
			if d.equal(own[k].name, prefix(n.text, n.colon)) {
				first = k
				out, force = d.serializeDeclaration(out, &own[k], force)
			}
		}
	}
	for k := range own {
		if k != first {
			out, force = d.serializeDeclaration(out, &own[k], force)
		}
	}
	list := d.attributes(n)
	for k := range list {
		out = append(append(out, ' '), d.bytes(list[k].name)...)
		out = appendValue(out, d.bytes(list[k].value))
	}
	return out, force
}

func (d *Document) serializeDeclaration(out []byte, a *attribute, force []binding) ([]byte, []binding) {
	if a.uri == xmlURI || d.at(force, a.name) == a.uri {
		return out, force
	}
	out = append(out, " xmlns"...)
	if a.name.length() > 0 {
		out = append(append(out, ':'), d.bytes(a.name)...)
	}
	return appendValue(out, d.bytes(a.value)), append(force, binding{a.name, a.uri})
}

func appendValue(out, value []byte) []byte {
	out = append(out, `="`...)
	out = appendEscaped(out, value, plainValue)
	return append(out, '"')
}

// appendEscaped writes text or a value. The text is valid UTF-8.
func appendEscaped(out, text []byte, e *escapes) []byte {
	start := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		k := e.index[c]
		if k == 0 {
			continue
		}
		length := 1
		code := -1
		switch {
		case c >= 0xF0:
			length = 4
			code = int(c&0x07)<<18 | int(text[i+1]&0x3F)<<12 | int(text[i+2]&0x3F)<<6 | int(text[i+3]&0x3F)
		case c == 0xC2:
			if text[i+1] >= 0xA0 {
				continue
			}
			length = 2
			code = int(text[i+1])
		}
		out = append(out, text[start:i]...)
		if code >= 0 {
			out = append(out, "&#"...)
			out = append(strconv.AppendInt(out, int64(code), 10), ';')
		} else {
			out = append(out, e.text[k]...)
		}
		start = i + length
		i = start - 1
	}
	return append(out, text[start:]...)
}

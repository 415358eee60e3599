package xmldsig

import (
	"bytes"
	"cmp"
	"slices"
)

// element reads a start tag or an empty element.
func (r *reader) element() *SyntaxError {
	start := r.at + 1
	length, colon, ok := qName(r.src[start:])
	switch {
	case !ok:
		return fail(ErrNamespace, "the name of an element has a colon too many or is too long")
	case length == 0:
		return fail(ErrSyntax, "< begins no markup")
	case len(r.open) == 0 && r.root != 0:
		return fail(ErrSyntax, "there is a second root element")
	case len(r.open) == maxDepth:
		return fail(ErrTooDeep, "")
	}
	r.at = start + length
	n := node{kind: elementNode, colon: colon, text: span{uint32(start), uint32(r.at)}, first: uint32(len(r.attrs))}
	name := r.src[start:r.at]
	empty := false
	for {
		blank := r.blanks()
		switch {
		case r.at == len(r.src):
			return fail(ErrSyntax, "the document ends inside a tag of %s", name)
		case r.src[r.at] == '>':
			r.at++
		case r.has("/>"):
			r.at += 2
			empty = true
		case !blank:
			return fail(ErrSyntax, "unexpected character in a tag of %s", name)
		default:
			if err := r.attribute(name, len(r.attrs)-int(n.first)); err != nil {
				return err
			}
			continue
		}
		break
	}
	outside := len(r.bound)
	if err := r.namespaces(&n); err != nil {
		return err
	}
	i := r.add(n)
	if len(r.open) == 0 {
		r.root = i
	}
	if empty {
		r.bound = r.bound[:outside]
	} else {
		r.open = append(r.open, i)
		r.marks = append(r.marks, outside)
	}
	return nil
}

func (r *reader) endTag() *SyntaxError {
	last := len(r.open) - 1
	n := &r.nodes[r.open[last]]
	name := r.bytes(n.text)
	at := r.at + len("</")
	if !bytes.HasPrefix(r.src[at:], name) {
		return fail(ErrSyntax, "the end tag of %s is expected", name)
	}
	r.at = at + len(name)
	r.blanks()
	if r.peek(0) != '>' {
		return fail(ErrSyntax, "the end tag of %s is expected", name)
	}
	r.at++
	n.end = uint32(len(r.nodes))
	r.bound = r.bound[:r.marks[last]]
	r.open, r.marks = r.open[:last], r.marks[:last]
	return nil
}

func (r *reader) attribute(element []byte, have int) *SyntaxError {
	length, colon, ok := qName(r.src[r.at:])
	switch {
	case !ok:
		return fail(ErrNamespace, "the name of an attribute of %s has a colon too many or is too long", element)
	case length == 0:
		return fail(ErrSyntax, "unexpected character in a tag of %s", element)
	case have == maxAttributes:
		return fail(ErrTooMany, "%s has more than %d attributes", element, maxAttributes)
	}
	a := attribute{name: span{uint32(r.at), uint32(r.at + length)}, colon: colon}
	r.at += length
	name := r.bytes(a.name)
	r.blanks()
	if r.peek(0) != '=' {
		return fail(ErrSyntax, "attribute %s of %s has no value", name, element)
	}
	r.at++
	r.blanks()
	quote := r.peek(0)
	if quote != '"' && quote != '\'' {
		return fail(ErrSyntax, "the value of attribute %s of %s is not quoted", name, element)
	}
	r.at++
	var err *SyntaxError
	if a.value, err = r.value(quote); err != nil {
		return err
	}
	r.at++
	switch {
	case string(name) == "xmlns":
		a.declaration = true
		a.name.start = a.name.end
	case colon == 5 && string(name[:5]) == "xmlns":
		a.declaration = true
		a.name.start += uint32(len("xmlns:"))
		a.colon = 0
	}
	r.attrs = append(r.attrs, a)
	return nil
}

// value reads an attribute value and normalises it as for type CDATA (XML 1.0
// section 3.3.3): white space becomes a space, unless it was written as a
// reference.
func (r *reader) value(quote byte) (span, *SyntaxError) {
	u := run{start: r.at}
	for r.at < len(r.src) {
		c := r.src[r.at]
		if class[c]&valueStop == 0 {
			r.at++
			continue
		}
		switch c {
		case quote:
			return r.finish(&u), nil
		case '"', '\'':
			r.at++
		case '<':
			return span{}, fail(ErrSyntax, "< in an attribute value")
		case '&':
			if err := r.reference(&u); err != nil {
				return span{}, err
			}
		case '\r':
			if r.peek(1) == '\n' {
				r.edit(&u, r.at+2, ' ')
				continue
			}
			fallthrough
		case '\t', '\n':
			r.edit(&u, r.at+1, ' ')
		default:
			if err := r.forbidden(); err != nil {
				return span{}, err
			}
		}
	}
	return span{}, fail(ErrSyntax, "the document ends inside an attribute value")
}

// namespaces sorts the attributes of a start tag, binds the prefixes it
// declares and looks up those it uses.
func (r *reader) namespaces(n *node) *SyntaxError {
	list := r.attrs[n.first:]
	if len(list) > 0 {
		r.sort(list)
	}
	for i := range list {
		a := &list[i]
		if i > 0 && a.declaration == list[i-1].declaration && r.equal(a.name, list[i-1].name) {
			return fail(ErrSyntax, "attribute %s of %s is there twice", r.shown(a), r.bytes(n.text))
		}
		if !a.declaration {
			n.attributes++
			continue
		}
		n.namespaces++
		if err := r.declare(a); err != nil {
			return err
		}
	}
	var ok bool
	if n.uri, ok = r.lookUp(prefix(n.text, n.colon)); !ok {
		return fail(ErrNamespace, "the prefix of element %s is not bound", r.bytes(n.text))
	}
	prefixed := 0
	list = list[n.namespaces:]
	for i := range list {
		a := &list[i]
		if a.colon == 0 {
			continue
		}
		prefixed++
		if a.uri, ok = r.lookUp(prefix(a.name, a.colon)); !ok {
			return fail(ErrNamespace, "the prefix of attribute %s is not bound", r.bytes(a.name))
		}
	}
	if prefixed > 1 {
		return r.unique(list, n)
	}
	return nil
}

// declare checks the constraints of Namespaces in XML section 3.
func (r *reader) declare(a *attribute) *SyntaxError {
	p := r.bytes(a.name)
	a.uri = r.intern(a.value)
	switch {
	case string(p) == "xmlns" || string(r.bytes(a.value)) == nsXMLNS:
		return fail(ErrNamespace, "xmlns cannot be declared")
	case (string(p) == "xml") != (a.uri == xmlURI):
		return fail(ErrNamespace, "the prefix xml is bound to its namespace and to no other")
	case len(p) > 0 && a.uri == noURI:
		return fail(ErrNamespace, "the prefix %s cannot be undeclared", p)
	case len(r.bound) == maxBindings:
		return fail(ErrTooMany, "more than %d namespaces are in scope", maxBindings)
	}
	r.bound = append(r.bound, binding{a.name, a.uri})
	return nil
}

// lookUp finds the namespace of a prefix; the empty one is the default.
func (r *reader) lookUp(p span) (uri uint32, ok bool) {
	for i := len(r.bound) - 1; i >= 0; i-- {
		if r.equal(r.bound[i].prefix, p) {
			return r.bound[i].uri, true
		}
	}
	if p.length() == 0 {
		return noURI, true
	}
	return xmlURI, string(r.bytes(p)) == "xml"
}

// sort puts declarations first, then orders by name.
func (r *reader) sort(list []attribute) {
	compare := func(a, b attribute) int {
		switch {
		case a.declaration == b.declaration:
			return bytes.Compare(r.bytes(a.name), r.bytes(b.name))
		case a.declaration:
			return -1
		}
		return 1
	}
	if !slices.IsSortedFunc(list, compare) {
		slices.SortFunc(list, compare)
	}
}

// unique refuses two attributes of one expanded name.
func (r *reader) unique(list []attribute, n *node) *SyntaxError {
	r.sorting = r.sorting[:0]
	for i := range list {
		if list[i].colon > 0 {
			r.sorting = append(r.sorting, uint16(i))
		}
	}
	compare := func(a, b uint16) int {
		return cmp.Or(cmp.Compare(list[a].uri, list[b].uri), bytes.Compare(r.attributeLocal(&list[a]), r.attributeLocal(&list[b])))
	}
	slices.SortFunc(r.sorting, compare)
	for i := 1; i < len(r.sorting); i++ {
		if compare(r.sorting[i-1], r.sorting[i]) == 0 {
			return fail(ErrNamespace, "attribute %s of %s is there twice under different prefixes", r.attributeLocal(&list[r.sorting[i]]), r.bytes(n.text))
		}
	}
	return nil
}

func (r *reader) shown(a *attribute) string {
	name := string(r.bytes(a.name))
	switch {
	case !a.declaration:
		return name
	case name == "":
		return "xmlns"
	}
	return "xmlns:" + name
}

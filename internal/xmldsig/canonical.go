package xmldsig

import (
	"bytes"
	"io"
	"slices"
)

// A Method is a form of canonical XML: Canonical XML 1.0 or Exclusive XML
// Canonicalization 1.0, with or without comments.
type Method struct {
	Exclusive bool
	Comments  bool
	// Prefixes is the InclusiveNamespaces PrefixList of the exclusive form.
	// "#default" stands for the default namespace.
	Prefixes []string
}

// Canonicalize writes the canonical form of a whole document.
func (d *Document) Canonicalize(w io.Writer, m Method) error {
	return d.canonicalize(&sink{w: w}, 0, m, nil)
}

// CanonicalizeElement writes the canonical form of the subtree of the element
// with an Id; see Verify for what counts as one.
func (d *Document) CanonicalizeElement(w io.Writer, id string, m Method) error {
	apex, err := d.byID([]byte(id))
	if err != nil {
		return err
	}
	return d.canonicalize(&sink{w: w}, apex, m, nil)
}

// canonicalizer walks once over a subtree in document order.
type canonicalizer struct {
	*Document
	*sink
	*scratch
	m Method
}

// scratch is what a walk needs besides the document. A Signer keeps it from one
// document to the next.
type scratch struct {
	open     []uint32
	marks    []int
	rendered []binding    // namespaces of the output at this place
	add      []binding    // what the start tag at hand declares
	inherit  []binding    // of the apex
	order    []*attribute // of the start tag at hand
	sorting  []uint16
}

// canonicalize writes the node set of a subtree without the subtrees that skip
// names, which are in document order.
func (d *Document) canonicalize(out *sink, apex uint32, m Method, skip []uint32) error {
	if out.room == 0 {
		out.room = expansionBase + expansion*len(d.src)
	}
	c := canonicalizer{Document: d, sink: out, m: m, scratch: d.borrow()}
	if err := c.walk(apex, skip); err != nil {
		return err
	}
	return out.drain()
}

// borrow returns the scratch of a document that has one, emptied.
func (d *Document) borrow() *scratch {
	s := d.spare
	if s == nil {
		return new(scratch)
	}
	s.open, s.marks, s.rendered = s.open[:0], s.marks[:0], s.rendered[:0]
	return s
}

func (c *canonicalizer) walk(apex uint32, skip []uint32) error {
	i, end := apex, c.nodes[apex].end
	if c.nodes[apex].kind == documentNode {
		i++
	}
	for {
		for k := len(c.open) - 1; k >= 0 && c.nodes[c.open[k]].end == i; k-- {
			c.string("</")
			c.octets(c.bytes(c.nodes[c.open[k]].text))
			c.string(">")
			c.rendered = c.rendered[:c.marks[k]]
			c.open, c.marks = c.open[:k], c.marks[:k]
		}
		if err := c.settle(); err != nil || i >= end {
			return err
		}
		for len(skip) > 0 && skip[0] < i {
			skip = skip[1:]
		}
		if len(skip) > 0 && skip[0] == i {
			i = c.nodes[i].end
			continue
		}
		if err := c.node(i, i == apex); err != nil {
			return err
		}
		i++
	}
}

func (c *canonicalizer) node(i uint32, apex bool) error {
	n := &c.nodes[i]
	switch n.kind {
	case elementNode:
		return c.startTag(i, n, apex)
	case textNode, cdataNode:
		return c.escaped(c.bytes(n.text), canonicalText)
	case commentNode, instructionNode:
		if n.kind == commentNode && !c.m.Comments {
			return nil
		}
		// Line feeds stand around what comes before and after the root.
		top := n.parent == 0
		if top && i > c.root {
			c.string("\n")
		}
		if err := c.aside(n); err != nil {
			return err
		}
		if top && i < c.root {
			c.string("\n")
		}
	}
	return nil
}

// aside writes a comment or instruction.
func (c *canonicalizer) aside(n *node) error {
	if n.kind == commentNode {
		c.string("<!--")
		err := c.escaped(c.bytes(n.text), canonicalData)
		c.string("-->")
		return err
	}
	c.string("<?")
	c.octets(c.bytes(n.text))
	var err error
	if n.data.length() > 0 {
		c.string(" ")
		err = c.escaped(c.bytes(n.data), canonicalData)
	}
	c.string("?>")
	return err
}

func (c *canonicalizer) startTag(i uint32, n *node, apex bool) error {
	own := c.declarations(n)
	for k := range own {
		if c.relative(own[k].uri) {
			return ErrRelativeNamespace
		}
	}
	c.add = c.add[:0]
	if c.m.Exclusive {
		c.exclusive(i, n, apex)
	} else {
		c.inclusive(i, own, apex)
	}
	c.string("<")
	c.octets(c.bytes(n.text))
	c.open = append(c.open, i)
	c.marks = append(c.marks, len(c.rendered))
	for _, b := range c.add {
		c.rendered = append(c.rendered, b)
		if err := c.declare(c.bytes(b.prefix), c.namespace(b.uri)); err != nil {
			return err
		}
	}
	for _, a := range c.sorted(i, n, apex) {
		if err := c.value(a); err != nil {
			return err
		}
	}
	c.string(">")
	return nil
}

// declare writes the declaration of a namespace.
func (s *sink) declare(prefix, uri []byte) error {
	s.string(" xmlns")
	if len(prefix) > 0 {
		s.string(":")
		s.octets(prefix)
	}
	s.string(`="`)
	err := s.escaped(uri, canonicalValue)
	s.string(`"`)
	return err
}

// value writes an attribute.
func (c *canonicalizer) value(a *attribute) error {
	c.string(" ")
	c.octets(c.bytes(a.name))
	c.string(`="`)
	err := c.escaped(c.bytes(a.value), canonicalValue)
	c.string(`"`)
	return err
}

// relative is the test of the original: no scheme before a colon.
func (c *canonicalizer) relative(uri uint32) bool {
	return uri > xmlURI && bytes.IndexByte(c.namespace(uri), ':') < 1
}

// at finds what a prefix is bound to in the output.
func (d *Document) at(rendered []binding, prefix span) uint32 {
	for k := len(rendered) - 1; k >= 0; k-- {
		if d.equal(rendered[k].prefix, prefix) {
			return rendered[k].uri
		}
	}
	return noURI
}

// offer declares a prefix here unless the output knows it already.
func (c *canonicalizer) offer(prefix span, uri uint32) {
	if uri != xmlURI && c.at(c.rendered, prefix) != uri {
		c.add = append(c.add, binding{prefix, uri})
	}
}

// inclusive: Canonical XML 1.0 section 2.3, namespace axis.
func (c *canonicalizer) inclusive(i uint32, own []attribute, apex bool) {
	if apex {
		c.inherit = c.inScope(c.inherit[:0], i)
		for _, b := range c.inherit {
			c.offer(b.prefix, b.uri)
		}
		return
	}
	for k := range own { // sorted by prefix
		c.offer(own[k].name, own[k].uri)
	}
}

// exclusive: Exclusive XML Canonicalization 1.0 section 3.
func (c *canonicalizer) exclusive(i uint32, n *node, apex bool) {
	c.use(prefix(n.text, n.colon), n.uri)
	list := c.attributes(n)
	for k := range list {
		if a := &list[k]; a.colon > 0 {
			c.use(prefix(a.name, a.colon), a.uri)
		}
	}
	if len(c.m.Prefixes) > 0 {
		if apex {
			c.inherit = c.inScope(c.inherit[:0], i)
			for _, b := range c.inherit {
				c.useListed(b.prefix, b.uri)
			}
		} else {
			own := c.declarations(n)
			for k := range own {
				c.useListed(own[k].name, own[k].uri)
			}
		}
	}
	c.sortBindings(c.add)
}

func (c *canonicalizer) use(prefix span, uri uint32) {
	if !c.bound(c.add, prefix) {
		c.offer(prefix, uri)
	}
}

func (c *canonicalizer) useListed(prefix span, uri uint32) {
	name := string(c.bytes(prefix))
	if name == "" {
		name = "#default"
	}
	if slices.Contains(c.m.Prefixes, name) {
		c.use(prefix, uri)
	}
}

// sorted returns the attributes in canonical order: by namespace, then by
// local name. The apex of a subtree in inclusive form takes over the xml:
// attributes of its ancestors (Canonical XML 1.0 section 2.4).
func (c *canonicalizer) sorted(i uint32, n *node, apex bool) []*attribute {
	list := c.attributes(n)
	c.order = c.order[:0]
	plain := true
	for k := range list {
		c.order = append(c.order, &list[k])
		plain = plain && list[k].colon == 0
	}
	if apex && !c.m.Exclusive {
		own := len(c.order)
		c.inheritXML(c.nodes[i].parent)
		plain = plain && len(c.order) == own
	}
	if !plain && len(c.order) > 1 { // by name they are sorted already
		slices.SortFunc(c.order, func(a, b *attribute) int {
			if a.uri != b.uri {
				return bytes.Compare(c.namespace(a.uri), c.namespace(b.uri))
			}
			return bytes.Compare(c.attributeLocal(a), c.attributeLocal(b))
		})
	}
	return c.order
}

// inheritXML adds the nearest xml: attributes of an element and its ancestors.
func (c *canonicalizer) inheritXML(i uint32) {
	for ; i != 0; i = c.nodes[i].parent {
		list := c.attributes(&c.nodes[i])
		for k := range list {
			a := &list[k]
			if a.uri == xmlURI && a.colon > 0 && !slices.ContainsFunc(c.order, func(o *attribute) bool {
				return o.uri == xmlURI && bytes.Equal(c.attributeLocal(o), c.attributeLocal(a))
			}) {
				c.order = append(c.order, a)
			}
		}
	}
}

package xmldsig

import "io"

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

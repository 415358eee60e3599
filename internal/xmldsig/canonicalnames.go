package xmldsig

import (
	"bytes"
	"slices"
)

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

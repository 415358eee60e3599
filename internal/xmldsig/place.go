package xmldsig

import (
	"bytes"
	"fmt"
	"slices"
)

// declares reports whether the prefix ds already stands for signatures.
func (d *Document) declares(force []binding) bool {
	for k := len(force) - 1; k >= 0; k-- {
		if string(d.bytes(force[k].prefix)) == "ds" {
			return string(d.namespace(force[k].uri)) == nsDSig
		}
	}
	return false
}

// place finds what is signed, 0 for everything, and where the signature goes.
func (d *Document) place(o Options) (target, parent uint32, uri []byte, err error) {
	parent = d.root
	if o.Parent != "" {
		if parent, err = d.find(o.Parent); err != nil {
			return 0, 0, nil, fmt.Errorf("parent of the signature: %w", err)
		}
	}
	if d.inSignature(parent) {
		return 0, 0, nil, fmt.Errorf("%w: inside another signature", ErrPlacement)
	}
	if o.Element == "" {
		return 0, parent, nil, nil
	}
	if target, err = d.find(o.Element); err != nil {
		return 0, 0, nil, fmt.Errorf("element to be signed: %w", err)
	}
	id, ok := d.attribute(target, "", "Id")
	if !ok || len(id) == 0 {
		return 0, 0, nil, fmt.Errorf("%w: %s", ErrNoID, d.bytes(d.nodes[target].text))
	}
	if _, err := d.byID(id); err != nil {
		return 0, 0, nil, err
	}
	if d.inSignature(target) {
		return 0, 0, nil, fmt.Errorf("%w: the element to be signed is part of another signature", ErrPlacement)
	}
	if d.inside(parent, target) {
		return 0, 0, nil, fmt.Errorf("%w: inside the element that is signed", ErrPlacement)
	}
	return target, parent, append([]byte{'#'}, id...), nil
}

// inSignature reports whether an element is a signature or inside one.
func (d *Document) inSignature(i uint32) bool {
	for ; i != 0; i = d.nodes[i].parent {
		if string(d.namespace(d.nodes[i].uri)) == nsDSig {
			return true
		}
	}
	return false
}

// apex writes what the canonical start tag of SignedInfo has when Signature
// becomes a child of parent.
func (d *Document) apex(out []byte, parent uint32, exclusive bool) ([]byte, error) {
	s := sink{buf: out} // nothing is passed on, so nothing fails
	ds := []byte("ds")
	if exclusive {
		s.declare(ds, []byte(nsDSig))
		return s.buf, nil
	}
	c := canonicalizer{Document: d, sink: &s, scratch: d.borrow()}
	done := false
	for _, b := range d.inScope(c.inherit[:0], parent) {
		if c.relative(b.uri) {
			return nil, ErrRelativeNamespace
		}
		p := d.bytes(b.prefix)
		order := bytes.Compare(p, ds)
		if order >= 0 && !done {
			s.declare(ds, []byte(nsDSig))
			done = true
		}
		if order != 0 {
			s.declare(p, d.namespace(b.uri))
		}
	}
	if !done {
		s.declare(ds, []byte(nsDSig))
	}
	c.order = c.order[:0]
	c.inheritXML(parent)
	slices.SortFunc(c.order, func(a, b *attribute) int {
		return bytes.Compare(d.attributeLocal(a), d.attributeLocal(b))
	})
	for _, a := range c.order {
		c.value(a)
	}
	return s.buf, nil
}

func (d *Document) appendDeclaration(out []byte, o Declaration) []byte {
	switch {
	case o == OmitDeclaration:
		return out
	case o == KeepDeclaration && d.declaration.length() > 0 && (d.characters || d.encoding.length() == 0 || d.inUTF8()):
		return append(out, d.bytes(d.declaration)...)
	}
	out = append(out, versionDeclared...)
	if d.inUTF8() {
		out = append(out, d.bytes(d.encoding)...)
	} else {
		out = append(out, "UTF-8"...)
	}
	if d.standalone {
		return append(out, `"?>`...)
	}
	return append(out, standaloneDeclared...)
}

// inUTF8: the declaration says so, and not one of the names that only look
// like it or are a subset.
func (d *Document) inUTF8() bool { return bytes.EqualFold(d.bytes(d.encoding), []byte("UTF-8")) }

package xmldsig

import (
	"fmt"
	"slices"
)

// find returns the first element, in document order, that a path selects, as
// the original does.
func (d *Document) find(path string) (uint32, error) {
	steps, err := parsePath(path)
	if err != nil {
		return 0, err
	}
	context := []uint32{0}
	for _, s := range steps {
		test, err := d.resolve(s.test)
		if err != nil {
			return 0, err
		}
		if context, err = d.step(context, s, test); err != nil {
			return 0, err
		}
	}
	if len(context) == 0 {
		return 0, fmt.Errorf("%w: %.100q", ErrNoElement, path)
	}
	return context[0], nil
}

// nameMatch is a name test with its namespace looked up.
type nameMatch struct {
	anyNamespace bool
	uri          uint32
	local        string // "*" for any
}

func (d *Document) resolve(t nameTest) (nameMatch, error) {
	m := nameMatch{local: t.local}
	switch t.prefix {
	case "*":
		m.anyNamespace = true
	case "":
	case "xml":
		m.uri = xmlURI
	default:
		for _, b := range d.inScope(nil, d.root) {
			if string(d.bytes(b.prefix)) == t.prefix {
				m.uri = b.uri
				return m, nil
			}
		}
		return m, fmt.Errorf("%w: prefix %q is not declared at the root element", ErrXPath, t.prefix)
	}
	return m, nil
}

// step goes from a set of elements, in document order, to the next one.
func (d *Document) step(context []uint32, s step, test nameMatch) ([]uint32, error) {
	var next []uint32
	parent := func(i uint32) error {
		chosen, err := d.choose(i, s, test)
		next = append(next, chosen...)
		return err
	}
	seen := uint32(0) // descendants before this one were visited
	for _, c := range context {
		if !s.anywhere {
			if err := parent(c); err != nil {
				return nil, err
			}
			continue
		}
		for i := max(c, seen); i < d.nodes[c].end; i++ {
			if k := d.nodes[i].kind; k == elementNode || k == documentNode {
				if err := parent(i); err != nil {
					return nil, err
				}
			}
		}
		seen = max(seen, d.nodes[c].end)
	}
	slices.Sort(next) // children of an inner element may come before those of an outer one
	return next, nil
}

// choose returns the children of an element that a step selects.
func (d *Document) choose(parent uint32, s step, test nameMatch) ([]uint32, error) {
	var list []uint32
	for i := range d.children(parent) {
		n := &d.nodes[i]
		if n.kind == elementNode && (test.anyNamespace || n.uri == test.uri) && (test.local == "*" || string(d.local(n)) == test.local) {
			list = append(list, i)
		}
	}
	for _, p := range s.predicates {
		switch {
		case p.position < 0 && len(list) > 0:
			list = list[len(list)-1:]
		case p.position > len(list):
			list = nil
		case p.position > 0:
			list = list[p.position-1 : p.position]
		}
		for _, c := range p.all {
			kept := list[:0]
			for _, i := range list {
				ok, err := d.holds(i, c)
				if err != nil {
					return nil, err
				}
				if ok {
					kept = append(kept, i)
				}
			}
			list = kept
		}
	}
	return list, nil
}

func (d *Document) holds(i uint32, c condition) (bool, error) {
	n := &d.nodes[i]
	switch c.what {
	case "local-name":
		return string(d.local(n)) == c.value, nil
	case "namespace-uri":
		return string(d.namespace(n.uri)) == c.value, nil
	case "name":
		return string(d.bytes(n.text)) == c.value, nil
	}
	test, err := d.resolve(c.attribute)
	if err != nil {
		return false, err
	}
	list := d.attributes(n)
	for k := range list {
		a := &list[k]
		if (test.anyNamespace || a.uri == test.uri) && (test.local == "*" || string(d.attributeLocal(a)) == test.local) &&
			(c.exists || string(d.bytes(a.value)) == c.value) {
			return true, nil
		}
	}
	return false, nil
}

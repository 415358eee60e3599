package xmldsig

import (
	"bytes"
	"fmt"
)

// checkPlace refuses a signed element that a reader may mistake: published
// wrapping attacks leave it valid somewhere in the document and put another of
// its name where it is looked for.
func (s *signature) checkPlace() error {
	var targets []uint32
	for _, r := range s.references {
		switch {
		case r.target == 0:
			return nil // everything is covered
		case !r.properties:
			targets = append(targets, r.target)
		}
	}
	for _, t := range targets {
		n := &s.nodes[t]
		root := &s.nodes[s.root]
		if string(s.local(root)) == "Envelope" && string(s.local(n)) == "Body" && n.uri == root.uri && n.parent != s.root {
			return fmt.Errorf("%w: the signed Body is not that of the Envelope", ErrWrapped)
		}
	}
	names := map[string]bool{}
	for _, t := range targets {
		names[string(s.local(&s.nodes[t]))] = true
	}
	skip := func(i uint32) (end uint32, covered bool) {
		for _, t := range targets {
			if i == t {
				return s.nodes[t].end, true
			}
		}
		return s.nodes[i].end, s.is(i, nsDSig, "Signature")
	}
	for i := uint32(1); i < uint32(len(s.nodes)); {
		n := &s.nodes[i]
		if n.kind != elementNode {
			i++
			continue
		}
		if end, covered := skip(i); covered {
			i = end
			continue
		}
		if names[string(s.local(n))] {
			return fmt.Errorf("%w: there is another element %s, at %s, which is not signed", ErrWrapped, s.local(n), s.path(i))
		}
		i++
	}
	return nil
}

// path names the place of an element for people.
func (d *Document) path(i uint32) string {
	if i == 0 {
		return "/"
	}
	var parts []string
	for ; i != 0; i = d.nodes[i].parent {
		name := d.bytes(d.nodes[i].text)
		position, count := 0, 0
		for c := range d.children(d.nodes[i].parent) {
			if n := &d.nodes[c]; n.kind == elementNode && bytes.Equal(d.bytes(n.text), name) {
				count++
				if c <= i {
					position++
				}
			}
		}
		part := string(name)
		if count > 1 {
			part = fmt.Sprintf("%s[%d]", name, position)
		}
		parts = append(parts, part)
	}
	var b bytes.Buffer
	for k := len(parts) - 1; k >= 0; k-- {
		b.WriteString("/" + parts[k])
	}
	return b.String()
}

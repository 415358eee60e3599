package xmldsig

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// elements returns the children of an element that may hold nothing but
// elements and white space.
func (d *Document) elements(i uint32) ([]uint32, error) {
	var list []uint32
	for c := range d.children(i) {
		n := &d.nodes[c]
		switch {
		case n.kind == elementNode:
			list = append(list, c)
		case n.kind == textNode && blank(d.bytes(n.text)):
		default:
			return nil, fmt.Errorf("%w: %s holds something else than elements", ErrStructure, d.bytes(d.nodes[i].text))
		}
	}
	return list, nil
}

func blank(text []byte) bool {
	for _, c := range text {
		if !isBlank(c) {
			return false
		}
	}
	return true
}

// childless refuses parameters of algorithms that have none.
func (d *Document) childless(i uint32) error {
	list, err := d.elements(i)
	if err == nil && len(list) > 0 {
		err = fmt.Errorf("%w: %s has parameters", ErrStructure, d.bytes(d.nodes[i].text))
	}
	return err
}

// content is the text of an element without children. A comment in it is
// refused: readers disagree on where the text then ends.
func (d *Document) content(i uint32) ([]byte, error) {
	n := &d.nodes[i]
	switch {
	case n.end == i+1:
		return nil, nil
	case n.end == i+2 && d.nodes[i+1].kind == textNode:
		return d.bytes(d.nodes[i+1].text), nil
	}
	return nil, fmt.Errorf("%w: %s holds something else than text", ErrStructure, d.bytes(n.text))
}

// base64 decodes the content of an element. White space is skipped, as
// XML Schema allows. Stray bits behind the last octet are refused: they would
// let one signature be written in several ways.
func (d *Document) base64(i uint32) ([]byte, error) {
	text, err := d.content(i)
	if err != nil {
		return nil, err
	}
	packed := make([]byte, 0, len(text))
	for _, c := range text {
		if !isBlank(c) {
			packed = append(packed, c)
		}
	}
	octets, err := base64.StdEncoding.Strict().AppendDecode(nil, packed)
	if err != nil || len(octets) == 0 {
		return nil, fmt.Errorf("%w: %s is not base64", ErrStructure, d.bytes(d.nodes[i].text))
	}
	return octets, nil
}

// inclusiveNamespaces reads the PrefixList of an exclusive canonicalization.
func (d *Document) inclusiveNamespaces(i uint32, m Method) ([]string, error) {
	list, err := d.elements(i)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if !m.Exclusive || len(list) > 1 || !d.is(list[0], algorithmExcC14N, "InclusiveNamespaces") {
		return nil, fmt.Errorf("%w: parameters of a canonicalization", ErrStructure)
	}
	if err := d.childless(list[0]); err != nil {
		return nil, err
	}
	value, _ := d.attribute(list[0], "", "PrefixList")
	prefixes := strings.Fields(string(value))
	if len(prefixes) > maxBindings {
		return nil, fmt.Errorf("%w: %d prefixes in a PrefixList", ErrTooMany, len(prefixes))
	}
	return prefixes, nil
}

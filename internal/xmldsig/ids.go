package xmldsig

import (
	"bytes"
	"fmt"
)

const nsUtility = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"

// isID reports whether an attribute is taken for an identifier by some reader:
// Id (XMLDSig, XAdES and the by-Id form of signXml), ID (SAML), wsu:Id
// (WS-Security) and xml:id. The lower-case id of forms resolves nothing but
// counts when uniqueness is asked for.
func (d *Document) isID(a *attribute) (counts, resolves bool) {
	switch string(d.attributeLocal(a)) {
	case "Id":
		resolves = a.uri == noURI || string(d.namespace(a.uri)) == nsUtility
		return resolves, resolves
	case "ID":
		return a.uri == noURI, a.uri == noURI
	case "id":
		return a.uri == noURI || a.uri == xmlURI, a.uri == xmlURI
	}
	return false, false
}

// byID finds the element with an identifier. It must be the only one that any
// reader could take for it.
func (d *Document) byID(id []byte) (uint32, error) {
	found, resolves := uint32(0), false
	for i := range d.nodes {
		n := &d.nodes[i]
		if n.kind != elementNode {
			continue
		}
		list := d.attributes(n)
		for k := range list {
			counts, can := d.isID(&list[k])
			if !counts || !bytes.Equal(d.bytes(list[k].value), id) {
				continue
			}
			if found != 0 && found != uint32(i) {
				return 0, fmt.Errorf("%w: %q", ErrDuplicateID, id)
			}
			found, resolves = uint32(i), resolves || can
		}
	}
	if !resolves {
		return 0, fmt.Errorf("%w: no element with the identifier %q", ErrReference, id)
	}
	return found, nil
}

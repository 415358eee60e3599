package xmldsig

import (
	"bytes"
	"crypto/subtle"
	"fmt"

	"tanba/internal/pki"
)

// A reference is a ds:Reference with its target found.
type reference struct {
	id         string // "" for the whole document
	target     uint32
	enveloped  bool
	method     Method
	family     pki.Family // of the digest
	digest     []byte
	properties bool // XAdES SignedProperties
}

func (s *signature) readReference(i uint32) (r reference, err error) {
	list, err := s.elements(i)
	if err != nil {
		return r, err
	}
	if len(list) > 0 && s.is(list[0], nsDSig, "Transforms") {
		if err := s.readTransforms(list[0], &r); err != nil {
			return r, err
		}
		list = list[1:]
	}
	if len(list) != 2 || !s.is(list[0], nsDSig, "DigestMethod") || !s.is(list[1], nsDSig, "DigestValue") {
		return r, fmt.Errorf("%w: Reference", ErrStructure)
	}
	uri, _ := s.attribute(list[0], "", "Algorithm")
	if r.family, err = familyOfDigest(uri); err != nil {
		return r, err
	}
	if err := s.childless(list[0]); err != nil {
		return r, err
	}
	if r.digest, err = s.base64(list[1]); err != nil {
		return r, err
	}
	uri, ok := s.attribute(i, "", "URI")
	kind, _ := s.attribute(i, "", "Type")
	r.properties = string(kind) == typeSignedProperties
	if !ok {
		return r, fmt.Errorf("%w: without a URI", ErrReference)
	}
	return r, s.locate(uri, &r)
}

// locate accepts "" and "#id". Everything else would need a network, a file or
// XPointer.
func (s *signature) locate(uri []byte, r *reference) (err error) {
	switch {
	case len(uri) == 0:
		if !r.enveloped {
			return fmt.Errorf("%w: the whole document without the enveloped-signature transform", ErrReference)
		}
		if s.nodes[s.at].parent == 0 {
			return fmt.Errorf("%w: nothing is left of the document without its signature", ErrReference)
		}
		return nil
	case uri[0] != '#' || len(uri) == 1 || bytes.ContainsAny(uri, "()"):
		return fmt.Errorf("%w: to %q", ErrReference, uri)
	}
	r.id = string(uri[1:])
	if r.target, err = s.byID(uri[1:]); err != nil {
		return err
	}
	if r.enveloped && !s.inside(s.at, r.target) {
		return fmt.Errorf("%w: enveloped-signature for an element that does not contain the signature", ErrTransform)
	}
	if !r.properties && s.inSignature(r.target) {
		return fmt.Errorf("%w: to something inside a signature", ErrReference)
	}
	return nil
}

// readTransforms accepts enveloped-signature, then one canonicalization.
// Without one it is Canonical XML 1.0 (XMLDSig section 4.3.3.2).
func (s *signature) readTransforms(i uint32, r *reference) error {
	list, err := s.elements(i)
	if err != nil {
		return err
	}
	canonical := false
	for _, t := range list {
		uri, _ := s.attribute(t, "", "Algorithm")
		m, known := methodOf(uri)
		switch {
		case !s.is(t, nsDSig, "Transform"):
			return fmt.Errorf("%w: Transforms", ErrStructure)
		case canonical:
			return fmt.Errorf("%w: %q after a canonicalization", ErrTransform, uri)
		case known:
			canonical = true
			if m.Prefixes, err = s.inclusiveNamespaces(t, m); err != nil {
				return err
			}
			r.method = m
		case string(uri) == algorithmEnveloped && !r.enveloped:
			r.enveloped = true
			if err := s.childless(t); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: %q", ErrTransform, uri)
		}
	}
	return nil
}

// checkReferences hashes what the references point to.
func (s *signature) checkReferences() error {
	data := 0
	for k := range s.references {
		r := &s.references[k]
		for _, other := range s.references[:k] {
			if other.target == r.target {
				return fmt.Errorf("%w: two to one place", ErrReference)
			}
		}
		octets, err := s.covered(r)
		if err != nil {
			return err
		}
		if r.properties {
			s.result.Properties = octets
			continue
		}
		data++
		s.result.Parts = append(s.result.Parts, Part{ID: r.id, Path: s.path(r.target), Bytes: octets})
	}
	if data == 0 {
		return fmt.Errorf("%w: none to the document", ErrReference)
	}
	return nil
}

// covered returns the octets a reference stands for. The comments of a
// same-document reference do not count. An enveloped signature covers the
// document as it was when it was made: without itself, and, when others were
// added later, without these.
func (s *signature) covered(r *reference) ([]byte, error) {
	m := r.method
	m.Comments = false
	var skip []uint32
	if r.enveloped {
		skip = []uint32{s.at}
	}
	for {
		octets, err := s.canonical(r.target, m, skip)
		if err != nil {
			return nil, err
		}
		if subtle.ConstantTimeCompare(sum(r.family, octets), r.digest) == 1 {
			return octets, nil
		}
		if len(skip) != 1 || len(s.later) == 0 {
			where := "of the document"
			if r.id != "" {
				where = fmt.Sprintf("of %q", r.id)
			}
			return nil, fmt.Errorf("%w: digest %s", ErrDigest, where)
		}
		skip = append(skip, s.later...)
	}
}

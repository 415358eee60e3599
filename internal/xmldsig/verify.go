package xmldsig

import (
	"fmt"
	"time"

	"tanba/internal/pki"
)

// A Part is something a signature covers. Bytes is all that may be relied on:
// the rest of the document is not covered by this signature.
type Part struct {
	// ID is the identifier of the element, "" for the whole document.
	ID string
	// Path says where it stands: "/", "/root/part[2]".
	Path string
	// Bytes is the canonical form that was hashed: without the signature
	// itself, later signatures and comments.
	Bytes []byte
}

// Whole reports whether the part is the whole document.
func (p Part) Whole() bool { return p.ID == "" }

// Verified is the judgement on one signature. Only when Err is nil do the other
// fields say more than what the signature claims.
type Verified struct {
	Certificate *pki.Certificate // who signed; its chain is not judged here
	// Others are certificates beside it in KeyInfo, for building a chain.
	Others []*pki.Certificate
	Parts  []Part
	// Properties is the canonical form of the XAdES SignedProperties, nil for a
	// plain signature; Time is their SigningTime, as the signer claims it.
	Properties []byte
	Time       time.Time
	Err        error
}

// Limits of what is verified in one document.
const (
	maxSignatures   = 32
	maxReferences   = 64 // of all signatures: each costs a walk through the document
	maxCertificates = 8
)

// Verify judges each signature in a document, in document order. The error is
// nil only if there is a signature and all are good. A document that cannot be
// read gives no list.
func Verify(document []byte) ([]Verified, error) {
	d, err := Parse(document)
	if err != nil {
		return nil, fmt.Errorf("xmldsig: %w", err)
	}
	return d.Verify()
}

// Verify is like the function, for a document that was parsed already.
func (d *Document) Verify() ([]Verified, error) {
	v := verifier{Document: d, budget: expansionBase + 2*expansion*len(d.src)}
	for i := uint32(1); i < uint32(len(d.nodes)); i++ {
		if d.is(i, nsDSig, "Signature") {
			v.signatures = append(v.signatures, i)
		}
	}
	switch n := len(v.signatures); {
	case n == 0:
		return nil, fmt.Errorf("xmldsig: %w", ErrNoSignature)
	case n > maxSignatures:
		return nil, fmt.Errorf("xmldsig: %w: %d signatures", ErrTooMany, n)
	}
	for k := 1; k < len(v.signatures); k++ {
		if d.inside(v.signatures[k], v.signatures[k-1]) {
			return nil, fmt.Errorf("xmldsig: %w: a signature inside another", ErrStructure)
		}
	}
	list := make([]Verified, len(v.signatures))
	var first error
	for k := range v.signatures {
		s := &signature{verifier: &v, at: v.signatures[k], later: v.signatures[k+1:]}
		list[k] = s.judge()
		if list[k].Err != nil && first == nil {
			first = fmt.Errorf("xmldsig: signature %d of %d: %w", k+1, len(list), list[k].Err)
		}
	}
	return list, first
}

type verifier struct {
	*Document
	signatures []uint32
	budget     int // octets of canonical form that may still be made
	located    int // references so far
}

// canonical makes the canonical form within the budget.
func (v *verifier) canonical(apex uint32, m Method, skip []uint32) ([]byte, error) {
	size := 0
	if apex == 0 {
		size = len(v.src) + len(v.src)/16
	}
	out := sink{buf: make([]byte, 0, size), room: max(v.budget, 1)}
	err := v.canonicalize(&out, apex, m, skip)
	v.budget -= len(out.buf)
	return out.buf, err
}

// signature is one ds:Signature element taken apart.
type signature struct {
	*verifier
	at    uint32
	later []uint32 // signatures behind it

	signedInfo, value, keyInfo, object uint32
	method                             Method
	family                             pki.Family
	references                         []reference
	certificates                       []*pki.Certificate
	properties                         properties
	result                             Verified
}

func (s *signature) judge() Verified {
	s.result.Err = s.verify()
	return s.result
}

func (s *signature) verify() error {
	for _, step := range []func() error{
		s.structure, s.readSignedInfo, s.readKeyInfo, s.checkValue,
		s.readProperties, s.checkReferences, s.checkProperties, s.checkPlace,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// structure demands what XMLDSig section 4 says, in order, and nothing else.
func (s *signature) structure() error {
	list, err := s.elements(s.at)
	if err != nil {
		return err
	}
	for i, want := range []struct {
		name string
		to   *uint32
	}{{"SignedInfo", &s.signedInfo}, {"SignatureValue", &s.value}, {"KeyInfo", &s.keyInfo}, {"Object", &s.object}} {
		switch {
		case i < len(list) && s.is(list[i], nsDSig, want.name):
			*want.to = list[i]
		case i < 3:
			return fmt.Errorf("%w: %s is missing or not in its place", ErrStructure, want.name)
		}
	}
	if len(list) > 4 || len(list) == 4 && s.object == 0 {
		return fmt.Errorf("%w: more in ds:Signature than SignedInfo, SignatureValue, KeyInfo and one Object", ErrStructure)
	}
	return nil
}

func (s *signature) readSignedInfo() error {
	list, err := s.elements(s.signedInfo)
	if err != nil {
		return err
	}
	if len(list) < 3 || !s.is(list[0], nsDSig, "CanonicalizationMethod") || !s.is(list[1], nsDSig, "SignatureMethod") {
		return fmt.Errorf("%w: SignedInfo", ErrStructure)
	}
	uri, _ := s.attribute(list[0], "", "Algorithm")
	var ok bool
	if s.method, ok = methodOf(uri); !ok {
		return fmt.Errorf("%w: canonicalization %q", ErrAlgorithm, uri)
	}
	if s.method.Prefixes, err = s.inclusiveNamespaces(list[0], s.method); err != nil {
		return err
	}
	uri, _ = s.attribute(list[1], "", "Algorithm")
	if s.family, err = familyOfSignature(uri); err != nil {
		return err
	}
	if err := s.childless(list[1]); err != nil {
		return err
	}
	if s.located += len(list) - 2; s.located > maxReferences {
		return fmt.Errorf("%w: more than %d references", ErrTooMany, maxReferences)
	}
	for _, i := range list[2:] {
		if !s.is(i, nsDSig, "Reference") {
			return fmt.Errorf("%w: SignedInfo holds more than references", ErrStructure)
		}
		r, err := s.readReference(i)
		if err != nil {
			return err
		}
		s.references = append(s.references, r)
	}
	return nil
}

// checkValue verifies the signature over SignedInfo and finds out by whose key.
func (s *signature) checkValue() error {
	value, err := s.base64(s.value)
	if err != nil {
		return err
	}
	signed, err := s.canonical(s.signedInfo, s.method, nil)
	if err != nil {
		return err
	}
	digest := sum(s.family, signed)
	var reason error
	fits := false
	for _, c := range s.certificates {
		if c.PublicKey == nil || c.PublicKey.Family != s.family {
			continue
		}
		fits = true
		if err := c.PublicKey.VerifyDigest(digest, value); err != nil {
			reason = err
			continue
		}
		if s.result.Certificate != nil && !s.result.Certificate.Equal(c) {
			s.result.Certificate = nil
			return fmt.Errorf("%w: two certificates of one key", ErrNoCert)
		}
		s.result.Certificate = c
	}
	for _, c := range s.certificates {
		if s.result.Certificate != nil && !c.Equal(s.result.Certificate) {
			s.result.Others = append(s.result.Others, c)
		}
	}
	switch {
	case !fits:
		return fmt.Errorf("%w: its key is of another kind", ErrCertMismatch)
	case s.result.Certificate == nil:
		return fmt.Errorf("%w: %w", ErrSignature, reason)
	}
	return nil
}

func sum(f pki.Family, octets []byte) []byte {
	h := f.NewHash()
	h.Write(octets)
	return h.Sum(nil)
}

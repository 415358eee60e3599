package xmldsig

import (
	"bytes"
	"fmt"
	"time"
)

// properties are those of XAdES (ETSI EN 319 132-1) that bear on who signed.
type properties struct {
	present     bool
	signed      uint32 // SignedProperties
	certificate []certificateDigest
	time        time.Time
}

type certificateDigest struct{ method, value uint32 }

// readProperties accepts one ds:Object with the QualifyingProperties of this
// signature, and nothing else.
func (s *signature) readProperties() error {
	if s.object == 0 {
		return nil
	}
	list, err := s.elements(s.object)
	if err != nil {
		return err
	}
	if len(list) != 1 || !s.is(list[0], nsXAdES, "QualifyingProperties") {
		return fmt.Errorf("%w: Object holds something else than QualifyingProperties", ErrStructure)
	}
	target, _ := s.attribute(list[0], "", "Target")
	id, _ := s.attribute(s.at, "", "Id")
	if len(target) < 2 || target[0] != '#' || !bytes.Equal(target[1:], id) {
		return fmt.Errorf("%w: QualifyingProperties of another signature", ErrStructure)
	}
	list, err = s.elements(list[0])
	if err != nil {
		return err
	}
	if len(list) == 0 || len(list) > 2 || !s.is(list[0], nsXAdES, "SignedProperties") ||
		len(list) == 2 && !s.is(list[1], nsXAdES, "UnsignedProperties") {
		return fmt.Errorf("%w: QualifyingProperties", ErrStructure)
	}
	s.properties.present = true
	s.properties.signed = list[0]
	for i := list[0]; i < s.nodes[list[0]].end; i++ {
		switch {
		case s.is(i, nsXAdES, "SigningTime"):
			text, err := s.content(i)
			if err != nil {
				return err
			}
			s.properties.time, err = time.Parse(time.RFC3339, string(bytes.TrimSpace(text)))
			if err != nil {
				return fmt.Errorf("%w: SigningTime", ErrStructure)
			}
		case s.is(i, nsXAdES, "CertDigest"):
			pair, err := s.elements(i)
			if err != nil {
				return err
			}
			if len(pair) != 2 || !s.is(pair[0], nsDSig, "DigestMethod") || !s.is(pair[1], nsDSig, "DigestValue") {
				return fmt.Errorf("%w: CertDigest", ErrStructure)
			}
			s.properties.certificate = append(s.properties.certificate, certificateDigest{pair[0], pair[1]})
		}
	}
	return nil
}

// checkProperties demands that the properties are signed and mean the
// certificate the signature was verified with.
func (s *signature) checkProperties() error {
	signed := false
	for _, r := range s.references {
		if !r.properties {
			continue
		}
		if !s.properties.present || r.target != s.properties.signed {
			return fmt.Errorf("%w: of the type SignedProperties to something else", ErrReference)
		}
		signed = true
	}
	if !s.properties.present {
		return nil
	}
	if !signed {
		return fmt.Errorf("%w: the XAdES properties are not signed", ErrStructure)
	}
	if len(s.properties.certificate) > 0 {
		// The first is the signer's (EN 319 132-1 clause 5.2.2).
		first := s.properties.certificate[0]
		uri, _ := s.attribute(first.method, "", "Algorithm")
		family, err := familyOfDigest(uri)
		if err != nil {
			return err
		}
		value, err := s.base64(first.value)
		if err != nil {
			return err
		}
		if !bytes.Equal(value, sum(family, s.result.Certificate.Raw)) {
			return fmt.Errorf("%w: SigningCertificate names another one", ErrCertMismatch)
		}
	}
	s.result.Time = s.properties.time
	return nil
}

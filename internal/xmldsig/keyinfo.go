package xmldsig

import (
	"bytes"
	"fmt"

	"tanba/internal/pki"
)

// readKeyInfo collects the certificates of the signature: those of one
// X509Data, or the one of a WS-Security token reference. Nothing else is
// accepted in KeyInfo, because another reader might take the key from there.
func (s *signature) readKeyInfo() error {
	list, err := s.elements(s.keyInfo)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("%w: KeyInfo holds %d things", ErrNoCert, len(list))
	}
	switch {
	case s.is(list[0], nsDSig, "X509Data"):
		return s.readX509Data(list[0])
	case s.is(list[0], nsWSSE, "SecurityTokenReference"):
		return s.readTokenReference(list[0])
	}
	return fmt.Errorf("%w: KeyInfo holds %s", ErrNoCert, s.bytes(s.nodes[list[0]].text))
}

func (s *signature) readX509Data(i uint32) error {
	list, err := s.elements(i)
	if err != nil {
		return err
	}
	for _, c := range list {
		switch {
		case s.is(c, nsDSig, "X509Certificate"):
			if err := s.addCertificate(c); err != nil {
				return err
			}
		case s.is(c, nsDSig, "X509SubjectName"), s.is(c, nsDSig, "X509IssuerSerial"), s.is(c, nsDSig, "X509SKI"):
			// They repeat what the certificate says and are not relied on.
		default:
			return fmt.Errorf("%w: X509Data holds %s", ErrNoCert, s.bytes(s.nodes[c].text))
		}
	}
	if len(s.certificates) == 0 {
		return fmt.Errorf("%w: X509Data without a certificate", ErrNoCert)
	}
	return nil
}

// readTokenReference: OASIS WSS X.509 Certificate Token Profile 1.0 section 3.2.
func (s *signature) readTokenReference(i uint32) error {
	list, err := s.elements(i)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("%w: SecurityTokenReference holds %d things", ErrNoCert, len(list))
	}
	token := list[0]
	if s.is(token, nsWSSE, "Reference") {
		uri, _ := s.attribute(token, "", "URI")
		if len(uri) < 2 || uri[0] != '#' {
			return fmt.Errorf("%w: a token at %q", ErrNoCert, uri)
		}
		if token, err = s.byID(uri[1:]); err != nil {
			return err
		}
		if !s.is(token, nsWSSE, "BinarySecurityToken") || s.inSignature(token) {
			return fmt.Errorf("%w: %q is no BinarySecurityToken", ErrNoCert, uri)
		}
	} else if !s.is(token, nsWSSE, "KeyIdentifier") {
		return fmt.Errorf("%w: SecurityTokenReference holds %s", ErrNoCert, s.bytes(s.nodes[token].text))
	}
	kind, _ := s.attribute(token, "", "ValueType")
	if !bytes.HasSuffix(kind, []byte("#X509v3")) {
		return fmt.Errorf("%w: a token of the type %q", ErrNoCert, kind)
	}
	return s.addCertificate(token)
}

func (s *signature) addCertificate(i uint32) error {
	if len(s.certificates) == maxCertificates {
		return fmt.Errorf("%w: more than %d certificates", ErrTooMany, maxCertificates)
	}
	der, err := s.base64(i)
	if err != nil {
		return err
	}
	c, err := pki.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoCert, err)
	}
	s.certificates = append(s.certificates, c)
	return nil
}

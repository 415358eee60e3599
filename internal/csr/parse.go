package csr

import (
	"bytes"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// maxRequest bounds a request; real ones have less than two kilobytes.
const maxRequest = 64 << 10

// Request is a request that was read and whose signature is its own key's.
type Request struct {
	Subject    pki.Name
	PublicKey  *pki.PublicKey
	Email      string
	Store      pki.OID
	Extensions []Extension // all of them
}

// Parse reads a request, DER or PEM, and verifies its signature.
func Parse(data []byte) (*Request, error) {
	if len(data) > maxRequest {
		return nil, fmt.Errorf("%w: %d octets", ErrMalformed, len(data))
	}
	if block, _ := pem.Decode(data); block != nil {
		if block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
			return nil, fmt.Errorf("%w: PEM of type %q", ErrMalformed, block.Type)
		}
		data = block.Bytes
	}
	in := cryptobyte.String(data)
	var outer, info, algorithm, signature cryptobyte.String
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() ||
		!outer.ReadASN1Element(&info, cbasn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) ||
		!outer.ReadASN1(&signature, cbasn1.BIT_STRING) || !outer.Empty() ||
		len(signature) < 1 || signature[0] != 0 {
		return nil, ErrMalformed
	}
	r := &Request{}
	if err := r.parseInfo(info); err != nil {
		return nil, err
	}
	if !bytes.Equal(algorithm, r.PublicKey.Family.SignatureAlgorithm()) {
		return nil, fmt.Errorf("%w: signature algorithm of another family", ErrMalformed)
	}
	h := r.PublicKey.Family.NewHash()
	h.Write(info)
	if err := r.PublicKey.VerifyDigest(h.Sum(nil), signature[1:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return r, nil
}

func (r *Request) parseInfo(element cryptobyte.String) error {
	var info, subject, spki, attributes cryptobyte.String
	var version int
	if !element.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1Integer(&version) || version != 0 ||
		!info.ReadASN1Element(&subject, cbasn1.SEQUENCE) || !info.ReadASN1Element(&spki, cbasn1.SEQUENCE) ||
		!info.ReadASN1(&attributes, context0) || !info.Empty() {
		return ErrMalformed
	}
	var err error
	if r.Subject, err = pki.ParseName(subject); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if r.PublicKey, err = pki.ParsePublicKey(spki); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	for !attributes.Empty() {
		var attribute, values cryptobyte.String
		var id pki.OID
		if !attributes.ReadASN1(&attribute, cbasn1.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&id) ||
			!attribute.ReadASN1(&values, cbasn1.SET) || !attribute.Empty() {
			return ErrMalformed
		}
		if !id.Equal(OIDExtensionRequest) {
			continue
		}
		var list cryptobyte.String
		if r.Extensions != nil || !values.ReadASN1(&list, cbasn1.SEQUENCE) || !values.Empty() {
			return fmt.Errorf("%w: extension request", ErrMalformed)
		}
		if err := r.parseExtensions(list); err != nil {
			return err
		}
	}
	return nil
}

func (r *Request) parseExtensions(list cryptobyte.String) error {
	r.Extensions = []Extension{}
	for !list.Empty() {
		var extension, value cryptobyte.String
		var e Extension
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&e.ID) ||
			extension.PeekASN1Tag(cbasn1.BOOLEAN) && !extension.ReadASN1Boolean(&e.Critical) ||
			!extension.ReadASN1(&value, cbasn1.OCTET_STRING) || !extension.Empty() {
			return fmt.Errorf("%w: extension", ErrMalformed)
		}
		e.Value = value
		r.Extensions = append(r.Extensions, e)
		var content cryptobyte.String
		switch {
		case e.ID.Equal(pki.OIDSubjectAltName):
			if !value.ReadASN1(&content, cbasn1.SEQUENCE) {
				return fmt.Errorf("%w: alternative name", ErrMalformed)
			}
			var address cryptobyte.String
			if content.PeekASN1Tag(cbasn1.Tag(1).ContextSpecific()) && content.ReadASN1(&address, cbasn1.Tag(1).ContextSpecific()) {
				r.Email = string(address)
			}
		case e.ID.Equal(pki.OIDKeyStoreInfo):
			// The provider's sample has the path of the store behind it.
			if !value.ReadASN1(&content, cbasn1.SEQUENCE) || !content.ReadASN1ObjectIdentifier(&r.Store) {
				return fmt.Errorf("%w: key store", ErrMalformed)
			}
		}
	}
	return nil
}

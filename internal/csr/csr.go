// Package csr makes requests for certificates (PKCS#10, RFC 2986) as the
// national authority takes them, and reads them back.
//
// A request holds the subject, the public key and, in the attribute
// extensionRequest, the e-mail address and the kind of store the key lives in.
// It is signed with the new key itself, under the algorithm that certificates
// of its family carry. Which purposes the certificate serves is the
// authority's decision; a page may ask for more extensions, which go in as they
// came.
//
// What the provider's own sample adds is left out on purpose: the path of the
// key file. Nobody but the person needs to know where the key lies.
//
// [Placeholder] makes the self-signed certificate that stands in a key file
// until the real one comes.
package csr

import (
	"crypto"
	cryptorand "crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// Kinds of stores as requests and certificates name them, below
// pki.OIDKeyStoreInfo.
var (
	StorePKCS12     = storeOID(1, 1)
	StoreJKS        = storeOID(1, 2)
	StoreIDCard     = storeOID(2, 1)
	StoreKaztoken   = storeOID(2, 2)
	StoreEToken72K  = storeOID(2, 3)
	StoreEToken5110 = storeOID(2, 4)
	StoreJaCarta    = storeOID(2, 5)
	StoreAKey       = storeOID(2, 6)
)

func storeOID(arcs ...int) pki.OID {
	return append(pki.OIDKeyStoreInfo[:len(pki.OIDKeyStoreInfo):len(pki.OIDKeyStoreInfo)], arcs...)
}

// OIDExtensionRequest is the attribute that carries extensions (RFC 2985).
var OIDExtensionRequest = pki.OID{1, 2, 840, 113549, 1, 9, 14}

// Errors are told apart with errors.Is.
var (
	// ErrMalformed says that the octets are no request.
	ErrMalformed = errors.New("csr: malformed request")
	// ErrSignature says that the request is not signed by its own key.
	ErrSignature = errors.New("csr: request is not signed by its own key")
	// ErrExtension says that an extension is given twice or is no DER.
	ErrExtension = errors.New("csr: extension given twice or malformed")
)

// Extension is one X.509 extension; Value is the DER inside its OCTET STRING.
type Extension struct {
	ID       pki.OID
	Critical bool
	Value    []byte
}

// Template is what a request says beside the key.
type Template struct {
	Subject     pki.Name
	Email       string    // "" = none
	Store       pki.OID   // nil = none
	ExtKeyUsage []pki.OID // empty = the authority decides
	Extensions  []Extension
}

// Create makes a request for the key. A nil rand means crypto/rand.
func Create(rand io.Reader, key crypto.Signer, t Template) ([]byte, error) {
	if rand == nil {
		rand = cryptorand.Reader
	}
	public, err := pki.PublicKeyOf(key)
	if err != nil {
		return nil, fmt.Errorf("csr: %w", err)
	}
	extensions, err := t.extensions()
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddBytes(t.Subject.Raw())
		b.AddBytes(public.SPKI())
		b.AddASN1(context0, func(b *cryptobyte.Builder) {
			if len(extensions) == 0 {
				return
			}
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(OIDExtensionRequest)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addExtensions(b, extensions) })
			})
		})
	})
	info, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("csr: %w", err)
	}
	return seal(rand, key, public, info)
}

// seal puts a signature behind what is signed: the form requests and
// certificates share.
func seal(rand io.Reader, key crypto.Signer, public *pki.PublicKey, signed []byte) ([]byte, error) {
	h := public.Family.NewHash()
	h.Write(signed)
	signature, err := pki.SignDigest(key, rand, h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("csr: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(signed)
		b.AddBytes(public.Family.SignatureAlgorithm())
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}

// Check reports what no request can hold.
func (t Template) Check() error {
	_, err := t.extensions()
	return err
}

var context0 = cbasn1.Tag(0).ContextSpecific().Constructed()

// extensions lists what goes into the attribute, in the order of the
// provider's sample: address, store, then what was asked for.
func (t *Template) extensions() ([]Extension, error) {
	var list []Extension
	add := func(id pki.OID, fill func(b *cryptobyte.Builder)) error {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, fill)
		der, err := b.Bytes()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrExtension, err)
		}
		list = append(list, Extension{ID: id, Value: der})
		return nil
	}
	if t.Email != "" {
		for _, c := range []byte(t.Email) {
			if c <= ' ' || c >= 0x7f {
				return nil, fmt.Errorf("%w: e-mail address", ErrExtension)
			}
		}
		if err := add(pki.OIDSubjectAltName, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(1).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(t.Email)) })
		}); err != nil {
			return nil, err
		}
	}
	if t.Store != nil {
		if err := add(pki.OIDKeyStoreInfo, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(t.Store) }); err != nil {
			return nil, err
		}
	}
	if len(t.ExtKeyUsage) > 0 {
		if err := add(pki.OIDExtKeyUsage, func(b *cryptobyte.Builder) {
			for _, oid := range t.ExtKeyUsage {
				b.AddASN1ObjectIdentifier(oid)
			}
		}); err != nil {
			return nil, err
		}
	}
	for _, e := range t.Extensions {
		value := cryptobyte.String(e.Value)
		var element cryptobyte.String
		if !value.ReadAnyASN1Element(&element, new(cbasn1.Tag)) || !value.Empty() {
			return nil, fmt.Errorf("%w: %s", ErrExtension, e.ID)
		}
		list = append(list, e)
	}
	seen := map[string]bool{}
	for _, e := range list {
		if seen[e.ID.String()] {
			return nil, fmt.Errorf("%w: %s", ErrExtension, e.ID)
		}
		seen[e.ID.String()] = true
	}
	return list, nil
}

func addExtensions(b *cryptobyte.Builder, list []Extension) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range list {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(e.ID)
				if e.Critical {
					b.AddASN1Boolean(true)
				}
				b.AddASN1OctetString(e.Value)
			})
		}
	})
}

// PEM writes a request as text: 64 columns and a final line break.
func PEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

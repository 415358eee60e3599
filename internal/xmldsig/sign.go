package xmldsig

import (
	"crypto"
	"errors"
	"fmt"
	"hash"
	"slices"
	"sync"

	"tanba/internal/pki"
)

// A Declaration says what becomes of <?xml … ?>.
type Declaration int

const (
	// KeepDeclaration keeps the one of the document, and writes
	// <?xml version="1.0" encoding="UTF-8" standalone="no"?> when it has none.
	KeepDeclaration Declaration = iota
	// RewriteDeclaration does what the JDK's serializer does: the encoding is
	// named as the document names it, and standalone="no" stands where the
	// document does not say yes.
	RewriteDeclaration
	// OmitDeclaration writes none.
	OmitDeclaration
)

const (
	versionDeclared    = `<?xml version="1.0" encoding="`
	standaloneDeclared = `" standalone="no"?>`
)

// Options of one signature. The zero value signs the whole document in the
// layout of commonUtils.
type Options struct {
	// Compact leaves out all white space and line breaks inside the signature,
	// as basics does and egov.kz needs.
	Compact bool
	// Element is an XPath to the element to be signed, which must have an
	// attribute Id. "" signs the whole document.
	Element string
	// Parent is an XPath to the element whose last child the signature
	// becomes. "" is the root.
	Parent      string
	Declaration Declaration
	// Text says that the document came as characters, for example in a JSON
	// string, and not as octets: the encoding that its declaration names is then
	// of no concern and stays as it is.
	Text bool
}

// A Signer signs with one key. It may be used by several goroutines at once if
// the key may.
type Signer struct {
	key         crypto.Signer
	appender    appender // the key, if it can sign without allocating
	certificate *pki.Certificate
	layouts     [4]*layout
	pool        sync.Pool
}

// appender is what a software key of the GOST families offers beside Sign.
type appender interface {
	AppendSignature(dst, digest []byte) ([]byte, error)
}

// work is what one signature needs besides its output.
type work struct {
	document  Document
	scratch   scratch
	hash      hash.Hash
	piece     []byte
	signed    []byte
	digest    [64]byte
	second    [64]byte
	signature []byte
}

// kept bounds what a Signer holds on to between documents.
const kept = 1 << 20

// NewSigner prepares signatures with one key. The error wraps
// pki.ErrKeyMismatch if the certificate is of another key.
func NewSigner(key crypto.Signer, certificate *pki.Certificate) (*Signer, error) {
	if key == nil || certificate == nil || certificate.PublicKey == nil {
		return nil, errors.New("xmldsig: a signer needs a key and its certificate")
	}
	if err := pki.Owns(key, certificate); err != nil {
		return nil, fmt.Errorf("xmldsig: %w", err)
	}
	s, err := newSigner(certificate)
	if err != nil {
		return nil, err
	}
	s.key = key
	s.appender, _ = key.(appender)
	return s, nil
}

func newSigner(certificate *pki.Certificate) (*Signer, error) {
	a, ok := algorithmsOf(certificate.PublicKey.Family)
	if !ok {
		return nil, fmt.Errorf("xmldsig: %w: key", ErrAlgorithm)
	}
	s := &Signer{certificate: certificate}
	for i := range s.layouts {
		s.layouts[i] = newLayout(a, certificate.Raw, i&1 != 0, i&2 != 0)
	}
	s.pool.New = func() any {
		w := &work{hash: a.family.NewHash()}
		w.document.spare = &w.scratch
		return w
	}
	return s, nil
}

// Certificate returns the certificate of the signer.
func (s *Signer) Certificate() *pki.Certificate { return s.certificate }

// Sign adds a signature to a document. For more than one document a Signer is
// faster.
func Sign(key crypto.Signer, certificate *pki.Certificate, document []byte, o Options) ([]byte, error) {
	s, err := NewSigner(key, certificate)
	if err != nil {
		return nil, err
	}
	return s.Sign(document, o)
}

// Sign returns the document with a signature added.
func (s *Signer) Sign(document []byte, o Options) ([]byte, error) {
	return s.Append(nil, document, o)
}

// Append appends the signed document to dst, which must not share memory with
// the document. On an error dst is returned as it was.
func (s *Signer) Append(dst, document []byte, o Options) ([]byte, error) {
	w := s.pool.Get().(*work)
	out, err := s.append(dst, document, o, w)
	if len(document) <= kept {
		w.document.src = nil
		s.pool.Put(w)
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}

func (s *Signer) append(dst, document []byte, o Options, w *work) ([]byte, error) {
	d := &w.document
	d.characters = o.Text
	if err := d.parse(document); err != nil {
		return nil, fmt.Errorf("xmldsig: %w", err)
	}
	target, parent, uri, err := d.place(o)
	if err != nil {
		return nil, fmt.Errorf("xmldsig: %w", err)
	}
	l := s.layouts[0]
	for _, candidate := range s.layouts {
		if candidate.compact == o.Compact && candidate.byID == (target != 0) {
			l = candidate
		}
	}

	// A reference within the document drops comments, whatever the transform
	// says (XMLDSig section 4.3.3.3).
	w.hash.Reset()
	out := sink{w: w.hash, buf: w.piece[:0]}
	err = d.canonicalize(&out, target, Method{}, nil)
	w.piece = out.buf
	if err != nil {
		return nil, fmt.Errorf("xmldsig: %w", err)
	}
	digest := w.hash.Sum(w.digest[:0])

	apex, err := d.apex(w.piece[:0], parent, l.byID)
	if err != nil {
		return nil, fmt.Errorf("xmldsig: %w", err)
	}
	w.piece = apex
	w.signed = l.appendSigned(w.signed[:0], apex, uri, digest)
	w.hash.Reset()
	w.hash.Write(w.signed)
	if err := s.sign(w); err != nil {
		return nil, err
	}

	dst = slices.Grow(dst, len(document)+len(document)/16+2*len(w.signed)+len(l.rest)+2*len(w.signature))
	dst = d.appendDeclaration(dst, o.Declaration)
	return d.serialize(dst, parent, func(out []byte, force []binding) []byte {
		return l.append(out, d.declares(force), uri, digest, w.signature)
	}), nil
}

func (s *Signer) sign(w *work) error {
	hashed := w.hash.Sum(w.second[:0])
	var err error
	if s.appender != nil {
		w.signature, err = s.appender.AppendSignature(w.signature[:0], hashed)
	} else {
		w.signature, err = pki.SignDigest(s.key, nil, hashed)
	}
	if err != nil {
		return fmt.Errorf("xmldsig: signing: %w", err)
	}
	return nil
}

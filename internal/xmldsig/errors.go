package xmldsig

import (
	"errors"
	"fmt"
)

// Errors of reading XML. A SyntaxError wraps one of them.
var (
	ErrSyntax    = errors.New("not well-formed XML")
	ErrDoctype   = errors.New("document type declarations are refused")
	ErrEntity    = errors.New("entity that nothing declares")
	ErrEncoding  = errors.New("only XML in UTF-8 is supported")
	ErrUTF8      = errors.New("invalid UTF-8")
	ErrVersion   = errors.New("only XML 1.0 is supported")
	ErrStyle     = errors.New("style sheet instructions are refused")
	ErrNamespace = errors.New("not well-formed by Namespaces in XML")
	ErrTooDeep   = fmt.Errorf("elements nested deeper than %d", maxDepth)
	ErrTooMany   = errors.New("too many of a kind")
	ErrTooLarge  = errors.New("document too large")
)

// ErrRelativeNamespace: Canonical XML (section 1.3) is not defined for
// documents with relative namespace URIs, and the original fails on them too.
var ErrRelativeNamespace = errors.New("relative namespace URI has no canonical form")

// Errors of signing.
var (
	ErrXPath     = errors.New("XPath is not supported")
	ErrNoElement = errors.New("no element at this path")
	ErrNoID      = errors.New("element to be signed has no attribute Id")
	ErrPlacement = errors.New("signature cannot stand there")
)

// Errors of verification. Whatever is not one of them is an error of reading
// or of the certificate.
var (
	ErrNoSignature  = errors.New("no XML signature in the document")
	ErrStructure    = errors.New("structure of the signature")
	ErrAlgorithm    = errors.New("unsupported algorithm")
	ErrTransform    = errors.New("unsupported transform")
	ErrReference    = errors.New("reference is refused")
	ErrDuplicateID  = errors.New("identifier is not unique")
	ErrWrapped      = errors.New("signed element is not where a reader looks for it")
	ErrDigest       = errors.New("content is not what was signed")
	ErrSignature    = errors.New("signature does not verify")
	ErrNoCert       = errors.New("certificate of the signer is missing or ambiguous")
	ErrCertMismatch = errors.New("certificate does not fit the signature")
)

// A SyntaxError says where a document stopped being acceptable, and why.
type SyntaxError struct {
	Offset int // octets before the place
	Line   int // from 1
	Reason string
	Err    error // one of the errors of reading
}

func (e *SyntaxError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("xml: line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("xml: line %d: %v: %s", e.Line, e.Err, e.Reason)
}

func (e *SyntaxError) Unwrap() error { return e.Err }

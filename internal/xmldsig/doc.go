// Package xmldsig makes and checks XML signatures (XMLDSig) in the form that
// Kalkan and NCALayer give them: enveloped over a whole document, or by Id over
// one element of it.
//
// # Reading
//
// Parse is a reader of our own, because encoding/xml keeps neither the
// namespaces as they were written nor what canonical XML needs of line ends and
// attributes. A Document is what a DOM parser sees (XML 1.0, Namespaces in
// XML), in a few flat arrays. Whatever could make two readers see two documents
// is refused: document types and so entities, style sheet instructions, other
// encodings than UTF-8, XML 1.1. Depth, attributes, namespaces in scope and
// size are limited; time and memory are linear in the input.
//
// # Canonical XML
//
// Canonicalize and CanonicalizeElement write Canonical XML 1.0 and Exclusive XML
// Canonicalization 1.0, with and without comments, with a PrefixList, streaming
// into a hash. The output was compared with the JDK's and with libxml2's over
// 100,000 generated documents; where those two differ from each other
// the text of the standard decided:
//
//   - of an xml: attribute that two ancestors of a subtree have, the nearest
//     counts (section 2.4; so libxml2, while the JDK takes the outer one);
//   - & in the URI of a namespace is escaped (so the JDK, while libxml2 leaves
//     it alone);
//   - names are ordered by code point (the JDK: by UTF-16 unit), which no name
//     that XML 1.0 parsers agree on can show.
//
// Relative namespace URIs have no canonical form and are refused (section 1.3).
//
// # Making
//
// A Signer is bound to one key and its certificate and may be used by many
// goroutines. Given the same signature value its documents are those of the
// original octet for octet, which means that the document is parsed and written
// again: attributes sorted, CDATA kept, empty elements short; see serialize.
// The layouts are that of Apache Santuario, with line feeds and base64 in 76
// columns, for commonUtils, and a compact one without any white space for
// basics, which egov.kz needs. Existing signatures are kept; a new one is added
// as last child and covers them.
//
// # Checking
//
// Verify judges every signature of a document and returns the octets that were
// signed. Callers must use these and not the document: a signature by Id says
// nothing about the rest, and comments are never signed. It checks that
//
//   - the structure is SignedInfo, SignatureValue, KeyInfo and at most one
//     Object with XAdES properties, without comments or text between;
//   - algorithms are those of this package; transforms are enveloped-signature
//     and one canonicalization;
//   - references are "" or "#id" with one element of that Id, ID, id, xml:id or
//     wsu:Id, not inside a signature;
//   - exactly one certificate in KeyInfo (X509Data, or a WS-Security key
//     identifier or token) verifies the value, and its key is of the kind that
//     the algorithm names; with XAdES it is also the one that SigningCertificate
//     names, and SignedProperties are signed;
//   - base64 has no stray bits, so that a signature has one spelling;
//   - no other element has the name of one that is signed by Id, unless it is
//     signed too: otherwise a reader could be shown the other one (signature
//     wrapping). A list of which one item is signed is refused for that reason.
//
// An enveloped signature that was made before others were added covers the
// document without them, as the original verifies: last one first, each taken
// out before the next is looked at.
//
// It does not check the certificate: its chain, validity and revocation are
// other packages' work. XAdES time stamps are not looked at, and SigningTime is
// what the signer claims.
package xmldsig

package xmldsig

import (
	"encoding/base64"
	"strings"
)

// A layout is everything in a ds:Signature that does not change from one
// document to the next, cut where something has to be put in. SignedInfo is
// there twice: as it is written and in canonical form, where empty elements
// have an end tag.
type layout struct {
	compact bool
	byID    bool
	// Written: open, namespace, info, URI, reference, digest, signature, value,
	// rest.
	open, info, reference, signature, rest string
	// Canonical: "<ds:SignedInfo", namespaces, then
	canonicalInfo, canonicalReference, canonicalEnd string
}

// columns of base64 in the layout of Santuario.
const columns = 76

func newLayout(a algorithms, certificate []byte, compact, byID bool) *layout {
	nl := "\n"
	if compact {
		nl = ""
	}
	l := &layout{compact: compact, byID: byID}
	method, transforms := algorithmC14N, []string{algorithmEnveloped, algorithmC14NComments}
	if byID {
		method, transforms = algorithmExcC14N, []string{algorithmC14NComments}
	}
	pieces := func() (info, reference, closing string) {
		empty := func(name, algorithm string) string {
			return "<ds:" + name + ` Algorithm="` + algorithm + `">`
		}
		var b strings.Builder
		b.WriteString(">" + nl +
			empty("CanonicalizationMethod", method) + "</ds:CanonicalizationMethod>" + nl +
			empty("SignatureMethod", a.signature) + "</ds:SignatureMethod>" + nl +
			`<ds:Reference URI="`)
		info = b.String()
		b.Reset()
		b.WriteString(`">` + nl + "<ds:Transforms>" + nl)
		for _, t := range transforms {
			b.WriteString(empty("Transform", t) + "</ds:Transform>" + nl)
		}
		b.WriteString("</ds:Transforms>" + nl +
			empty("DigestMethod", a.digest) + "</ds:DigestMethod>" + nl +
			"<ds:DigestValue>")
		reference = b.String()
		return info, reference, "</ds:DigestValue>" + nl + "</ds:Reference>" + nl + "</ds:SignedInfo>"
	}
	info, reference, end := pieces()
	l.canonicalInfo, l.canonicalReference, l.canonicalEnd = info, reference, end

	short := strings.NewReplacer("></ds:CanonicalizationMethod>", "/>", "></ds:SignatureMethod>", "/>",
		"></ds:Transform>", "/>", "></ds:DigestMethod>", "/>")
	l.open = "<ds:Signature"
	l.info = ">" + nl + "<ds:SignedInfo" + short.Replace(info)
	l.reference = short.Replace(reference)
	l.signature = end + nl + "<ds:SignatureValue>" + nl
	l.rest = nl + "</ds:SignatureValue>" + nl +
		"<ds:KeyInfo>" + nl + "<ds:X509Data>" + nl + "<ds:X509Certificate>" + nl +
		string(l.appendBase64(nil, certificate)) + nl +
		"</ds:X509Certificate>" + nl + "</ds:X509Data>" + nl + "</ds:KeyInfo>" + nl + "</ds:Signature>"
	return l
}

// appendBase64 writes octets in lines of 76 columns, or in one when compact.
func (l *layout) appendBase64(out, octets []byte) []byte {
	if l.compact {
		return base64.StdEncoding.AppendEncode(out, octets)
	}
	const line = columns / 4 * 3
	for len(octets) > line {
		out = append(base64.StdEncoding.AppendEncode(out, octets[:line]), '\n')
		octets = octets[line:]
	}
	return base64.StdEncoding.AppendEncode(out, octets)
}

// appendSigned writes the canonical form of SignedInfo. The apex carries the
// namespaces in scope and the inherited xml: attributes.
func (l *layout) appendSigned(out, apex, uri, digest []byte) []byte {
	out = append(append(out, "<ds:SignedInfo"...), apex...)
	out = append(out, l.canonicalInfo...)
	out = append(canonicalValue.append(out, uri), l.canonicalReference...)
	out = l.appendBase64(out, digest)
	return append(out, l.canonicalEnd...)
}

// append writes the whole element.
func (l *layout) append(out []byte, declared bool, uri, digest, signature []byte) []byte {
	out = append(out, l.open...)
	if !declared {
		out = append(out, ` xmlns:ds="`+nsDSig+`"`...)
	}
	out = append(out, l.info...)
	out = appendEscaped(out, uri, plainValue)
	out = append(out, l.reference...)
	out = l.appendBase64(out, digest)
	out = append(out, l.signature...)
	out = l.appendBase64(out, signature)
	return append(out, l.rest...)
}

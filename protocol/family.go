package protocol

import "bytes"

// family is one module of the original as pages know it. It turns requests
// into operations and outcomes into replies; it holds no state.
type family interface {
	// module is the name in the request.
	module() string
	// decode sets c.Op, or c.answer, or c.silent.
	decode(c *Call, request *value)
	// appendReply writes the reply to c.Op. res fits the operation when err
	// is nil.
	appendReply(c *Call, o *output, res Result, err error)
}

// families lists what this version understands; every other module is answered
// with MODULE_NOT_FOUND.
var families = []family{commonUtils{}, basics{}, accessory{}, applet{}}

// fits says whether a result is one that the operation can have.
func fits(op Operation, res Result) bool {
	switch op := op.(type) {
	case ActiveTokens:
		_, ok := res.(Tokens)
		return ok
	case ShowKey:
		_, ok := res.(KeyInfo)
		return ok
	case SignCMS:
		return isSignatures(res, len(op.Documents))
	case SignRaw:
		s, ok := res.(Signatures)
		return ok && isSignatures(s, len(op.Documents)) && (!op.WithCertificate || len(s.Certificate) > 0)
	case SignFile, ApplyTimestamp:
		return isSignatures(res, 1)
	case SignXML:
		d, ok := res.(XMLDocuments)
		return ok && len(d) == len(op.Documents)
	case PickFile:
		_, ok := res.(Path)
		return ok
	case MakeCSR:
		_, ok := res.(CSR)
		return ok
	case ImportCertificate:
		_, ok := res.(Imported)
		return ok
	default: // without content
		return true
	}
}

func isSignatures(res Result, n int) bool {
	s, ok := res.(Signatures)
	if ok && s.Batch != nil {
		return len(s.Values) == 0 && s.Batch.Len() == n
	}
	if !ok || len(s.Values) != n {
		return false
	}
	for _, v := range s.Values {
		if len(v) == 0 {
			return false
		}
	}
	return true
}

// The readers below behave as the methods of org.json.JSONObject they are named
// after.

// optString returns a string, the text of another value, or "" for none.
func optString(v *value) string {
	switch v.kind {
	case absent, null:
		return ""
	case text, number:
		return string(v.octets())
	}
	return string(appendValue(nil, v))
}

// optBoolean takes true, false and their names as strings in any letter case.
func optBoolean(v *value, otherwise bool) bool {
	if b, ok := toBoolean(v); ok {
		return b
	}
	return otherwise
}

func toBoolean(v *value) (b, ok bool) {
	switch {
	case v.kind == boolean:
		return v.truth, true
	case v.kind == text && bytes.EqualFold(v.octets(), []byte("true")):
		return true, true
	case v.kind == text && bytes.EqualFold(v.octets(), []byte("false")):
		return false, true
	}
	return false, false
}

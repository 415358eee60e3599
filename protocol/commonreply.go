package protocol

import "errors"

// Messages of commonUtils that portals compare with.
const (
	messageCancelled    = "action.canceled"
	messageNoDevice     = "storage.empty"
	messageFileNotFound = "file.not_found"
	// messageTimestamp is ours, from product.md R-NET: the original sends the
	// text of its exception, which names addresses.
	messageTimestamp = "TSP_UNREACHABLE"
	// messageFailed is ours: the original sends the text of its exception,
	// which may name files and people.
	messageFailed = "The operation could not be completed."
)

func (commonUtils) appendReply(c *Call, o *output, res Result, err error) {
	if err != nil {
		o.b = appendCommonFailure(o.b, c, err)
		return
	}
	if res == nil {
		o.b = appendCommonEnd(append(o.b, `{"code":"200"`...), c.uuid)
		return
	}
	o.b = append(o.b, `{"responseObject":`...)
	switch res := res.(type) {
	case Tokens:
		o.b = appendStrings(o.b, res)
	case KeyInfo:
		o.b = appendKeyInfo(o.b, &res)
	case Signatures:
		o.b = append(o.b, '"')
		o.signature(&res, 0, "")
		o.room(8)
		o.b = append(o.b, '"')
	case XMLDocuments:
		if c.Method == "signXml" {
			o.b = appendString(o.b, res[0])
		} else {
			o.b = appendStrings(o.b, res)
		}
	case Path:
		o.b = appendString(o.b, string(res))
	default:
		o.b = append(o.b, `""`...)
	}
	o.b = appendCommonEnd(append(o.b, `,"code":"200"`...), c.uuid)
}

func appendCommonFailure(dst []byte, c *Call, err error) []byte {
	switch {
	case errors.Is(err, ErrCancelled):
		return appendCommonError(dst, messageCancelled, c.uuid)
	case errors.Is(err, ErrNoDevice):
		return appendCommonError(dst, messageNoDevice, c.uuid)
	case errors.Is(err, ErrFileNotFound):
		return appendCommonError(dst, messageFileNotFound, c.uuid)
	case errors.Is(err, ErrTimestamp):
		return appendCommonError(dst, messageTimestamp, c.uuid)
	case errors.Is(err, ErrNotSupported):
		return appendCommonError(dst, notAvailable(c.Method), c.uuid)
	}
	return appendCommonError(dst, messageFailed, c.uuid)
}

// appendCommonError writes an error reply; an empty message is left out, as
// the original leaves out the null message of an exception.
func appendCommonError(dst []byte, message, uuid string) []byte {
	dst = append(dst, `{"code":"500"`...)
	if message != "" {
		dst = appendString(append(dst, `,"message":`...), message)
	}
	return appendCommonEnd(dst, uuid)
}

func appendCommonEnd(dst []byte, uuid string) []byte {
	if uuid != "" {
		dst = appendString(append(dst, `,"uuid":`...), uuid)
	}
	return append(dst, '}')
}

func notAvailable(method string) string {
	return method + " is not available in this version of Tanba"
}

// appendKeyInfo writes all twelve members in the order of a Java HashMap:
// portals crash on missing ones.
func appendKeyInfo(dst []byte, k *KeyInfo) []byte {
	for i, m := range [...]struct{ name, value string }{
		{"certNotBefore", k.NotBefore},
		{"issuerCn", k.IssuerCN},
		{"authorityKeyIdentifier", k.AuthorityKeyIdentifier},
		{"serialNumber", k.SerialNumber},
		{"certNotAfter", k.NotAfter},
		{"issuerDn", k.IssuerDN},
		{"keyId", k.KeyID},
		{"alias", k.Alias},
		{"pem", k.PEM},
		{"subjectCn", k.SubjectCN},
		{"algorithm", k.Algorithm},
		{"subjectDn", k.SubjectDN},
	} {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		dst = append(dst, separator, '"')
		dst = append(append(dst, m.name...), '"', ':')
		dst = appendString(dst, m.value)
	}
	return append(dst, '}')
}

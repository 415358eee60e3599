package protocol

import "errors"

func (basics) appendReply(c *Call, dst []byte, res Result, err error) []byte {
	if errors.Is(err, ErrCancelled) {
		return append(dst, `{"body":{},"status":true}`...)
	}
	if err != nil {
		return appendFailure(dst, operationFailure(c, err))
	}
	dst = append(dst, `{"body":{"result":`...)
	switch res := res.(type) {
	case Signatures:
		dst = appendSignatures(dst, c.Op, &res)
	case XMLDocuments:
		dst = appendStrings(dst, res)
	case CSR:
		dst = append(appendPEM(append(dst, `{"csr":"`...), "CERTIFICATE REQUEST", res.DER), '"')
		dst = append(appendString(append(dst, `,"keyId":`...), res.KeyID), '}')
	case Imported:
		dst = appendString(append(dst, `{"imported":true,"keyId":`...), res.KeyID)
		dst = appendString(append(dst, `,"alias":`...), res.Alias)
		dst = appendString(append(dst, `,"serialNumber":`...), res.SerialNumber)
		dst = append(appendString(append(dst, `,"storage":`...), res.Storage), '}')
	}
	return append(dst, `},"status":true}`...)
}

// appendSignatures writes an array in every case, and for bare values with a
// certificate an object around it.
func appendSignatures(dst []byte, op Operation, s *Signatures) []byte {
	raw, isRaw := op.(SignRaw)
	if isRaw && raw.WithCertificate {
		dst = append(appendPEM(append(dst, `{"certificate":"`...), "CERTIFICATE", s.Certificate), `","signatures":`...)
	}
	dst = append(dst, '[')
	for i, v := range s.Values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		if isRaw {
			dst = appendBase64(dst, v)
		} else {
			dst = appendPEM(dst, "CMS", v)
		}
		dst = append(dst, '"')
	}
	dst = append(dst, ']')
	if isRaw && raw.WithCertificate {
		dst = append(dst, '}')
	}
	return dst
}

// operationFailure puts an error of an operation into the module's words.
func operationFailure(c *Call, err error) *failure {
	details := messageFailed
	switch {
	case errors.Is(err, ErrNoDevice):
		details = messageNoDevice
	case errors.Is(err, ErrFileNotFound):
		details = messageFileNotFound
	case errors.Is(err, ErrTimestamp):
		details = messageTimestamp
	case errors.Is(err, ErrNotSupported):
		what := c.Method
		if c.format != "" {
			what += " with format " + c.format
		}
		details = notAvailable(what)
	}
	switch c.Op.(type) {
	case MakeCSR:
		return csrFailure(details)
	case ImportCertificate:
		if errors.Is(err, ErrUnfitCertificate) {
			return invalidCertificate("no valid certificate for the key")
		}
		return importFailure(details)
	}
	return signingFailure(details)
}

func appendFailure(dst []byte, f *failure) []byte {
	dst = appendString(append(dst, `{"code":`...), f.code)
	if f.details != "" {
		dst = appendString(append(dst, `,"details":`...), f.details)
	}
	dst = appendString(append(dst, `,"message":`...), f.message)
	return append(dst, `,"status":false}`...)
}

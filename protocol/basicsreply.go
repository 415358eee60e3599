package protocol

import "errors"

func (basics) appendReply(c *Call, o *output, res Result, err error) {
	if errors.Is(err, ErrCancelled) {
		o.b = append(o.b, `{"body":{},"status":true}`...)
		return
	}
	if err != nil {
		o.b = appendFailure(o.b, operationFailure(c, err))
		return
	}
	o.b = append(o.b, `{"body":{"result":`...)
	switch res := res.(type) {
	case Signatures:
		o.signatures(c.Op, &res)
	case XMLDocuments:
		o.b = appendStrings(o.b, res)
	case CSR:
		o.b = append(appendPEM(append(o.b, `{"csr":"`...), "CERTIFICATE REQUEST", res.DER), '"')
		o.b = append(appendString(append(o.b, `,"keyId":`...), res.KeyID), '}')
	case Imported:
		o.b = appendString(append(o.b, `{"imported":true,"keyId":`...), res.KeyID)
		o.b = appendString(append(o.b, `,"alias":`...), res.Alias)
		o.b = appendString(append(o.b, `,"serialNumber":`...), res.SerialNumber)
		o.b = append(appendString(append(o.b, `,"storage":`...), res.Storage), '}')
	}
	o.b = append(o.b, `},"status":true}`...)
}

// signatures writes an array in every case, and for bare values with a
// certificate an object around it.
func (o *output) signatures(op Operation, s *Signatures) {
	raw, isRaw := op.(SignRaw)
	if isRaw && raw.WithCertificate {
		o.b = append(appendPEM(append(o.b, `{"certificate":"`...), "CERTIFICATE", s.Certificate), `","signatures":`...)
	}
	label := "CMS"
	if isRaw {
		label = ""
	}
	o.b = append(o.b, '[')
	for i := range s.len() {
		o.room(8)
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = append(o.b, '"')
		o.signature(s, i, label)
		o.room(8)
		o.b = append(o.b, '"')
	}
	o.room(8)
	o.b = append(o.b, ']')
	if isRaw && raw.WithCertificate {
		o.b = append(o.b, '}')
	}
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
		if errors.Is(err, ErrUnfitRequest) {
			details = "subject or extensions cannot be encoded"
		}
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

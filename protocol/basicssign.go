package protocol

import "strconv"

// decodeSign reads the arguments of basics sign.
func decodeSign(c *Call, args *value) (Operation, error) {
	format, err := getString(args, "format")
	if err != nil {
		return nil, err
	}
	data := args.get("data")
	if data.kind == absent {
		return nil, memberNotFound("data")
	}
	params, err := getObject(args, "signingParams")
	if err != nil {
		return nil, err
	}
	signer, err := getObject(args, "signerParams")
	if err != nil {
		return nil, err
	}
	sel, err := signerSelection(signer)
	if err != nil {
		return nil, err
	}
	sel.Storages = storageList(args.get("allowedStorages"))
	sel.RefuseExpired = !optBoolean(params.get("allowExpired"), false)
	sel.RefuseRevoked = !optBoolean(params.get("allowRevoked"), false)

	if format != "cms" && format != "xml" && format != "raw" {
		return nil, invalidSigningParams("unknown format " + strconv.Quote(format))
	}
	documents, err := signData(data, optBoolean(params.get("decode"), false))
	if err != nil {
		return nil, err
	}
	c.format = format
	digests := optBoolean(params.get("digested"), false)
	timestamp := wantsTimestamp(params.get("tsaProfile"))
	show := presentation(args)
	switch format {
	case "xml":
		op := SignXML{Select: sel, Documents: make([]string, len(documents)), Compact: true,
			Timestamp: timestamp, Presentation: show}
		for i, octets := range documents {
			op.Documents[i] = string(octets)
			if err := checkXML(op.Documents[i]); err != nil {
				return nil, signingFailure(err.Error())
			}
		}
		return op, nil
	case "raw":
		return SignRaw{Select: sel, Documents: documents, Digests: digests,
			WithCertificate: optBoolean(params.get("outputCert"), false), Presentation: show}, nil
	}
	// A digest cannot be encapsulated, so digested wins.
	return SignCMS{Select: sel, Documents: documents, Digests: digests,
		Detached:  digests || !optBoolean(params.get("encapsulate"), true),
		Timestamp: timestamp, Presentation: show}, nil
}

// signData reads one string or an array of them: text to be signed as UTF-8,
// or base64 of octets.
func signData(data *value, decode bool) ([][]byte, error) {
	n, item := len(data.items), func(i int) *value { return &data.items[i] }
	switch data.kind {
	case text:
		n, item = 1, func(int) *value { return data }
	case array:
		if n == 0 {
			return nil, invalidSigningParams("data is empty")
		}
	default:
		return nil, invalidSigningParams("data is neither a string nor an array of strings")
	}
	documents := make([][]byte, n)
	for i := range documents {
		v := item(i)
		if v.kind != text {
			return nil, invalidSigningParams("data[" + strconv.Itoa(i) + "] is not a string")
		}
		if !decode {
			documents[i] = v.octets()
			continue
		}
		octets, err := v.base64()
		if err != nil {
			return nil, invalidSigningParams(causeOf(err))
		}
		documents[i] = octets
	}
	return documents, nil
}

// wantsTimestamp reads tsaProfile: an object without members so far, and every
// value but null means yes. A page that says false means no.
func wantsTimestamp(v *value) bool {
	return v.kind != absent && v.kind != null && !(v.kind == boolean && !v.truth)
}

// signerSelection reads signerParams.
func signerSelection(v *value) (Selection, error) {
	eku, err := stringList(v.get("extKeyUsageOids"))
	if err != nil {
		return Selection{}, err
	}
	sel := Selection{
		EKU:    eku,
		IIN:    optString(v.get("iin")),
		BIN:    optString(v.get("bin")),
		Serial: optString(v.get("serialNumber")),
		Chain:  ChainNational,
	}
	if chain := v.get("chain"); chain.kind == array {
		if sel.Anchors, err = stringList(chain); err != nil {
			return Selection{}, err
		}
		sel.Chain = ChainGiven
		if len(sel.Anchors) == 0 {
			sel.Chain, sel.Anchors = ChainAny, nil
		}
	}
	if len(sel.EKU) == 0 {
		sel.EKU = nil
	}
	return sel, nil
}

package protocol

import (
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
)

// The arguments of generateCsr and importCertificate are our own: only their
// names are known of the original.

var csrMembers = []string{"storage", "allowedStorages", "keyAlgorithm", "subject",
	"extKeyUsageOids", "extensions", "format", "locale", "logo"}

const oidExtKeyUsage = "2.5.29.37"

func decodeGenerateCSR(_ *Call, args *value) (Operation, error) {
	subject := args.get("subject")
	if subject.kind == absent {
		return nil, memberNotFound("subject")
	}
	op := MakeCSR{Algorithm: "GOST2015-512", Presentation: presentation(args)}
	for _, key := range args.keys {
		if !slices.Contains(csrMembers, key) {
			op.Unknown = append(op.Unknown, key)
		}
	}
	storage := args.get("storage")
	if storage.kind == absent || storage.kind == null {
		storage = args.get("allowedStorages")
	}
	if op.Storages = storageList(storage); storage.kind == text {
		name := string(storage.octets())
		if !knownStorage(name) {
			return nil, csrFailure("unknown storage " + strconv.Quote(name))
		}
		op.Storages = []string{name}
	}
	if name := optString(args.get("keyAlgorithm")); name != "" {
		op.Algorithm = name
	}
	if op.Algorithm != "GOST2015-512" && op.Algorithm != "RSA-2048" {
		return nil, csrFailure("unknown keyAlgorithm " + strconv.Quote(op.Algorithm))
	}
	if format := optString(args.get("format")); format != "" && format != "PEM" {
		return nil, csrFailure("unknown format " + strconv.Quote(format))
	}
	var err error
	if op.Subject, err = subjectName(subject); err != nil {
		return nil, err
	}
	if op.EKU, err = stringList(args.get("extKeyUsageOids")); err != nil {
		return nil, err
	}
	for _, oid := range op.EKU {
		if !isOID(oid) {
			return nil, csrFailure("malformed OID " + strconv.Quote(oid))
		}
	}
	op.Extensions, err = extensionList(args.get("extensions"), len(op.EKU) > 0)
	return op, err
}

// subjectName reads an array of attributes or the text form of KeyInfo.
func subjectName(v *value) ([]Attribute, error) {
	if v.kind == text {
		attributes, err := parseName(string(v.octets()))
		if err != nil {
			return nil, csrFailure(err.Error())
		}
		return attributes, nil
	}
	if v.kind != array || len(v.items) == 0 {
		return nil, csrFailure("subject is neither a name nor a list of attributes")
	}
	attributes := make([]Attribute, len(v.items))
	for i := range v.items {
		oid, val := v.items[i].get("oid"), v.items[i].get("value")
		if oid.kind != text || val.kind != text || !isOID(string(oid.octets())) {
			return nil, csrFailure("subject[" + strconv.Itoa(i) + "] needs an oid and a value")
		}
		attributes[i] = Attribute{string(oid.octets()), string(val.octets())}
	}
	return attributes, nil
}

func extensionList(v *value, haveEKU bool) ([]Extension, error) {
	if v.kind == absent || v.kind == null {
		return nil, nil
	}
	if v.kind != array {
		return nil, csrFailure("extensions is not an array")
	}
	list := make([]Extension, len(v.items))
	for i := range v.items {
		oid, val := v.items[i].get("oid"), v.items[i].get("value")
		if oid.kind != text || val.kind != text || !isOID(string(oid.octets())) {
			return nil, csrFailure("extensions[" + strconv.Itoa(i) + "] needs an oid and a value")
		}
		if haveEKU && string(oid.octets()) == oidExtKeyUsage {
			return nil, csrFailure("extended key usage is given twice")
		}
		der, err := val.base64()
		if err != nil {
			return nil, csrFailure("extensions[" + strconv.Itoa(i) + "]: " + err.Error())
		}
		list[i] = Extension{string(oid.octets()), optBoolean(v.items[i].get("critical"), false), der}
	}
	return list, nil
}

func decodeImportCertificate(_ *Call, args *value) (Operation, error) {
	certificates := args.get("certificates")
	if certificates.kind == absent {
		return nil, memberNotFound("certificates")
	}
	keyID, err := getString(args, "keyId")
	if err != nil {
		return nil, err
	}
	items := certificates.items
	if certificates.kind == text {
		items = []value{*certificates}
	}
	if len(items) == 0 || certificates.kind == object {
		return nil, invalidCertificate("certificates is empty")
	}
	op := ImportCertificate{KeyID: strings.ToLower(keyID), Presentation: presentation(args)}
	for i := range items {
		der, ok := certificateDER(&items[i])
		if !ok {
			return nil, invalidCertificate("certificates[" + strconv.Itoa(i) + "] is not a certificate")
		}
		op.Certificates = append(op.Certificates, der...)
	}
	return op, nil
}

// certificateDER reads PEM, with one certificate or more, or base64 of DER.
func certificateDER(v *value) (list [][]byte, ok bool) {
	if v.kind != text {
		return nil, false
	}
	for rest := v.octets(); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, false
		}
		list = append(list, block.Bytes)
	}
	if len(list) > 0 {
		return list, true
	}
	der, err := v.base64()
	return [][]byte{der}, err == nil && len(der) > 0
}

package protocol

import (
	"strings"
)

// commonUtils is the module kz.gov.pki.knca.commonUtils: positional arguments,
// one class of Java methods called by reflection.
type commonUtils struct{}

func (commonUtils) module() string { return "kz.gov.pki.knca.commonUtils" }

// parameter is the Java type of one argument.
type parameter byte

const (
	aString parameter = iota
	aBoolean
	aStringArray
)

// arguments have passed the type check.
type arguments []value

func (a arguments) text(i int) string { return string(a[i].octets()) }
func (a arguments) flag(i int) bool   { b, _ := toBoolean(&a[i]); return b }

// signature is one method: its parameters and how it becomes an operation. An
// error of decode is an exception inside the method: its text goes to the page.
type signature struct {
	parameters []parameter
	decode     func(a arguments) (Operation, error)
}

var commonMethods = map[string]signature{
	"getActiveTokens":              {nil, func(arguments) (Operation, error) { return ActiveTokens{}, nil }},
	"getKeyInfo":                   {[]parameter{aString}, showKey},
	"signXml":                      {[]parameter{aString, aString, aString, aString, aString}, signXML},
	"signXmls":                     {[]parameter{aString, aString, aStringArray, aString, aString}, signXML},
	"createCAdESFromBase64":        {[]parameter{aString, aString, aString, aBoolean}, signBase64(false)},
	"createCAdESFromFile":          {[]parameter{aString, aString, aString, aBoolean}, signFile(false)},
	"createCAdESFromBase64Hash":    {[]parameter{aString, aString, aString}, signDigest},
	"createCMSSignatureFromBase64": {[]parameter{aString, aString, aString, aBoolean}, signBase64(true)},
	"createCMSSignatureFromFile":   {[]parameter{aString, aString, aString, aBoolean}, signFile(true)},
	"applyCAdEST":                  {[]parameter{aString, aString, aString}, applyTimestamp},
	"showFileChooser":              {[]parameter{aString, aString}, pickFile},
	"changeLocale":                 {[]parameter{aString}, changeLocale},
}

// errSilent is an exception without a message.
var errSilent = &exception{}

func (commonUtils) decode(c *Call, request *value) {
	fail := func(message string) { c.answer = appendCommonError(nil, message, c.uuid) }

	switch request.get("method").kind {
	case text:
	case absent:
		fail(`JSONObject["method"] not found.`)
		return
	default:
		fail(`JSONObject["method"] not a string.`)
		return
	}
	var args arguments
	if list := request.get("args"); list.kind == array {
		args = list.items
	}
	method, ok := commonMethods[c.Method]
	if !ok || len(method.parameters) != len(args) {
		fail("NoSuchMethodException " + c.Method)
		return
	}
	if message := mismatch(method.parameters, args, c.Method); message != "" {
		fail(message)
		return
	}
	// From here on the method runs, and its replies carry the uuid.
	c.uuid = optString(request.get("uuid"))
	op, err := method.decode(args)
	switch {
	case err != nil:
		fail(err.Error())
	case isEmptyBatch(op):
		c.answer = appendCommonEnd(append(append(c.answer, `{"responseObject":[]`...), `,"code":"200"`...), c.uuid)
	default:
		c.Op = op
	}
}

// isEmptyBatch: signXmls without documents has nothing to ask a person about.
func isEmptyBatch(op Operation) bool {
	x, ok := op.(SignXML)
	return ok && len(x.Documents) == 0
}

// mismatch checks the JSON types of arguments as Java reflection does, but
// takes "true" and "false" for booleans.
func mismatch(parameters []parameter, args arguments, method string) string {
	for i, p := range parameters {
		if p != aStringArray || args[i].kind != array {
			continue
		}
		for j := range args[i].items {
			if args[i].items[j].kind != text {
				return item(j) + " not a string."
			}
		}
	}
	for i, p := range parameters {
		ok := args[i].kind == text
		switch p {
		case aBoolean:
			_, ok = toBoolean(&args[i])
		case aStringArray:
			ok = args[i].kind == array
		}
		if !ok {
			return "java.lang.IllegalArgumentException: argument type mismatch. Method: " + method
		}
	}
	return ""
}

// selection reads storage and key type, the first two arguments of the methods
// that need a key. Certificates are never refused here, only warned about.
func selection(storage, keyType string) (Selection, error) {
	switch {
	case storage == "":
		return Selection{}, &exception{message: "storageName.param.empty"}
	case !knownStorage(storage):
		return Selection{}, &exception{message: "storage.unknown"}
	}
	return Selection{Storages: []string{storage}, Use: keyUse(keyType), Chain: ChainAny}, nil
}

func showKey(a arguments) (Operation, error) {
	sel, err := selection(a.text(0), "")
	return ShowKey{Select: sel}, err
}

func signXML(a arguments) (Operation, error) {
	list := a[2:3]
	if a[2].kind == array {
		list = a[2].items
	}
	documents := make([]string, len(list))
	for i := range list {
		documents[i] = string(list[i].octets())
		if err := checkXML(documents[i]); err != nil {
			return nil, err
		}
	}
	sel, err := selection(a.text(0), a.text(1))
	return SignXML{Select: sel, Documents: documents, TBS: a.text(3), Parent: a.text(4)}, err
}

func signBase64(timestamp bool) func(arguments) (Operation, error) {
	return func(a arguments) (Operation, error) {
		octets, err := a[2].container()
		if err != nil {
			return nil, err
		}
		sel, err := selection(a.text(0), a.text(1))
		return SignCMS{Select: sel, Documents: [][]byte{octets}, Detached: !a.flag(3), Timestamp: timestamp, CoSign: true}, err
	}
}

func signDigest(a arguments) (Operation, error) {
	digest, err := a[2].base64()
	if err != nil {
		return nil, err
	}
	if len(digest) == 0 {
		return nil, errSilent
	}
	sel, err := selection(a.text(0), a.text(1))
	return SignCMS{Select: sel, Documents: [][]byte{digest}, Digests: true, Detached: true}, err
}

func signFile(timestamp bool) func(arguments) (Operation, error) {
	return func(a arguments) (Operation, error) {
		sel, err := selection(a.text(0), a.text(1))
		return SignFile{Select: sel, Path: a.text(2), Detached: !a.flag(3), Timestamp: timestamp, CoSign: true}, err
	}
}

func applyTimestamp(a arguments) (Operation, error) {
	octets, err := a[2].container()
	if err != nil {
		return nil, err
	}
	_, err = selection(a.text(0), a.text(1))
	return ApplyTimestamp{CMS: octets}, err
}

// pickFile knows the words of the original's file chooser and takes anything
// else for a list of extensions.
func pickFile(a arguments) (Operation, error) {
	op := PickFile{Start: a.text(1)}
	switch ext := a.text(0); ext {
	case "", "DIRECTORY":
		op.Directory = true
	case "ALL":
	case "P12":
		op.Extensions = []string{"p12"}
	case "JKS":
		op.Extensions = []string{"jks"}
	case "KEYSTORE":
		op.Extensions = []string{"pfx", "p12", "bin", "jks"}
	case "CER":
		op.Extensions = []string{"der", "cer"}
	case "CRL":
		op.Extensions = []string{"crl"}
	default:
		op.Extensions = extensions(ext)
	}
	return op, nil
}

// extensions reads "xml, .PDF,*.txt"; one that means every file lifts the limit.
func extensions(list string) []string {
	var out []string
	for e := range strings.SplitSeq(list, ",") {
		e = strings.ToLower(strings.TrimSpace(e))
		e = strings.TrimPrefix(strings.TrimPrefix(e, "*"), ".")
		switch {
		case e == "*" || e == "all" || e == "any":
			return nil
		case e != "" && !strings.ContainsAny(e, `/\:*?"<>|`+"\x00"):
			out = append(out, e)
		}
	}
	return out
}

func changeLocale(a arguments) (Operation, error) { return SetLocale{Locale: a.text(0)}, nil }

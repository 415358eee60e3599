package protocol

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// basics is the module kz.gov.pki.knca.basics: one object of named arguments,
// answers with a status.
type basics struct{}

func (basics) module() string { return "kz.gov.pki.knca.basics" }

// className stands for the class of the original, which is not known; it shows
// in one error text only.
const className = "Basics"

// basicsMethods turn arguments into operations. An *exception they return is
// an exception thrown inside the method, a *failure is the module's own.
var basicsMethods = map[string]func(c *Call, args *value) (Operation, error){
	"sign":              decodeSign,
	"generateCsr":       decodeGenerateCSR,
	"importCertificate": decodeImportCertificate,
}

// failure is an error the module itself names.
type failure struct{ code, message, details string }

func (f *failure) Error() string { return f.code + ": " + f.details }

func invalidSigningParams(details string) *failure {
	return &failure{"INVALID_SIGNING_PARAMS", "Invalid signing params.", details}
}

func signingFailure(details string) *failure {
	return &failure{"SIGNING_FAILURE", "Signing failure.", details}
}

func csrFailure(details string) *failure {
	return &failure{"CSR_GENERATING_FAILURE", "CSR generating failure.", details}
}

func importFailure(details string) *failure {
	return &failure{"CERTIFICATE_IMPORTING_FAILURE", "Certificate importing failure.", details}
}

func invalidCertificate(details string) *failure {
	return &failure{"INVALID_IMPORTING_CERTIFICATE", "Invalid importing certificate.", details}
}

func generalError(e *exception) *failure {
	return &failure{"GENERAL_ERROR", "General error.", e.String()}
}

func invocationError(e *exception) *failure {
	return &failure{"INVOCATION_ERROR", "An invoked method threw an exception.", e.String()}
}

// decode checks version, class, method and arguments in the order of the
// original's CommonInvoker.
func (basics) decode(c *Call, request *value) {
	op, err := decodeBasics(c, request)
	var f *failure
	var e *exception
	switch {
	case err == nil:
		c.Op = op
	case errors.As(err, &f):
		c.answer = appendFailure(nil, f)
	case errors.As(err, &e):
		c.answer = appendFailure(nil, invocationError(e))
	default:
		c.answer = appendFailure(nil, signingFailure(messageFailed))
	}
}

func decodeBasics(c *Call, request *value) (Operation, error) {
	switch request.get("method").kind {
	case text:
	case absent:
		return nil, generalError(memberNotFound("method"))
	default:
		return nil, generalError(memberNotString("method"))
	}
	if v := request.get("apiVersion"); v.kind == number || v.kind == text {
		if n, err := strconv.ParseFloat(string(v.octets()), 64); err == nil && (n < 2 || n >= 3) {
			return nil, generalError(illegalArgument("Supported apiVersion is 2"))
		}
	}
	if class := optString(request.get("class")); class != "" {
		return nil, generalError(illegalArgument(class + " is not found"))
	}
	method, ok := basicsMethods[c.Method]
	if !ok {
		return nil, generalError(illegalArgument(c.Method + " is not defined in " + className))
	}
	args := request.get("args")
	if args.kind != object {
		return nil, generalError(illegalArgument(c.Method + " demands arguments"))
	}
	return method(c, args)
}

// getString and the readers after it are those of org.json.JSONObject that
// throw.
func getString(v *value, key string) (string, error) {
	m := v.get(key)
	switch m.kind {
	case text:
		return string(m.octets()), nil
	case absent:
		return "", memberNotFound(key)
	}
	return "", memberNotString(key)
}

func getObject(v *value, key string) (*value, error) {
	m := v.get(key)
	switch m.kind {
	case object:
		return m, nil
	case absent:
		return nil, memberNotFound(key)
	}
	return nil, jsonException(member(key) + " is not a JSONObject.")
}

// stringList reads an array of strings; anything but an array is none.
func stringList(v *value) ([]string, error) {
	if v.kind != array {
		return nil, nil
	}
	list := make([]string, len(v.items))
	for i := range v.items {
		if v.items[i].kind != text {
			return nil, jsonException(item(i) + " not a string.")
		}
		list[i] = string(v.items[i].octets())
	}
	return list, nil
}

// storageList reads allowedStorages: unknown names are skipped, and none left
// means every storage, as does anything but an array.
func storageList(v *value) []string {
	if v.kind != array {
		return nil
	}
	var list []string
	for i := range v.items {
		if v.items[i].kind != text {
			continue
		}
		if name := string(v.items[i].octets()); knownStorage(name) {
			list = append(list, name)
		}
	}
	return list
}

// maxLogo is the length of a logo in base64 that pages are told to keep to. A
// longer one is left out.
const maxLogo = 50_000

// presentation reads locale and logo. A page without a locale gets Kazakh, one
// with an unknown locale the person's own language.
func presentation(args *value) Presentation {
	p := Presentation{Locale: "kk"}
	if locale := strings.ToLower(optString(args.get("locale"))); locale != "" {
		language, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
		switch language {
		case "ru", "en":
			p.Locale = language
		case "kk", "kz":
		default:
			p.Locale = ""
		}
	}
	if logo := args.get("logo"); logo.kind == text && logo.length() <= maxLogo {
		if !logo.isPacked() {
			if _, after, ok := bytes.Cut(logo.raw, []byte(";base64,")); ok {
				logo.raw = after
			}
		}
		if octets, err := logo.base64(); err == nil && len(octets) > 0 {
			p.Logo = octets
		}
	}
	return p
}

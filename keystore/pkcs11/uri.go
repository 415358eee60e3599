package pkcs11

import (
	"errors"
	"net/url"
	"strings"
)

// filter says which tokens of a module are meant; an empty field takes any.
type filter struct {
	token, serial, model, manufacturer string
}

func (f filter) takes(t tokenInfo) bool {
	same := func(want, have string) bool { return want == "" || want == have }
	return same(f.token, t.label) && same(f.serial, t.serial) && same(f.model, t.model) && same(f.manufacturer, t.manufacturer)
}

// uri is what is used of an RFC 7512 URI.
type uri struct {
	module string
	filter filter
	pin    bool // it has a PIN in it, which is not looked at
}

var errURI = errors.New("pkcs11: not a PKCS#11 URI with module-path")

// parseURI reads "pkcs11:token=…;serial=…?module-path=…". The path of the module
// is a query attribute there; people write it before the ? as well. Attributes
// that say nothing of modules and tokens are allowed and ignored.
func parseURI(text string) (uri, error) {
	if len(text) < len("pkcs11:") || !strings.EqualFold(text[:len("pkcs11:")], "pkcs11:") {
		return uri{}, errURI
	}
	path, query, _ := strings.Cut(text[len("pkcs11:"):], "?")
	var u uri
	seen := map[string]bool{}
	for _, pair := range append(strings.Split(path, ";"), strings.Split(query, "&")...) {
		if pair == "" {
			continue
		}
		name, escaped, ok := strings.Cut(pair, "=")
		if !ok || name == "" || seen[name] {
			return uri{}, errURI
		}
		seen[name] = true
		if name == "pin-value" || name == "pin-source" {
			u.pin = true
			continue
		}
		value, err := url.PathUnescape(escaped)
		if err != nil {
			return uri{}, errURI
		}
		switch name {
		case "module-path":
			u.module = value
		case "token":
			u.filter.token = value
		case "serial":
			u.filter.serial = value
		case "model":
			u.filter.model = value
		case "manufacturer":
			u.filter.manufacturer = value
		}
	}
	if u.module == "" {
		return uri{}, errURI
	}
	return u, nil
}

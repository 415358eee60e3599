package protocol

import (
	"fmt"
	"strings"
)

// nameKeywords are the keywords of distinguished names in KeyInfo, with the
// older spellings.
var nameKeywords = map[string]string{
	"CN":               "2.5.4.3",
	"SURNAME":          "2.5.4.4",
	"SERIALNUMBER":     "2.5.4.5",
	"C":                "2.5.4.6",
	"L":                "2.5.4.7",
	"ST":               "2.5.4.8",
	"S":                "2.5.4.8",
	"STREET":           "2.5.4.9",
	"O":                "2.5.4.10",
	"OU":               "2.5.4.11",
	"T":                "2.5.4.12",
	"BUSINESSCATEGORY": "2.5.4.15",
	"GIVENNAME":        "2.5.4.42",
	"G":                "2.5.4.42",
	"E":                "1.2.840.113549.1.9.1",
	"EMAILADDRESS":     "1.2.840.113549.1.9.1",
	"UID":              "0.9.2342.19200300.100.1.1",
	"DC":               "0.9.2342.19200300.100.1.25",
}

// ParseName reads a distinguished name in the text form of KeyInfo's subjectDn.
func ParseName(name string) ([]Attribute, error) { return parseName(name) }

// parseName reads "CN=…,SURNAME=…" in encoding order. A backslash takes the
// next character as it is; a keyword may be an object identifier.
func parseName(name string) ([]Attribute, error) {
	var list []Attribute
	for rest, more := name, true; more; {
		var part string
		part, rest, more = cutName(rest)
		keyword, val, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("malformed name: no '=' in attribute %d", len(list)+1)
		}
		keyword = strings.ToUpper(strings.TrimSpace(keyword))
		oid := nameKeywords[keyword]
		if isOID(keyword) {
			oid = keyword
		}
		if oid == "" {
			return nil, fmt.Errorf("malformed name: unknown keyword %q", keyword)
		}
		list = append(list, Attribute{oid, unescapeName(val)})
	}
	return list, nil
}

// cutName cuts at the first comma that no backslash protects.
func cutName(s string) (part, rest string, more bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',':
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func unescapeName(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isOID says whether s is an object identifier in dotted form: two arcs or
// more, digits only, the first arc below 3, the second below 40 unless the
// first is 2.
func isOID(s string) bool {
	arcs := strings.Split(s, ".")
	if len(arcs) < 2 || len(s) > 256 {
		return false
	}
	for _, a := range arcs {
		if a == "" || len(a) > 38 || len(a) > 1 && a[0] == '0' || strings.Trim(a, "0123456789") != "" {
			return false
		}
	}
	switch arcs[0] {
	case "0", "1":
		return len(arcs[1]) == 1 || len(arcs[1]) == 2 && arcs[1] < "40"
	case "2":
		return true
	}
	return false
}

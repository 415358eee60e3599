package consent

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"tanba/bridge/prompt"
)

const (
	fieldCount = 8   // a person reads that many
	fieldValue = 80  // characters of a value that still is a field, not a text
	fieldName  = 40  // characters of an element's name
	tokenValue = 200 // octets of anything in a log-in challenge
)

// Forms that are recognised, as prompt.Document.Form.
const (
	formLogin = "login"
	formTax   = "fno"
)

// describeXML adds to d what s, the beginning of its text, says in fields. The
// names of forms come from our catalogue only when the form is recognised; an
// element can never borrow them.
func describeXML(d *prompt.Document, s string) {
	o, ok := outlineOf(strings.TrimPrefix(s, "\ufeff"), d.Cut)
	if !ok {
		return
	}
	if fields, ok := loginFields(&o); ok {
		d.Form, d.Fields = formLogin, fields
		return
	}
	if fields, ok := taxFields(&o); ok {
		d.Form, d.Fields, d.More = formTax, fields, true
		return
	}
	d.Fields, d.More = plainFields(&o)
}

// Part narrows the view of a document to what an XPath selects, when only that
// is signed. The fields are those of the whole document, so they go: a person
// must not take for signed what is not.
func Part(d *prompt.Document, path string) {
	if path = clean(readable(path)); path == "" {
		return
	}
	d.Part, d.Form, d.Fields, d.More = path, "", nil, false
}

// Roots and elements of log-in challenges: egov's <login>, and the empty <root>
// of goszakup.
var (
	loginRoots = []string{"login", "logon", "signin", "auth", "authentication", "root"}
	loginNames = map[string]string{
		"url": "document.field_site", "timeticket": "document.field_time",
		"sessionid": "document.field_session", "session": "document.field_session",
		"ticket": "document.field_code", "challenge": "document.field_code", "nonce": "document.field_code",
		"token": "document.field_code", "uuid": "document.field_code",
	}
	moment = regexp.MustCompile(`^[0-9][0-9TZ:.+ -]{0,39}$`)
	code   = regexp.MustCompile(`^[A-Za-z0-9+/=_-]{1,128}$`)
)

// loginFields recognises a log-in challenge: nothing in the whole document but
// numbers, codes and an address under the names that challenges use (T20).
func loginFields(o *outline) ([]prompt.Field, bool) {
	if o.more || o.deep || o.root.prefixed || o.root.value != "" || len(o.root.attributes) > 0 || len(o.leaves) > fieldCount ||
		!slices.Contains(loginRoots, strings.ToLower(o.root.name)) {
		return nil, false
	}
	var fields []prompt.Field
	for _, l := range o.leaves {
		key, known := loginNames[strings.ToLower(l.name)]
		if !known || l.prefixed || len(l.attributes) > 0 || len(l.value) > tokenValue {
			return nil, false
		}
		if l.value == "" {
			continue
		}
		fits := code.MatchString(l.value)
		switch key {
		case "document.field_site":
			u, err := url.Parse(l.value)
			fits = err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && !strings.ContainsAny(l.value, " \t")
		case "document.field_time":
			fits = moment.MatchString(l.value)
		}
		if !fits {
			return nil, false
		}
		fields = append(fields, prompt.Field{Key: key, Value: shownValue(l.value)})
	}
	return fields, true
}

// taxNames are the fields of tax forms (<fno>) that say what and whose it is.
var taxNames = map[string]string{
	"code": "document.field_form", "formcode": "document.field_form", "form_code": "document.field_form",
	"version": "document.field_version", "formversion": "document.field_version",
	"iin": "key.iin", "bin": "key.bin",
	"payer_name": "document.field_payer", "payer_name1": "document.field_payer", "payer_name2": "document.field_payer",
	"payer_name3": "document.field_payer", "name": "document.field_payer", "taxpayer_name": "document.field_payer",
	"period": "document.field_period", "period_year": "document.field_year", "year": "document.field_year",
	"period_half_year": "document.field_half", "period_quarter": "document.field_quarter", "quarter": "document.field_quarter",
	"period_month": "document.field_month", "month": "document.field_month",
}

// taxFields recognises a form of the tax authority: <fno code version> with
// <field name="iin">, or with elements of such names.
func taxFields(o *outline) ([]prompt.Field, bool) {
	if !strings.EqualFold(o.root.name, "fno") {
		return nil, false
	}
	var fields []prompt.Field
	form := false
	add := func(name, value string) {
		key, known := taxNames[strings.ToLower(name)]
		f := prompt.Field{Key: key, Value: shownValue(value)}
		// One name with two values is shown twice: neither hides the other.
		if known && value != "" && len(fields) < fieldCount && !slices.Contains(fields, f) {
			fields = append(fields, f)
			form = form || key == "document.field_form"
		}
	}
	for _, a := range o.root.attributes {
		add(a.name, a.value)
	}
	for _, l := range o.leaves {
		name := l.name
		if strings.EqualFold(name, "field") {
			name = ""
			for _, a := range l.attributes {
				if a.name == "name" {
					name = a.value
				}
			}
		}
		add(name, l.value)
	}
	return fields, form
}

// plainFields are the first short elements of any other document, under their own
// names; more tells that the document says more than that.
func plainFields(o *outline) (fields []prompt.Field, more bool) {
	more = o.more || o.root.value != "" && len(o.leaves) > 0 || len(o.root.said()) > 0
	leaves := o.leaves
	if len(leaves) == 0 {
		leaves = []leaf{o.root}
	}
	for _, l := range leaves {
		more = more || len(l.said()) > 0
		value := shownValue(l.value)
		switch {
		case l.value == "":
		case len(fields) == fieldCount || utf8.RuneCountInString(value) > fieldValue || value == "":
			more = true
		default:
			fields = append(fields, prompt.Field{Name: shortened(shownValue(l.name), fieldName), Value: value})
		}
	}
	return fields, more && len(fields) > 0
}

// shownValue is foreign text on one line: what hides is named, then cut to what a
// window holds.
func shownValue(s string) string {
	if len(s) > textLimit/16 {
		s = strings.ToValidUTF8(s[:textLimit/16], "")
	}
	return clean(readable(s))
}

func shortened(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

package protocol

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"
)

// Limits of one request. They bound memory, not documents: a string may be as
// long as the frame.
const (
	maxDepth  = 64
	maxKeys   = 256
	maxItems  = 10_000
	maxValues = 1 << 16 // in the whole request, so that arrays of arrays stay small
)

// errJSON is every reason to refuse a text; the wire has one answer for all.
var errJSON = errors.New("protocol: broken JSON")

type kind uint8

const (
	absent kind = iota // no such member
	null
	boolean
	number
	text
	array
	object
)

// value is one parsed JSON value. Its text is a view of the frame. Values are not
// copied, for the text of one may be unpacked (packed.go).
type value struct {
	kind   kind
	truth  bool
	raw    []byte   // octets of a string, token of a number; see octets
	packed *packing // raw has been decoded from base64
	items  []value  // of an array, or the member values of an object
	keys   []string // of an object, in the order of the text
}

// get returns the member of an object, or an absent value.
func (v *value) get(key string) *value {
	for i, k := range v.keys {
		if k == key {
			return &v.items[i]
		}
	}
	return &value{}
}

// parser reads the dialect of org.json, the library of the original, as it
// behaved between 2016 and 2022: JSONTokener.nextValue and the constructors of
// JSONObject and JSONArray.
type parser struct {
	in     []byte
	at     int
	values int
	more   func() ([]byte, bool) // nil = all of the text is there
	packing
}

// parse reads one object and ignores what follows its closing brace. It owns
// frame: strings with escapes are decoded where they stand. Comments are not
// part of the dialect: # and / end a token and are then out of place.
func parse(frame []byte) (value, error) {
	if !utf8.Valid(frame) {
		return value{}, errJSON
	}
	return (&parser{in: frame}).request()
}

func (p *parser) request() (v value, err error) {
	if p.next() != '{' {
		return v, errJSON
	}
	p.at--
	err = p.value(&v, 0)
	return v, err
}

// fill waits for more of the text. It is called where the text would seem to end.
func (p *parser) fill() bool {
	if p.more == nil {
		return false
	}
	in, ok := p.more()
	if !ok {
		p.more = nil
		return false
	}
	p.in = in
	return true
}

// next skips white space, which is every character up to and including the
// space, and returns the octet after it. It returns 0 at the end of the text
// and for a NUL, which ends the text in the original too.
func (p *parser) next() byte {
	for p.at < len(p.in) || p.fill() {
		if p.at >= len(p.in) {
			continue
		}
		c := p.in[p.at]
		p.at++
		if c == 0 {
			p.more = nil
			break
		}
		if c > ' ' {
			return c
		}
	}
	p.at = len(p.in) + 1 // so that at-- stays at the end
	return 0
}

func (p *parser) value(v *value, depth int) error {
	p.values++
	if p.values > maxValues {
		return errJSON
	}
	switch c := p.next(); c {
	case '"', '\'':
		v.kind = text
		if p.pack(v, c) {
			return nil
		}
		s, err := p.quoted(c)
		v.raw = s
		return err
	case '{':
		return p.object(v, depth+1)
	case '[':
		return p.array(v, depth+1)
	}
	p.at--
	token := p.token()
	if len(token) == 0 {
		return errJSON
	}
	classify(v, token)
	return nil
}

func (p *parser) object(v *value, depth int) error {
	if depth > maxDepth {
		return errJSON
	}
	v.kind = object
	for {
		c := p.next()
		if c == '}' {
			return nil
		}
		p.at--
		key, err := p.key(c)
		if err != nil || p.next() != ':' || len(v.keys) == maxKeys || v.get(key).kind != absent {
			return errJSON
		}
		v.keys = append(v.keys, key)
		v.items = append(v.items, value{})
		if err := p.value(&v.items[len(v.items)-1], depth); err != nil {
			return err
		}
		switch p.next() {
		case ',', ';':
		case '}':
			return nil
		default:
			return errJSON
		}
	}
}

// key reads a name: a quoted string or a bare token of any type.
func (p *parser) key(first byte) (string, error) {
	if first == '"' || first == '\'' {
		p.at++
		s, err := p.quoted(first)
		return string(s), err
	}
	token := p.token()
	if len(token) == 0 {
		return "", errJSON
	}
	switch s := string(token); strings.ToLower(s) {
	case "true", "false", "null":
		return strings.ToLower(s), nil
	default:
		return s, nil
	}
}

func (p *parser) array(v *value, depth int) error {
	if depth > maxDepth {
		return errJSON
	}
	v.kind = array
	if p.next() == ']' {
		return nil
	}
	p.at--
	for {
		if len(v.items) == maxItems {
			return errJSON
		}
		v.items = append(v.items, value{})
		item := &v.items[len(v.items)-1]
		c := p.next()
		p.at--
		if c == ',' { // a hole
			item.kind = null
			p.values++
			if p.values > maxValues {
				return errJSON
			}
		} else if err := p.value(item, depth); err != nil {
			return err
		}
		switch p.next() {
		case ',':
			if p.next() == ']' {
				return nil
			}
			p.at--
		case ']':
			return nil
		default:
			return errJSON
		}
	}
}

// token reads an unquoted word. Spaces inside belong to it.
func (p *parser) token() []byte {
	start := min(p.at, len(p.in))
	for p.at < len(p.in) || p.fill() {
		if p.at < len(p.in) {
			if endsToken[p.in[p.at]] {
				break
			}
			p.at++
		}
	}
	return bytes.TrimRight(p.in[start:min(p.at, len(p.in))], " ")
}

var endsToken = func() (t [256]bool) {
	for c := range byte(' ') {
		t[c] = true
	}
	for _, c := range []byte(`,:]}/\"[{;=#`) {
		t[c] = true
	}
	return
}()

func classify(v *value, token []byte) {
	v.raw = token
	switch {
	case bytes.EqualFold(token, []byte("true")):
		v.kind, v.truth = boolean, true
	case bytes.EqualFold(token, []byte("false")):
		v.kind = boolean
	case bytes.EqualFold(token, []byte("null")):
		v.kind = null
	case isNumber(token):
		v.kind = number
	default:
		v.kind = text
	}
}

// isNumber says whether org.json makes a number of a token: a digit or minus
// first, then what java.math.BigDecimal reads; a leading zero of an integer,
// hexadecimal and infinities make it a string.
func isNumber(token []byte) bool {
	digits := func() (n int) {
		for n < len(token) && token[n] >= '0' && token[n] <= '9' {
			n++
		}
		token = token[n:]
		return n
	}
	if len(token) > 0 && token[0] == '-' {
		token = token[1:]
	} else if len(token) == 0 || token[0] < '0' || token[0] > '9' {
		return false
	}
	leadingZero := len(token) > 1 && token[0] == '0' && token[1] >= '0' && token[1] <= '9'
	n := digits()
	if len(token) == 0 {
		return n > 0 && !leadingZero
	}
	if token[0] == '.' {
		token = token[1:]
		n += digits()
	}
	if n == 0 {
		return false
	}
	if len(token) > 0 && (token[0] == 'e' || token[0] == 'E') {
		token = token[1:]
		if len(token) > 0 && (token[0] == '+' || token[0] == '-') {
			token = token[1:]
		}
		if digits() == 0 {
			return false
		}
	}
	return len(token) == 0
}

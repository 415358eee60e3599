package protocol

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unsafe"
)

func TestParse(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"strict", `{"a":"b","c":[1,true,null,{}]}`, `{"a":"b","c":[1,true,null,{}]}`},
		{"unquoted names and words", `{ module: kz.uchet, args: [x y , -z] }`, `{"module":"kz.uchet","args":["x y","-z"]}`},
		{"single quotes", `{'a':'b"c'}`, `{"a":"b\"c"}`},
		{"semicolon between members", `{"a":1;"b":2}`, `{"a":1,"b":2}`},
		{"trailing comma", `{"a":[1,],}`, `{"a":[1]}`},
		{"trailing semicolon", `{"a":1;}`, `{"a":1}`},
		{"hole", `{"a":[1,,2]}`, `{"a":[1,null,2]}`},
		{"hole first", `{"a":[,1]}`, `{"a":[null,1]}`},
		{"hole alone", `{"a":[,]}`, `{"a":[null]}`},
		{"any letter case", `{"a":TRUE,"b":False,"c":nUll}`, `{"a":true,"b":false,"c":null}`},
		{"text after the brace", `{"a":1} [}"`, `{"a":1}`},
		{"white space", " \x01\t{\v\"a\"\f:\r\n1 }", `{"a":1}`},
		{"name is a number", `{1:2,1.5:3}`, `{"1":2,"1.5":3}`},
		{"name is a word of JSON", `{NULL:1,True:2}`, `{"null":1,"true":2}`},
		{"names differ in case", `{"a":1,"A":2}`, `{"a":1,"A":2}`},
		{"escapes", `{"a":"\b\t\n\f\r\"\'\\\/"}`, `{"a":"\b\t\n\f\r\"'\\/"}`},
		{"escaped letters", `{"a":"\u0041\u049b\ud83d\ude00!"}`, `{"a":"Aқ😀!"}`},
		{"half a pair", `{"a":"\ud83dx","b":"\ude00","c":"\ud83d\u0041"}`, `{"a":"?x","b":"?","c":"?A"}`},
		{"escaped NUL", `{"a":"\u0000"}`, `{"a":"\u0000"}`},
		{"control character in a string", "{\"a\":\"x\ty\x01\"}", `{"a":"x\ty\u0001"}`},
		{"escaped name", `{"\u0061":1}`, `{"a":1}`},
		{"name ends before a quote of the other kind", `{"it's":'"'}`, `{"it's":"\""}`},
		{"integers", `{"a":[0,-1,12345678901234567890123]}`, `{"a":[0,-1,12345678901234567890123]}`},
		{"decimals", `{"a":[1.5,-0,1e400,1E+2,1.,-.5,01.5]}`, `{"a":[1.5,-0,1e400,1E+2,1,-0.5,1.5]}`},
		{"not numbers", `{"a":[0x1F,007,1e,+1,-,1-2,.5,Infinity,NaN,1.2.3]}`, `{"a":["0x1F","007","1e","+1","-","1-2",".5","Infinity","NaN","1.2.3"]}`},
		{"quoted number stays a string", `{"a":"1"}`, `{"a":"1"}`},
		{"empty strings", `{"":""}`, `{"":""}`},
		{"non-ASCII words", `{ключ:значение}`, `{"ключ":"значение"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, err := parse([]byte(test.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(appendValue(nil, &v)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	deep := func(n int) string {
		return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "k%d:1,", i)
		}
		return "{" + b.String() + "}"
	}
	items := func(n int) string { return `{"a":[` + strings.Repeat("1,", n) + `]}` }
	for _, in := range []string{deep(maxDepth - 1), keys(maxKeys), items(maxItems), items(maxItems - 1)} {
		if _, err := parse([]byte(in)); err != nil {
			t.Errorf("within the limits: %.40s: %v", in, err)
		}
	}
	for name, in := range map[string]string{
		"equals sign":             `{"a"=1}`,
		"arrow":                   `{"a"=>1}`,
		"duplicate":               `{"a":1,"a":2}`,
		"duplicate after escape":  `{"a":1,"\u0061":2}`,
		"duplicate of null":       `{"a":null,"a":2}`,
		"array":                   `[1]`,
		"nothing":                 ``,
		"no end":                  `{"a":1`,
		"no value":                `{"a":}`,
		"no name":                 `{:1}`,
		"two commas":              `{"a":1,,"b":2}`,
		"object as name":          `{{}:1}`,
		"semicolon in array":      `{"a":[1;2]}`,
		"comment":                 `{"a":1 /* x */}`,
		"line comment":            "{// x\n\"a\":1}",
		"hash comment":            "{# x\n\"a\":1}",
		"open string":             `{"a":"b}`,
		"string ends with escape": `{"a":"b\`,
		"line end in string":      "{\"a\":\"b\nc\"}",
		"return in string":        "{\"a\":\"b\rc\"}",
		"NUL in string":           "{\"a\":\"b\x00c\"}",
		"NUL ends the text":       "{\"a\":1\x00}",
		"unknown escape":          `{"a":"\x41"}`,
		"short \\u":               `{"a":"\u12"}`,
		"sign in \\u":             `{"a":"\u+123"}`,
		"invalid UTF-8":           "{\"a\":\"\xff\"}",
		"surrogate in UTF-8":      "{\"a\":\"\xed\xa0\x80\"}",
		"two words":               `{"a":"b" "c"}`,
		"too deep":                deep(maxDepth),
		"very deep":               deep(1_000_000),
		"objects too deep":        strings.Repeat(`{"a":`, 100_000),
		"too many keys":           keys(maxKeys + 1),
		"too many items":          items(maxItems + 1),
		"too many holes":          `{"a":[` + strings.Repeat(",", maxItems+1) + `]}`,
		"too many values":         `{"a":[` + strings.Repeat(`[`+strings.Repeat(",", 9000)+`],`, 20) + `]}`,
	} {
		if v, err := parse([]byte(in)); err == nil {
			t.Errorf("%s: accepted as %.60s", name, appendValue(nil, &v))
		}
	}
}

// A document is held once: a string is a view of the frame, with escapes too.
func TestParseKeepsViews(t *testing.T) {
	for _, in := range []string{`{"a":"` + strings.Repeat("QUJD", 1000) + `"}`, `{"a":"` + strings.Repeat(`QUJ\/`, 1000) + `"}`} {
		frame := []byte(in)
		v, err := parse(frame)
		if err != nil {
			t.Fatal(err)
		}
		s := v.get("a").octets()
		if len(s) != 4000 || unsafe.SliceData(s) != &frame[6] {
			t.Errorf("%.10s…: not a view of the frame", in)
		}
	}
}

func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{
		"":                               `""`,
		"a/b":                            `"a/b"`,
		"/":                              `"/"`,
		"</a>":                           `"<\/a>"`,
		"<a/>":                           `"<a/>"`,
		"<//":                            `"<\//"`,
		"<>&'":                           `"<>&'"`,
		"\"\\":                           `"\"\\"`,
		"\b\t\n\f\r\x00\x1f":             `"\b\t\n\f\r\u0000\u001f"`,
		"\x7f\u0080\u009f\u00a0":         "\"\x7f\\u0080\\u009f\u00a0\"",
		"\u1fff\u2000\u2028\u20ff\u2100": "\"\u1fff\\u2000\\u2028\\u20ff\u2100\"",
		"Ұлттық «ИИН» № 1 😀":             `"Ұлттық «ИИН» № 1 😀"`,
		"€":                              `"\u20ac"`,
		"\xff":                           "\"\uFFFD\"",
		"a\xe2\x80":                      "\"a\uFFFD\uFFFD\"",
	} {
		if got := string(appendString(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
		if got := string(appendString(nil, []byte(in))); got != want {
			t.Errorf("%q as octets: got %s, want %s", in, got, want)
		}
	}
}

func TestOptReaders(t *testing.T) {
	v, err := parse([]byte(`{t:true,f:"FALSE",y:"yes",n:1,s:" true",z:null,o:{a:[1]},d:1.50}`))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][2]bool{
		"t": {true, true}, "f": {false, false}, "y": {true, false}, "n": {true, false},
		"s": {true, false}, "z": {true, false}, "none": {true, false},
	} {
		if got := [2]bool{optBoolean(v.get(key), true), optBoolean(v.get(key), false)}; got != want {
			t.Errorf("optBoolean %s: %v, want %v", key, got, want)
		}
	}
	for key, want := range map[string]string{"t": "true", "f": "FALSE", "n": "1", "z": "", "o": `{"a":[1]}`, "d": "1.50", "none": ""} {
		if got := optString(v.get(key)); got != want {
			t.Errorf("optString %s: %q, want %q", key, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"a":"b","c":[1,true,null,{}]}`, `{ module: "kz", args: [""] }`, `{a:'b';c:[1,,2],}`,
		`{"a":"\ud83d\ude00\/\u0000"}`, `{"a":[1e400,-0,0x1F,007,1.,-.5]}`, `{"a":` + strings.Repeat("[", 70),
		`{"a":1,"a":2}`, "{\"a\":\"\xff\"}", `{null:NULL}x`, `{"a":"</\u2028\u0080"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		v, err := parse(in)
		if err != nil {
			return
		}
		once := appendValue(nil, &v)
		if !json.Valid(once) {
			t.Fatalf("not JSON: %q", once)
		}
		again, err := parse(append([]byte(nil), once...))
		if err != nil {
			t.Fatalf("%q is refused", once)
		}
		if twice := appendValue(nil, &again); string(twice) != string(once) {
			t.Fatalf("%q became %q", once, twice)
		}
	})
}

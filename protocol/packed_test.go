package protocol

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"
)

// pieces is a frame that arrives cut in pieces.
type pieces struct {
	frame []byte
	cuts  []int
	n     int
}

func (a *pieces) More() ([]byte, bool) {
	if a.n == len(a.frame) {
		return a.frame, false
	}
	next := len(a.frame)
	for _, c := range a.cuts {
		if c > a.n {
			next = min(next, c)
		}
	}
	a.n = next
	return a.frame[:next:len(a.frame)], true
}

func every(n, size int) (cuts []int) {
	for at := n; at < size; at += n {
		cuts = append(cuts, at)
	}
	return cuts
}

// faithful is a follower that holds the promise of Follow to what it says.
type faithful struct {
	t        testing.TB
	what     string
	views    [][]byte
	copies   [][]byte
	ended    []bool
	recalled bool
}

func (f *faithful) Follow(octets []byte, ended bool) {
	if f.recalled {
		f.t.Fatalf("%s: Follow after Recall", f.what)
	}
	if n := len(f.views); n > 0 && !f.ended[n-1] {
		old := f.views[n-1]
		if unsafe.SliceData(old) != unsafe.SliceData(octets) || len(octets) < len(old) {
			f.t.Fatalf("%s: a string that moves", f.what)
		}
		f.views, f.copies, f.ended = f.views[:n-1], f.copies[:n-1], f.ended[:n-1]
	}
	f.views, f.copies, f.ended = append(f.views, octets), append(f.copies, bytes.Clone(octets)), append(f.ended, ended)
}

func (f *faithful) Recall() {
	f.check()
	f.recalled = true
}

func (f *faithful) check() {
	for i, v := range f.views {
		if !f.recalled && !bytes.Equal(v, f.copies[i]) {
			f.t.Fatalf("%s: string %d changed", f.what, i)
		}
	}
}

// sameCall reads one frame at once and as it arrives.
func sameCall(t testing.TB, in []byte, cuts []int) *faithful {
	t.Helper()
	want := Decode(bytes.Clone(in))
	frame := bytes.Clone(in)
	f := &faithful{t: t, what: fmt.Sprintf("%.100q at %.20v", in, cuts)}
	got := DecodeArriving(&pieces{frame: frame, cuts: cuts}, f)
	f.check()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%.300q, cut at %.20v:\n%.300v\nwant\n%.300v", in, cuts, got, want)
	}
	return f
}

func TestDecodeArriving(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(fakeSignatures(1, 999)[0])
	sign := func(data, params string) string {
		return `{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":` + data +
			`,"signingParams":{` + params + `},"signerParams":{"chain":[]},"logo":"` + long[:200] + `"}}`
	}
	lines := strings.Join(slices.Collect(func(yield func(string) bool) {
		for part := range slices.Chunk([]byte(long), 76) {
			if !yield(string(part)) {
				return
			}
		}
	}), `\r\n`)
	for name, test := range map[string]struct {
		in                 string
		followed, recalled bool
	}{
		"documents":         {sign(`["`+long+`","`+long[:400]+`","`+long+`"]`, `"decode":true`), true, false},
		"padding":           {sign(`["`+long[:96]+`QQ==","`+long[:96]+`QUI=",'`+long[:96]+`QUI=']`, `"decode":true`), true, false},
		"text":              {sign(`["`+long+`","`+long+`"]`, `"decode":false`), true, true},
		"decode comes late": {`{"args":{"data":"` + long + `","format":"cms","signingParams":{},"signerParams":{}},"method":"sign","module":"kz.gov.pki.knca.basics"}`, true, true},
		"no padding":        {sign(`["`+long[:99]+`"]`, `"decode":true`), true, true},
		"stray bits":        {sign(`["`+long[:96]+`QR==","`+long+`"]`, `"decode":true`), true, true},
		"an error":          {sign(`["`+long[:99]+`*"]`, `"decode":true`), true, true},
		"ends with padding": {sign(`["`+long[:96]+`QQ==QQ=="]`, `"decode":true`), true, true},
		"lines":             {sign(`["`+lines+`"]`, `"decode":true`), true, true},
		"escaped slashes":   {sign(`["`+strings.ReplaceAll(long, "/", `\/`)+`"]`, `"decode":true`), true, false},
		"\\u":               {sign(`["`+strings.ReplaceAll(long, "A", `\u0041`)+`\ud83d\ude00"]`, `"decode":true`), true, false},
		"XML":               {`{"module":"kz.gov.pki.knca.commonUtils","method":"signXml","args":["PKCS12","","<a>` + long + `</a>","",""]}`, false, false},
		"commonUtils":       {`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","","` + long + `",true]}`, true, false},
		"PEM":               {`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","","-----BEGIN CMS-----\n` + lines + `\n-----END CMS-----",true]}`, false, false},
		"no boolean":        {`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","","` + long + `","` + long + `"]}`, true, true},
		"method":            {`{"module":"kz.gov.pki.knca.commonUtils","method":"` + long + `","args":[]}`, true, true},
		"module":            {`{"module":"` + long + `","method":"x"}`, true, true},
		"member":            {`{"` + long + `":1}`, false, false},
		"no end":            {`{"a":"` + long, true, true},
		"NUL":               {`{"a":"` + long + "\x00\"}", true, true},
		"NUL outside":       {`{"a":"` + long + "\"\x00}", true, false},
		"broken behind":     {`{"a":"` + long + `"]`, true, false},
		"words behind":      {`{"a":"` + long + `"} [}"`, true, false},
		"no object":         {`["` + long + `"]`, false, false},
		"token":             {`{a:` + long + `}`, false, false},
		"space":             {strings.Repeat(" ", 100) + `{}`, false, false},
		"NUL first":         {"\x00" + strings.Repeat(" ", 100) + `{}`, false, false},
		"nothing":           {"", false, false},
	} {
		for _, n := range []int{1, 2, 3, 5, 7, 31, 32, 33, 64, 100, 1000} {
			f := sameCall(t, []byte(test.in), every(n, len(test.in)))
			if n == 1 && (len(f.views) > 0 != test.followed || f.recalled != test.recalled) {
				t.Errorf("%s in pieces of %d: %d strings followed, recalled %v", name, n, len(f.views), f.recalled)
			}
		}
	}
}

// What has been packed is what decoding gives, and unpacked what was there.
func TestPack(t *testing.T) {
	random := fakeSignatures(1, 30_000)[0]
	for n := range 300 {
		packs(t, base64.StdEncoding.EncodeToString(random[:n]), []int{n / 2})
		packs(t, base64.RawStdEncoding.EncodeToString(random[:n]), []int{n / 3})
	}
	for _, n := range []int{3071, 3072, 3073, 6144, 9217, 30_000} {
		text := base64.StdEncoding.EncodeToString(random[:n])
		if !packs(t, text, every(1000, n)) {
			t.Errorf("%d octets are not packed", n)
		}
		for _, at := range []int{63, 64, 65, 1000, len(text) / 2, len(text) - 2} {
			for _, c := range []string{"*", " ", `\n`, `\/`, `'`, "=", "қ", "\xff", `\"`, ""} {
				packs(t, text[:at]+c+text[at:], every(777, n))
				packs(t, text[:at]+c+text[at+1:], every(100, n))
			}
		}
	}
}

// packs tells whether a string is packed; it must make no difference.
func packs(t testing.TB, text string, cuts []int) bool {
	t.Helper()
	in := text + `"x`
	var results [2]string
	packed := false
	for i := range results {
		for _, decode := range []func(v *value) ([]byte, error){
			func(v *value) ([]byte, error) { return v.octets(), nil }, (*value).base64, (*value).container,
		} {
			frame := []byte(in)
			p := &parser{more: (&pieces{frame: frame, cuts: cuts}).More}
			var v value
			var err error
			if i == 1 {
				packed = p.pack(&v, '"')
			}
			if v.packed == nil {
				if i == 1 && !bytes.HasPrefix(frame, []byte(in)) {
					t.Fatalf("%.100q: became %.100q", in, frame)
				}
				v.raw, err = p.quoted('"')
			}
			n, octets := v.length(), []byte(nil)
			if err == nil {
				octets, err = decode(&v)
			}
			results[i] += fmt.Sprintf("%d %q %v %d\n", n, octets, err, p.at)
		}
	}
	if results[0] != results[1] {
		t.Fatalf("%.100q:\n%.300s\nwant\n%.300s", in, results[1], results[0])
	}
	return packed
}

func FuzzArriving(f *testing.F) {
	long := strings.Repeat("QUJD", 20)
	for _, s := range []string{
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":["` + long + `","` + long + `QQ=="],"signingParams":{"decode":true},"signerParams":{"chain":[]}}}`,
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"raw","data":"` + long + `","signingParams":{"outputCert":true},"signerParams":{"iin":123}}}`,
		`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","","` + long + `",true]}`,
		`{"a":"` + long + `\n\ud83d\ude00"}`, "{a:'" + long + "QQ=='\x00}", " \t{}", `{"a":[1e400,-0,"\"\\"]}x`,
	} {
		f.Add([]byte(s), uint8(7))
	}
	f.Fuzz(func(t *testing.T, in []byte, n uint8) {
		if !bytes.HasPrefix(in, []byte(Heartbeat)) && utf8.Valid(in) {
			sameCall(t, in, every(int(n)+1, len(in)))
		}
		packs(t, string(in), every(int(n)+1, len(in)))
	})
}

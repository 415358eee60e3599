package pkcs11

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testpki"
	"tanba/keystore"
)

var authority = sync.OnceValues(func() (*testpki.Authority, error) { return testpki.New(nil, time.Now()) })

func issue(t testing.TB, f pki.Family) *testpki.Identity {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.Issue(testpki.Profile{Family: f})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Table 4.3 of tokens.md, with a signature of our own written as each vendor
// would.
func TestOrders(t *testing.T) {
	digest := make([]byte, 64)
	rand.Read(digest)
	id := issue(t, pki.GOST512)
	national, err := pki.SignDigest(id.Key, rand.Reader, digest)
	if err != nil {
		t.Fatal(err)
	}
	r, s := national[:64], national[64:]
	big := func(n []byte) []byte { n = slices.Clone(n); slices.Reverse(n); return n }
	for base, octets := range map[order][]byte{
		sRBig: slices.Concat(big(s), big(r)), rSBig: slices.Concat(big(r), big(s)), rSLittle: national, sRLittle: slices.Concat(s, r),
	} {
		for _, o := range []order{base, base | reversed} {
			if got := o.signature(octets); !bytes.Equal(got, national) {
				t.Errorf("order %d: %x", o, got)
			}
		}
		if !bytes.Equal(base.digest(digest), digest) || !bytes.Equal((base|reversed).digest(digest), big(digest)) {
			t.Errorf("order %d: digest", base)
		}
	}
	if !bytes.Equal(sRBig.signature(big(national)), national) {
		t.Error("what PKCS#11 says is not the national order reversed as a whole")
	}
}

func TestOrderBook(t *testing.T) {
	dir := state.Dir(t.TempDir())
	b := orderBook{dir: dir}
	key := orderKey("/a.so", "2.19", "Rutoken ECP", int(pki.GOST512))
	if _, ok := b.get(key); ok {
		t.Error("an empty book knows something")
	}
	if err := b.put(key, rSLittle|reversed); err != nil {
		t.Fatal(err)
	}
	again := orderBook{dir: dir}
	if o, ok := again.get(key); !ok || o != rSLittle|reversed {
		t.Errorf("%v, %v", o, ok)
	}
	for _, other := range []string{orderKey("/a.so", "2.20", "Rutoken ECP", 1), orderKey("/b.so", "2.19", "Rutoken ECP", 1)} {
		if _, ok := again.get(other); ok {
			t.Errorf("%s is known", other)
		}
	}
	for _, broken := range []string{"", "{", `{"version":2,"orders":{"a":1}}`, `{"version":1,"orders":{"a":8}}`, `{"version":1,"orders":{"a":-1}}`} {
		if err := dir.Write([]byte(broken), ordersFile); err != nil {
			t.Fatal(err)
		}
		b := orderBook{dir: dir}
		if o, ok := b.get("a"); ok {
			t.Errorf("%s: %v", broken, o)
		}
	}
}

func TestParseCertificate(t *testing.T) {
	raw := issue(t, pki.GOST512).Certificate.Raw
	pack := func(data []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(data)
		z.Close()
		return b.Bytes()
	}
	for name, value := range map[string][]byte{
		"plain": raw, "compressed": pack(raw), "padded": append(slices.Clone(raw), make([]byte, 40)...), "compressed and padded": append(pack(raw), 0, 0, 0),
	} {
		if c, err := parseCertificate(value); err != nil || !bytes.Equal(c.Raw, raw) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, value := range map[string][]byte{
		"nothing": nil, "bomb": pack(make([]byte, 64<<20)), "cut short": pack(raw)[:50], "magic": {0x1F, 0x8B}, "no certificate": pack([]byte("text")),
		"other octets after it": append(slices.Clone(raw), 1), "too long": make([]byte, largest+1),
	} {
		if _, err := parseCertificate(value); !errors.Is(err, errCertificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseCertificate(f *testing.F) {
	f.Add([]byte{0x1F, 0x8B, 8, 0})
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x00, 0})
	f.Fuzz(func(t *testing.T, value []byte) {
		if c, err := parseCertificate(value); (c == nil) != (err != nil) {
			t.Errorf("%v, %v", c, err)
		}
	})
}

func TestGOSTPublic(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004} {
		want := issue(t, family).Certificate.PublicKey
		xy := want.GOST.Bytes()
		half := len(xy) / 2
		params := map[pki.Family][]byte{pki.GOST512: oidTC26A512, pki.GOST256: oidTC26A256, pki.GOST2004: oidCryptoProA}[family]
		header := []byte{0x04, byte(len(xy))}
		if len(xy) == 128 {
			header = []byte{0x04, 0x81, 128}
		}
		swapped := slices.Concat(xy[half:], xy[:half])
		for name, value := range map[string][]byte{"bare": xy, "wrapped": slices.Concat(header, xy), "swapped": swapped, "swapped and wrapped": slices.Concat(header, swapped)} {
			for _, p := range [][]byte{params, nil} {
				if got := gostPublic(value, p); got == nil || !got.Equal(want) {
					t.Errorf("%v, %s, parameters %x: %v", family, name, p, got)
				}
			}
		}
		if got := gostPublic(xy[1:], params); got != nil {
			t.Errorf("%v: an octet missing: %v", family, got)
		}
		bad := slices.Clone(xy)
		bad[0] ^= 1
		if got := gostPublic(bad, params); got != nil {
			t.Errorf("%v: no point: %v", family, got)
		}
	}
}

func TestRSAPublic(t *testing.T) {
	want := issue(t, pki.RSA).Certificate.PublicKey
	n := want.RSA.N.Bytes()
	for name, exponent := range map[string][]byte{"65537": {1, 0, 1}, "padded": {0, 1, 0, 1}, "not shown": nil} {
		if got := rsaPublic(append([]byte{0}, n...), exponent); got == nil || !got.Equal(want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, c := range map[string][2][]byte{"no modulus": {nil, {1, 0, 1}}, "even": {append(slices.Clone(n[:len(n)-1]), 2), {1, 0, 1}}, "exponent 1": {n, {1}}, "long exponent": {n, bytes.Repeat([]byte{0xFF}, 9)}, "huge": {make([]byte, 2000), {3}}} {
		if got := rsaPublic(c[0], c[1]); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPair(t *testing.T) {
	a, b := issue(t, pki.GOST512), issue(t, pki.GOST512)
	r := issue(t, pki.RSA)
	key := func(id string, keyType uint64, public *pki.PublicKey) *privateObject {
		return &privateObject{id: []byte(id), keyType: keyType, public: public, signs: true}
	}
	cert := func(id string, c *testpki.Identity) certificateObject {
		return certificateObject{id: []byte(id), certificate: c.Certificate}
	}
	public := func(id string, c *testpki.Identity) publicObject {
		return publicObject{id: []byte(id), public: c.Certificate.PublicKey}
	}
	renewed := issue(t, pki.GOST512)
	renewed.Certificate.PublicKey = a.Certificate.PublicKey // a second certificate of one key
	for name, c := range map[string]struct {
		keys                     []*privateObject
		publics                  []publicObject
		certificates             []certificateObject
		paired, alone, leftovers int
	}{
		"by ID":                                 {[]*privateObject{key("1", ckkGOST512, nil)}, nil, []certificateObject{cert("1", a)}, 1, 0, 0},
		"by public key, no ID at all":           {[]*privateObject{key("", ckkGOST512, nil)}, []publicObject{public("", a)}, []certificateObject{cert("", b), cert("", a)}, 1, 0, 1},
		"by public key, no ID on certificates":  {[]*privateObject{key("1", ckkGOST512, nil)}, []publicObject{public("1", a)}, []certificateObject{cert("", a)}, 1, 0, 0},
		"by modulus":                            {[]*privateObject{key("1", ckkRSA, r.Certificate.PublicKey)}, nil, []certificateObject{cert("", r)}, 1, 0, 0},
		"two certificates of a key":             {[]*privateObject{key("1", ckkGOST512, nil)}, nil, []certificateObject{cert("1", a), cert("1", renewed)}, 2, 0, 0},
		"the ID of another key":                 {[]*privateObject{key("1", ckkGOST512, nil)}, []publicObject{public("1", a)}, []certificateObject{cert("1", b)}, 0, 1, 1},
		"the ID of a key of another type":       {[]*privateObject{key("1", ckkRSA, nil)}, nil, []certificateObject{cert("1", a)}, 0, 1, 1},
		"a key alone":                           {[]*privateObject{key("1", ckkGOST512, nil)}, nil, nil, 0, 1, 0},
		"a certificate alone":                   {nil, nil, []certificateObject{cert("1", a)}, 0, 0, 1},
		"no ID, two keys: only a trial can say": {[]*privateObject{key("", ckkGOST512, nil), key("", ckkGOST512, nil)}, []publicObject{public("", a)}, []certificateObject{cert("", a)}, 0, 2, 1},
	} {
		entries, alone, leftovers := pair(c.keys, c.publics, c.certificates)
		if len(entries) != c.paired || len(alone) != c.alone || len(leftovers) != c.leftovers {
			t.Errorf("%s: %d pairs, %d keys and %d certificates alone; want %d, %d, %d", name, len(entries), len(alone), len(leftovers), c.paired, c.alone, c.leftovers)
		}
	}
}

// Acceptance test 6: every row of tokens.md 6.6.
func TestEveryCodeHasAMeaning(t *testing.T) {
	for code, want := range map[uint64]struct {
		err    error
		action action
	}{
		0xA0: {keystore.ErrWrongPassword, stop}, 0xA4: {keystore.ErrPINLocked, stop}, 0xA1: {keystore.ErrPINFormat, stop}, 0xA2: {keystore.ErrPINFormat, stop},
		0xA3: {keystore.ErrPINUnset, stop}, 0x102: {keystore.ErrPINUnset, stop}, 0xE0: {keystore.ErrTokenGone, forget}, 0x32: {keystore.ErrTokenGone, forget}, 0xE1: {keystore.ErrTokenGone, forget},
		0xB3: {keystore.ErrTokenFailed, reopen}, 0xB0: {keystore.ErrTokenFailed, reopen}, 0x101: {keystore.ErrTokenFailed, reopen}, 0x82: {keystore.ErrTokenFailed, reopen}, 0x60: {keystore.ErrTokenFailed, reopen},
		0x30: {keystore.ErrTokenFailed, renew}, 0x6: {keystore.ErrTokenFailed, renew}, 0x5: {keystore.ErrTokenFailed, renew}, 0x31: {keystore.ErrTokenBusy, shorten}, 0xB1: {keystore.ErrTokenBusy, shorten},
		0x70: {keystore.ErrMechanism, stop}, 0x63: {keystore.ErrMechanism, stop}, 0x68: {keystore.ErrMechanism, stop}, 0x104: {keystore.ErrTokenBusy, stop},
		0x80000003: {keystore.ErrTokenFailed, stop}, 0x8000000A: {keystore.ErrPINUnset, stop}, 0x7777: {keystore.ErrTokenFailed, stop},
	} {
		err := codeErr("C_Sign", code)
		if !errors.Is(err, want.err) || meaningOf(code).action != want.action || codeOf(err) != code {
			t.Errorf("0x%X: %v, %v", code, err, meaningOf(code).action)
		}
	}
	if codeErr("C_Sign", 0) != nil {
		t.Error("CKR_OK is an error")
	}
	if got := codeErr("C_Sign", 0x80000001).Error(); !strings.Contains(got, "0x80000001") || !strings.Contains(got, "CORRUPTED_MAPFILE") {
		t.Errorf("vendor's code: %s", got)
	}
}

// A label is shown to people: it must not turn the line round or break it.
func TestTextOfAModule(t *testing.T) {
	for octets, want := range map[string]string{
		"label   ": "label", "label\x00\x00rubbish": "label", "a\nb\x1b[1m": "a b [1m", "evil\u202egnp": "evilgnp", "\xff\xfe": "\uFFFD", "Қазақша  ": "Қазақша",
	} {
		if got := text([]byte(octets)); got != want {
			t.Errorf("%q: %q, want %q", octets, got, want)
		}
	}
	if n := len(text(bytes.Repeat([]byte("ы"), 500))); n > 300 {
		t.Errorf("%d octets", n)
	}
}

// What a library needs not know stays outside, above all what would load other
// code into the helper.
func TestHelperEnvironment(t *testing.T) {
	got := helperEnvironment([]string{"PATH=/bin", "LD_PRELOAD=/x.so", "LD_LIBRARY_PATH=/x", "SOFTHSM2_CONF=/c", "TANBA_MODULE_X=1", "TANBA_SHARED=/s", "SSH_AUTH_SOCK=/a", "lc_all=kk", "GODEBUG=x", "DYLD_INSERT_LIBRARIES=/x", "Path=C:"})
	want := []string{"PATH=/bin", "SOFTHSM2_CONF=/c", "TANBA_MODULE_X=1", "lc_all=kk", "Path=C:"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestReportPairs(t *testing.T) {
	a, b := issue(t, pki.GOST512), issue(t, pki.GOST512)
	authority, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	keys := func(list []KeyReport) (all []string) {
		for _, k := range list {
			for _, x := range k.Troubles {
				all = append(all, x.Key)
			}
		}
		return all
	}
	certificate := func(id string, i *testpki.Identity) certificateObject {
		return certificateObject{id: []byte(id), certificate: i.Certificate}
	}
	public := func(id string, i *testpki.Identity) publicObject {
		return publicObject{id: []byte(id), public: i.Certificate.PublicKey}
	}
	for name, c := range map[string]struct {
		privates     []*privateObject
		publics      []publicObject
		certificates []certificateObject
		want         []string
	}{
		"well":                       {nil, []publicObject{public("1", a)}, []certificateObject{certificate("1", a)}, nil},
		"certificate only, no PIN":   {nil, nil, []certificateObject{certificate("1", a)}, nil},
		"certificate without key":    {[]*privateObject{{id: []byte("2"), keyType: ckkGOST512}}, nil, []certificateObject{certificate("1", a)}, []string{"tokens.trouble.no_key"}},
		"key without certificate":    {nil, []publicObject{public("1", a)}, nil, []string{"tokens.trouble.no_certificate"}},
		"certificate of another key": {nil, []publicObject{public("1", a)}, []certificateObject{certificate("1", b)}, []string{"tokens.trouble.other_key", "tokens.trouble.no_certificate"}},
		"a key nobody knows":         {nil, []publicObject{{id: []byte("1")}}, nil, []string{"tokens.trouble.unknown_key"}},
		"certificate without ID":     {nil, []publicObject{public("1", a)}, []certificateObject{certificate("", a)}, []string{"tokens.note.no_id"}},
		"an authority's, no key":     {[]*privateObject{{id: []byte("2")}}, nil, []certificateObject{{id: []byte("1"), certificate: authority.Root()}}, nil},
	} {
		if got := keys(reportPairs(c.privates, c.publics, c.certificates)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

package bridge

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// twin answers the same frame twice, read at once and as it comes. The key is an
// RSA one and the time stands still, so that equal requests have equal replies.
type twin struct {
	t testing.TB
	s *Server
	d *acquainted
}

// acquainted grants every question of a page it may know.
type acquainted struct {
	granted
	known bool
}

func (w *acquainted) Known(consent.Asker) bool { return w.known }

func newTwin(t testing.TB, known bool) *twin {
	t.Helper()
	d := &acquainted{granted{newKey(t, testpki.Profile{Family: pki.RSA})}, known}
	at := time.Now()
	s, err := New(Options{Addr: "127.0.0.1:0", Desk: d, TLS: noTLS{}, Workers: 2, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	return &twin{t, s, d}
}

// inPieces gives at most n octets at a time.
type inPieces struct {
	r io.Reader
	n int
}

func (p inPieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.n)]) }

func (w *twin) reply(frame []byte, n int, arriving bool) string {
	w.t.Helper()
	c := &session{s: w.s, ctx: w.t.Context()}
	var how func(*message, *assembler)
	if arriving {
		how = c.arriving
	}
	m, err := readMessage(inPieces{bytes.NewReader(frame), n}, w.s.budget, w.s.o.Limits, c.known, how)
	if err != nil {
		return err.Error()
	}
	if arriving && len(frame) > small && m.call == nil {
		w.t.Fatal("not read while it came")
	}
	c.current = m
	_, r, outcome := c.answer(m)
	var out bytes.Buffer
	out.WriteString(outcome + " ")
	out.Write(r.frame)
	if r.write != nil {
		if _, err := r.write(&out); err != nil {
			w.t.Fatal(err)
		}
	}
	m.ahead.stop()
	m.release()
	return out.String()
}

// same compares; it returns the reply.
func (w *twin) same(what string, frame []byte, n int) string {
	w.t.Helper()
	want, got := w.reply(frame, 1<<20, false), w.reply(frame, n, true)
	if got != want {
		w.t.Fatalf("%s, in pieces of %d:\n%.300s\nwant\n%.300s", what, n, got, want)
	}
	return got
}

func (w *twin) atRest() {
	w.t.Helper()
	eventually(w.t, "all is given back", func() bool {
		w.s.budget.mu.Lock()
		defer w.s.budget.mu.Unlock()
		return w.s.budget.used == 0 && w.s.budget.strangers == 0
	})
	if n := w.s.stats.Panics.Load(); n != 0 {
		w.t.Errorf("%d panics", n)
	}
}

// A request that is read while it comes is answered as one that was there.
func TestArrivingIsTheSame(t *testing.T) {
	random := make([]byte, 3<<20)
	rand.NewChaCha8([32]byte{}).Read(random)
	b64 := base64.StdEncoding.EncodeToString
	list := func(documents ...string) string { return `["` + strings.Join(documents, `","`) + `"]` }
	many := make([]string, 60)
	for i := range many {
		many[i] = b64(random[i : 61*i+3])
	}
	basics := func(format, data, params string) string {
		return `{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"` + format + `","data":` + data +
			`,"signingParams":{` + params + `},"signerParams":{"chain":[]},"logo":"` + b64(random[:300]) + `"}}`
	}
	for name, test := range map[string]struct{ frame, begins string }{
		"many":               {basics("cms", list(many...), `"decode":true`), "done "},
		"many, detached":     {basics("cms", list(many...), `"decode":true,"encapsulate":false`), "done "},
		"many, as text":      {basics("cms", list(many[1:]...), ``), "done "},
		"many, raw":          {basics("raw", list(many...), `"decode":true`), "done "},
		"long":               {basics("cms", list(b64(random), b64(random[:2<<20])), `"decode":true`), "done "},
		"long, as text":      {basics("cms", list(b64(random), b64(random[:2<<20])), `"decode":false`), "done "},
		"one is not base64":  {basics("cms", list(b64(random), b64(random[:99]), "қол"), `"decode":true`), "immediate "},
		"an end without pad": {basics("cms", list(b64(random), base64.RawStdEncoding.EncodeToString(random[:1<<20])), `"decode":true`), "done "},
		"lines":              {basics("cms", list(b64(random[:1<<20]), b64(random[:1<<20])+`\n`), `"decode":true`), "done "},
		"commonUtils":        {cadesRequest(string(random), true), "done "},
		"no end":             {basics("cms", list(b64(random)), `"decode":true`)[:4<<20], "immediate "},
		"broken behind":      {basics("cms", list(b64(random)+`",`), `"decode":true`), "immediate "},
		"words behind":       {basics("cms", list(b64(random[:100_000])), `"decode":true`) + strings.Repeat(" ]қ", 50_000), "done "},
		"not text behind":    {basics("cms", list(b64(random)), `"decode":true`) + "\xff", "bridge: not UTF-8"},
		"not text within":    {basics("cms", list(b64(random), "\xd0"), `"decode":true`), "bridge: not UTF-8"},
		"silent":             {strings.Repeat(" ", 100_000) + `{}`, "silent "},
	} {
		t.Run(name, func(t *testing.T) {
			for _, known := range []bool{true, false} {
				w := newTwin(t, known)
				for _, n := range []int{999, 16 << 10, 1 << 20} {
					if got := w.same(name, []byte(test.frame), n); !strings.HasPrefix(got, test.begins) {
						t.Fatalf("%.200s", got)
					}
				}
				w.atRest()
			}
		})
	}
}

// With a GOST key the digests made ahead are used; the signatures must be good.
func TestArrivingDigests(t *testing.T) {
	k := fileKey(t, profile)
	p := start(t, granted{k}).open()
	for _, sizes := range [][]int{{3 << 20, 100, 2<<20 + 1, 70_000}, make([]int, 2000)} {
		documents := make([]string, len(sizes))
		for i, n := range sizes {
			documents[i] = strings.Repeat(string(rune('a'+i%26)), max(n, 40+i%300))
		}
		encoded := make([]string, len(documents))
		for i, d := range documents {
			encoded[i] = base64.StdEncoding.EncodeToString([]byte(d))
		}
		request := strings.Replace(basicsRequest("cms", encoded, `,"encapsulate":false`), `"decode":false`, `"decode":true`, 1)
		p.say(request)
		var reply struct{ Body struct{ Result []string } }
		if err := json.Unmarshal([]byte(p.hear()), &reply); err != nil || len(reply.Body.Result) != len(documents) {
			t.Fatal(err, len(reply.Body.Result))
		}
		for i := 0; i < len(documents); i += max(1, len(documents)/200) {
			block, _ := pem.Decode([]byte(reply.Body.Result[i]))
			verify(t, block.Bytes, []byte(documents[i]), 1)
		}
	}
}

// Nothing is hashed for pages that the person does not know, nor after the reply.
func TestArrivingStops(t *testing.T) {
	for _, known := range []bool{true, false} {
		d := &desk{known: known, ask: cancelAlways}
		r := start(t, d)
		p := r.open()
		p.ask(cadesRequest(strings.Repeat("x", 5<<20), true), cancelled)
		eventually(t, "the message is given back", func() bool { return r.spent() == 0 })
		// A page that leaves in the middle.
		w, err := p.NextWriter(1)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, cadesRequest(strings.Repeat("x", 5<<20), true)[:5<<20])
		p.Close()
		eventually(t, "the message is given back", func() bool { return r.spent() == 0 })
		r.serves()
	}
}

func TestStrangersAreNotHashed(t *testing.T) {
	for _, known := range []bool{true, false} {
		w := newTwin(t, known)
		c := &session{s: w.s, ctx: t.Context()}
		m, err := readMessage(strings.NewReader(cadesRequest(strings.Repeat("x", 2<<20), true)), w.s.budget, w.s.o.Limits, c.known, c.arriving)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.arrived() != nil; got != known {
			t.Errorf("known %v: hashed %v", known, got)
		}
		m.ahead.stop()
		m.release()
		w.atRest()
	}
}

// A panic while a message comes in costs that request.
func TestPanicWhileArriving(t *testing.T) {
	w := newTwin(t, true)
	c := &session{s: w.s, ctx: t.Context()}
	a := &assembler{m: &message{}}
	a.m.budget = nil // to be paid: a nil budget panics
	a.n, a.in, a.r = 0, nil, strings.NewReader("x")
	c.arriving(a.m, a)
	if !a.m.failed || a.m.call != nil {
		t.Fatal("no panic")
	}
	_, r, outcome := c.answer(a.m)
	if outcome != outcomePanic || string(r.frame) != `{"success":false,"code":"COMMON_JSON_WRAPPING_EXCEPTION"}` {
		t.Errorf("%s %s", outcome, r.frame)
	}
}

func FuzzArrivingReplies(f *testing.F) {
	long := strings.Repeat("QUJD", 40)
	for _, s := range []string{
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":["` + long + `","` + long + `QQ=="],"signingParams":{"decode":true},"signerParams":{"chain":[]}}}`,
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"raw","data":"` + long + `","signingParams":{},"signerParams":{"chain":[]}}}`,
		`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","","` + long + `",true]}`,
		`{"a":"` + long + `\n"}`, "{\"a\":\"" + long + "\xd0\"}",
	} {
		f.Add([]byte(s), uint16(100))
	}
	w := newTwin(f, true)
	f.Fuzz(func(t *testing.T, in []byte, n uint16) {
		w := &twin{t, w.s, w.d}
		// Space in front, so that it is a long message.
		w.same(string(in), append(bytes.Repeat([]byte(" "), small+1), in...), int(n)+1)
	})
}

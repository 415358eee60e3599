package bridge

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gorilla/websocket"

	"tanba/bridge/consent"
)

// Bad requests, each with its exact answer and nothing else; the bridge serves
// on, on the same socket.
func TestBadRequests(t *testing.T) {
	d := &desk{ask: cancelAlways}
	r := start(t, d)
	p := r.open()
	const broken = `{"success":false,"code":"COMMON_JSON_WRAPPING_EXCEPTION"}`
	for _, tc := range []struct{ name, say, hear string }{
		{"not JSON", `hello`, ""},
		{"an array", `[1,2]`, ""},
		{"white space", "  \n", ""},
		{"nothing", "", ""},
		{"empty object", `{}`, ""},
		{"broken object", `{"module":`, broken},
		{"broken object, unclosed", `{"module":"kz.gov.pki.knca.commonUtils"`, broken},
		{"deep JSON", strings.Repeat(`{"a":`, 100000), broken},
		{"deep arrays", `{"a":` + strings.Repeat(`[`, 100000), broken},
		{"unknown module", `{"module":"nca","version":"2.3"}`, notFound},
		{"unknown method", `{"module":"kz.gov.pki.knca.commonUtils","method":"noSuch","args":[]}`, `{"code":"500","message":"NoSuchMethodException noSuch"}`},
		{"no method", `{"module":"kz.gov.pki.knca.commonUtils"}`, `{"code":"500","message":"JSONObject[\"method\"] not found."}`},
		{"too few arguments", `{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":[]}`, `{"code":"500","message":"NoSuchMethodException getKeyInfo"}`},
		{"too many arguments", `{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":["PKCS12","x"]}`, `{"code":"500","message":"NoSuchMethodException getKeyInfo"}`},
		{"null argument", `{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":[null]}`, `{"code":"500","message":"java.lang.IllegalArgumentException: argument type mismatch. Method: getKeyInfo"}`},
		{"number for a string", `{"module":"kz.gov.pki.knca.commonUtils","method":"changeLocale","args":[1]}`, `{"code":"500","message":"java.lang.IllegalArgumentException: argument type mismatch. Method: changeLocale"}`},
		{"unknown storage", `{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":["X"]}`, `{"code":"500","message":"storage.unknown"}`},
		{"empty storage", `{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":[""]}`, `{"code":"500","message":"storageName.param.empty"}`},
		{"bad base64", `{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","SIGNATURE","M*Ek",true]}`, `{"code":"500","message":"Illegal base64 character 2a"}`},
		{"empty digest", `{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64Hash","args":["AKKaztokenStore","123",""]}`, `{"code":"500"}`},
		{"basics, wrong type", `{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"allowedStorages":null,"format":"cms","data":"MTEK","signingParams":555,"signerParams":{"extKeyUsageOids":[]},"locale":"ru"}}`,
			`{"code":"INVOCATION_ERROR","details":"org.json.JSONException: JSONObject[\"signingParams\"] is not a JSONObject.","message":"An invoked method threw an exception.","status":false}`},
		{"person cancels", showKeyRequest, cancelled},
	} {
		p.say(tc.say)
		if tc.hear != "" {
			if got := p.hear(); got != tc.hear {
				t.Errorf("%s:\n%s\nwant\n%s", tc.name, got, tc.hear)
			}
		}
		p.ask(`--heartbeat--`, `--heartbeat--`) // nothing else came, and the socket lives
	}
	if n := len(d.asked()); n != 1 {
		t.Errorf("%d windows, want the one that was cancelled", n)
	}
	r.serves()
}

// Frames that are no text close the socket, with a code that says why.
func TestBadFrames(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	for _, tc := range []struct {
		name string
		kind int
		data string
		code int
	}{
		{"binary", websocket.BinaryMessage, "{}", websocket.CloseUnsupportedData},
		{"not UTF-8", websocket.TextMessage, "{\"module\":\"\xff\"}", websocket.CloseInvalidFramePayloadData},
		{"half a character", websocket.TextMessage, "\xd0", websocket.CloseInvalidFramePayloadData},
	} {
		p := r.open()
		if err := p.WriteMessage(tc.kind, []byte(tc.data)); err != nil {
			t.Fatal(err)
		}
		if code, _ := p.closed(); code != tc.code {
			t.Errorf("%s: close %d, want %d", tc.name, code, tc.code)
		}
	}
	// Frames that break RFC 6455 itself.
	for name, frame := range map[string]string{
		"unmasked":             "\x81\x02{}",
		"reserved bit":         "\xc1\x82\x00\x00\x00\x00{}",
		"unknown opcode":       "\x83\x80\x00\x00\x00\x00",
		"continuation at once": "\x80\x80\x00\x00\x00\x00",
	} {
		p := r.open()
		io.WriteString(p.NetConn(), frame)
		if code, _ := p.closed(); code != websocket.CloseProtocolError {
			t.Errorf("%s: close %d", name, code)
		}
	}
	r.serves()
}

// A message in many frames is one message.
func TestFragments(t *testing.T) {
	p := start(t, &desk{ask: cancelAlways}).open()
	w, err := p.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range `{"module":"nca"}` {
		io.WriteString(w, string(c))
		p.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p.expect(notFound)
}

// flood sends a text message of n octets in frames of 1 MiB, or in one frame,
// until the bridge has had enough.
func (p *page) flood(n int64, oneFrame bool) {
	payload := strings.Repeat("x", 1<<20)
	if oneFrame {
		head := []byte{0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		for i := range 8 {
			head[9-i] = byte(n >> (8 * i))
		}
		p.NetConn().Write(head)
		for ; n > 0; n -= 1 << 20 {
			if _, err := io.WriteString(p.NetConn(), payload); err != nil {
				return
			}
		}
		return
	}
	w, err := p.NextWriter(websocket.TextMessage)
	if err != nil {
		return
	}
	for ; n > 0; n -= 1 << 20 {
		if _, err := io.WriteString(w, payload); err != nil {
			return
		}
	}
	w.Close()
}

// T13: a message of more than 512 MiB closes with 1009 and the limit in the reason, and
// never costs the memory.
func TestT13HugeMessage(t *testing.T) {
	if testing.Short() {
		t.Skip("half a GiB over TLS")
	}
	limits := Limits{Message: permitted}
	most := limits.withDefaults().Message
	for _, tc := range []struct {
		name  string
		known bool
		one   bool
		most  int64
	}{
		{"unknown origin, many frames", false, false, 64 << 20},
		{"unknown origin, one frame", false, true, 64 << 20},
		{"permitted origin", true, false, most},
	} {
		t.Run(tc.name, func(t *testing.T) {
			runtime.GC()
			r := start(t, &desk{ask: cancelAlways, known: tc.known}, func(o *Options) { o.Limits = limits })
			before := residentSet(t)
			peak := make(chan int64, 1)
			stop := make(chan struct{})
			go func() {
				most := int64(0)
				for {
					select {
					case <-stop:
						peak <- most
						return
					case <-time.After(10 * time.Millisecond):
						most = max(most, residentSet(t))
					}
				}
			}()
			p := r.open()
			go p.flood(most+most/8, tc.one)
			code, reason := p.closed()
			close(stop)
			if code != websocket.CloseMessageTooBig || reason != fmt.Sprintf("message is over the limit of %d bytes", tc.most) {
				t.Errorf("close %d %q", code, reason)
			}
			if grown := <-peak - before; grown > tc.most+96<<20 {
				t.Errorf("grew by %d MiB for a limit of %d MiB", grown>>20, tc.most>>20)
			}
			eventually(t, "the budget is given back", func() bool { return r.spent() == 0 })
			r.serves()
		})
	}
}

func (r *running) spent() int64 {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	return r.budget.used
}

// residentSet is the memory of this process in octets.
func residentSet(t testing.TB) int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc")
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(data))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// T13: all messages in flight share one budget, those of origins the person has
// not permitted a part of it: they cannot starve a portal that was.
func TestT13Budget(t *testing.T) {
	d := &knownDesk{desk: desk{ask: never}}
	r := start(t, d, func(o *Options) { o.Limits.Budget, o.Limits.FirstMessage = 24<<20, 8<<20 })
	content := strings.Repeat("x", 4<<20)
	strangers := r.openAs("https://stranger.test")
	strangers.say(cadesRequest(content, false))
	eventually(t, "the window is open", func() bool { return len(d.asked()) == 1 })
	other := r.openAs("https://other.test")
	go other.flood(7<<20, false)
	if code, reason := other.closed(); code != websocket.CloseMessageTooBig || reason != "messages in flight are over the limit of 8388608 bytes" {
		t.Errorf("stranger: close %d %q", code, reason)
	}
	first := r.open()
	first.say(cadesRequest(content+content, false))
	eventually(t, "the portal is served all the same", func() bool { return len(d.asked()) == 2 })
	second := r.open()
	go second.flood(20<<20, false)
	if code, reason := second.closed(); code != websocket.CloseMessageTooBig || reason != "messages in flight are over the limit of 25165824 bytes" {
		t.Errorf("portal: close %d %q", code, reason)
	}
	first.Close()
	strangers.Close()
	eventually(t, "the budget is given back", func() bool { return r.spent() == 0 })
	r.serves()
}

// knownDesk knows the portal and nobody else.
type knownDesk struct{ desk }

func (*knownDesk) Known(a consent.Asker) bool { return a.Origin == portal }

// T14: a message that stops in the middle does not hold its memory, nor do
// pongs in between help.
func TestT14StalledMessage(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways}, func(o *Options) { o.Limits.Stall = 2 * time.Second })
	p := r.open()
	p.NetConn().Write([]byte{0x01, 0xfe, 0x10, 0x00, 0, 0, 0, 0})
	io.WriteString(p.NetConn(), strings.Repeat("x", 0x1000))
	eventually(t, "the message has begun", func() bool { return r.spent() > 0 })
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		p.ReadMessage()
	}()
	for range 600 {
		select {
		case <-gone:
			eventually(t, "the budget is given back", func() bool { return r.spent() == 0 })
			r.serves()
			return
		case <-time.After(100 * time.Millisecond):
			p.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second))
		}
	}
	t.Error("the socket is still open after a minute")
}

// A large document goes through whole: every size around the borders of the
// reader's chunks.
func TestLargeMessages(t *testing.T) {
	k := newKey(t, profile)
	p := start(t, &desk{ask: grants(k)}).open()
	for _, n := range []int{4 << 10, chunk * 3 / 4, chunk - 300, chunk, 2*chunk + 1, 20 << 20} {
		content := make([]byte, n)
		rand.Read(content)
		p.say(fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","SIGNATURE",%q,false]}`,
			base64.StdEncoding.EncodeToString(content)))
		verify(t, cmsOf(t, p.hear()), content, 1)
	}
}

func TestReadMessageBorders(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 4096, 4097, 16 << 10, chunk - 1, chunk, chunk + 1, 2 * chunk, 2*chunk + 1, 3*chunk + 5} {
		content := make([]byte, n)
		rand.Read(content)
		for i := range content {
			content[i] &= 0x7f
		}
		b := newBudget(Limits{}.withDefaults())
		m, err := readMessage(strings.NewReader(string(content)), b, Limits{}.withDefaults(), func() bool { return n%2 == 0 }, nil)
		if err != nil || string(m.data) != string(content) {
			t.Fatalf("%d octets: %v", n, err)
		}
		if b.used < int64(n) {
			t.Errorf("%d octets cost %d", n, b.used)
		}
		m.hold()
		m.release()
		if b.used == 0 || string(m.data) != string(content) {
			t.Errorf("%d octets were given back while somebody held them", n)
		}
		m.release()
		if b.used != 0 || b.strangers != 0 {
			t.Errorf("%d octets: %d not given back", n, b.used)
		}
	}
}

// Text is checked while it comes, wherever its characters are cut.
func TestReadMessageChecksText(t *testing.T) {
	l := Limits{}.withDefaults()
	known := func() bool { return true }
	for _, content := range []string{
		strings.Repeat("қол қою ", 20_000), strings.Repeat("€", 100_000), strings.Repeat("𝄞", 70_000),
	} {
		for _, shift := range []string{"", "a", "ab", "abc"} {
			for _, r := range []io.Reader{strings.NewReader(shift + content), iotest.HalfReader(strings.NewReader(shift + content)), iotest.DataErrReader(strings.NewReader(shift + content))} {
				b := newBudget(l)
				m, err := readMessage(r, b, l, known, nil)
				if err != nil || string(m.data) != shift+content {
					t.Fatal(err)
				}
				m.release()
			}
			for _, bad := range []string{"\xff", "\xc3", "\xe2\x82", "\xf0\x9d\x84", "\xed\xa0\x80", "\xc0\x80", "\x80\x80\x80\x80\x80"} {
				for _, content := range []string{shift + content + bad, bad + shift + content, shift + content + bad + shift + content} {
					b := newBudget(l)
					if _, err := readMessage(strings.NewReader(content), b, l, known, nil); !errors.Is(err, errNotText) {
						t.Fatalf("%x: %v", bad, err)
					}
					if b.used != 0 {
						t.Fatalf("%x: %d octets not given back", bad, b.used)
					}
				}
			}
		}
	}
}

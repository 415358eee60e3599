package prompt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// These tests need a desktop and the keys of a person; .ci/wine runs them.

var (
	testUser32      = windows.NewLazySystemDLL("user32.dll")
	testFindWindow  = testUser32.NewProc("FindWindowW")
	testDlgItem     = testUser32.NewProc("GetDlgItem")
	testSend        = testUser32.NewProc("SendMessageW")
	testPost        = testUser32.NewProc("PostMessageW")
	testIsEnabled   = testUser32.NewProc("IsWindowEnabled")
	testTextLength  = testUser32.NewProc("GetWindowTextLengthW")
	testGetText     = testUser32.NewProc("GetWindowTextW")
	testPutInFront  = testUser32.NewProc("SetForegroundWindow")
	testWindowClass = "TanbaQuestion"
)

// hand is a person before the window.
type hand struct {
	t *testing.T
	h uintptr
}

const handYes, handNo, handList, handSecret = 1, 2, 11, 12

func (p *hand) item(id uintptr) uintptr { h, _, _ := testDlgItem.Call(p.h, id); return h }

func (p *hand) usable(id uintptr) bool {
	h := p.item(id)
	on, _, _ := testIsEnabled.Call(h)
	return h != 0 && on != 0 && windows.IsWindowVisible(windows.HWND(h))
}

func (p *hand) send(id, msg, wparam, lparam uintptr) uintptr {
	r, _, _ := testSend.Call(p.item(id), msg, wparam, lparam)
	return r
}

// until waits for something to be seen.
func (p *hand) until(what string, f func() bool) {
	p.t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		p.h, _, _ = testFindWindow.Call(uintptr(unsafe.Pointer(windows.StringToUTF16Ptr(testWindowClass))), 0)
		if p.h != 0 && windows.IsWindowVisible(windows.HWND(p.h)) && f() {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("not seen: %s", what)
		}
	}
}

// do is one thing a person does: "yes", "row N", "secret TEXT", "escape", "close",
// "held", "shot NAME".
func (p *hand) do(what string) {
	p.t.Helper()
	verb, arg, _ := strings.Cut(what, " ")
	const click, setText, setCurSel, command, closed, keyDown, escape, enter = 0xf5, 0xc, 0x186, 0x111, 0x10, 0x100, 0x1b, 0x0d
	plain := func() bool { return !p.usable(handList) && !p.usable(handSecret) }
	switch verb {
	case "yes":
		p.until("a yes that counts", func() bool { return plain() && p.usable(handYes) })
		p.send(handYes, click, 0, 0)
	case "row":
		p.until("rows", func() bool { return p.usable(handList) })
		n, _ := strconv.Atoi(arg)
		p.send(handList, setCurSel, uintptr(n), 0)
		testSend.Call(p.h, command, handList|1<<16, p.item(handList))
		p.send(handYes, click, 0, 0)
	case "secret":
		p.until("a password", func() bool { return p.usable(handSecret) })
		p.send(handSecret, setText, 0, uintptr(unsafe.Pointer(windows.StringToUTF16Ptr(arg))))
		p.send(handYes, click, 0, 0)
	case "typed": // not sent
		p.until("a password", func() bool { return p.usable(handSecret) })
		p.send(handSecret, setText, 0, uintptr(unsafe.Pointer(windows.StringToUTF16Ptr(arg))))
	case "escape":
		p.until("a question", func() bool { return p.usable(handNo) })
		testPost.Call(p.item(handNo), keyDown, escape, 1)
	case "held":
		p.until("a question", func() bool { return p.usable(handNo) })
		for range 50 {
			testPost.Call(p.item(handYes), keyDown, enter, 1<<30|1)
			testPost.Call(p.item(handNo), keyDown, enter, 1<<30|1)
		}
		p.send(handYes, click, 0, 0) // and a click that comes too early
	case "close":
		p.until("a question", func() bool { return true })
		testPost.Call(p.h, closed, 0, 0)
	case "seen":
		p.until(arg, func() bool { return strings.Contains(p.texts(), arg) })
	case "shot":
		p.until("a panel", func() bool { return p.usable(handNo) })
		p.shot(arg)
	}
}

// texts are those of all controls.
func (p *hand) texts() string {
	var all []string
	for h := uintptr(0); ; {
		h, _, _ = testUser32.NewProc("FindWindowExW").Call(p.h, h, 0, 0)
		if h == 0 {
			return strings.Join(all, "\n")
		}
		n, _, _ := testTextLength.Call(h)
		text := make([]uint16, n+1)
		testGetText.Call(h, uintptr(unsafe.Pointer(&text[0])), n+1)
		if windows.IsWindowVisible(windows.HWND(h)) {
			all = append(all, windows.UTF16ToString(text))
		}
	}
}

// shot asks .ci/wine for a picture of the screen and waits until it is taken.
func (p *hand) shot(name string) {
	dir := os.Getenv("TANBA_SHOTS")
	if dir == "" {
		return
	}
	p.until("in front", func() bool {
		testPutInFront.Call(p.h)
		return windows.GetForegroundWindow() == windows.HWND(p.h)
	})
	want := filepath.Join(dir, name+".want")
	if err := os.WriteFile(want, nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.until("a picture", func() bool { _, err := os.Stat(want); return os.IsNotExist(err) })
}

// ask asks r while a person does something.
func ask(t *testing.T, r *Request, doing ...string) (Decision, error) {
	t.Helper()
	type answer struct {
		d   Decision
		err error
	}
	got := make(chan answer, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		d, err := NewDialog("ru").Approve(ctx, r)
		got <- answer{d, err}
	}()
	p := &hand{t: t}
	for _, what := range doing {
		p.do(what)
	}
	select {
	case a := <-got:
		return a.d, a.err
	case <-time.After(time.Minute):
		t.Fatal("still asking")
	}
	return Decision{}, nil
}

// TestWin32 asks with the real window.
func TestWin32(t *testing.T) {
	other := sampleKey()
	other.ID, other.Fits, other.Reason = "b", false, "reason.for_auth"
	third := sampleKey()
	third.ID, third.Owner = "c", "ТРЕТЬЯКОВ ТРЕТИЙ"
	for _, lang := range []string{"kk", "ru", "en"} {
		for _, c := range []struct {
			name   string
			change func(*Request)
			doing  []string
			tries  int32
			key    string
		}{
			{"approved", nil, []string{"yes", "row 1", "secret Qwerty12", "yes"}, 1, "a"},
			{"Escape at once", nil, []string{"escape"}, 0, ""},
			{"closed", nil, []string{"yes", "close"}, 0, ""},
			{"T9: Enter held, and a click at once", func(r *Request) { r.Minimum = time.Hour }, []string{"held", "escape"}, 0, ""},
			{"wrong password, then the right one", nil, []string{"yes", "row 1", "secret wrong", "secret Qwerty12", "yes"}, 2, "a"},
			{"cancelled at the end", nil, []string{"yes", "row 1", "secret Qwerty12", "escape"}, 1, ""},
			{"one of many keys", func(r *Request) { r.Unlock = unlocks(sampleKey(), other, third) }, []string{"yes", "row 1", "secret Qwerty12", "row 1", "yes"}, 1, "c"},
			{"a thousand documents", func(r *Request) {
				r.Documents, r.Total = nil, 1000
				for range 1000 {
					r.Documents = append(r.Documents, Document{Name: "Договор поставки.pdf", Kind: "pdf", Size: 1 << 20, SHA256: [32]byte{1}})
				}
			}, []string{"yes", "row 1", "secret Qwerty12", "yes"}, 1, "a"},
		} {
			t.Run(lang+"/"+c.name, func(t *testing.T) {
				r := minimal()
				r.Locale, r.Minimum = lang, 100*time.Millisecond
				if c.change != nil {
					c.change(r)
				}
				var tries atomic.Int32
				unlock := r.Unlock
				r.Unlock = func(ctx context.Context, path string, secret []byte) ([]Key, error) {
					tries.Add(1)
					if path != r.Recent[1].Path {
						t.Errorf("path %q", path)
					}
					return unlock(ctx, path, secret)
				}
				d, err := ask(t, r, c.doing...)
				if d.KeyID != c.key || (c.key == "") != errors.Is(err, ErrCancelled) {
					t.Errorf("%+v, %v", d, err)
				}
				if tries.Load() != c.tries {
					t.Errorf("%d tries", tries.Load())
				}
			})
		}
	}
}

// TestWin32Screens shows every kind of panel in every language, for pictures.
func TestWin32Screens(t *testing.T) {
	auth := sampleKey()
	auth.ID, auth.Fits, auth.Reason = "b", false, "reason.for_auth"
	second := sampleKey()
	second.ID, second.Organisation, second.BIN, second.Role = "c", "ТОО «ТЕСТОВАЯ КОМПАНИЯ»", "123456789012", "role.head"
	last := sampleToken()
	last.PIN.LastTry, last.PIN.Low, last.PIN.Left = true, true, 1
	for _, lang := range []string{"kk", "ru", "en"} {
		for _, c := range []struct {
			change func(*Request)
			doing  []string
		}{
			{func(r *Request) { r.Site.New = true }, []string{"shot 01-consent", "yes", "shot 02-files", "row 1", "shot 03-password", "secret wrong", "seen ", "shot 04-wrong-password", "secret Qwerty12", "shot 05-yes", "yes"}},
			{func(r *Request) { r.Unlock = unlocks(sampleKey(), auth, second) }, []string{"yes", "row 1", "typed йцукен", "shot 06-layout", "secret Qwerty12", "shot 07-keys", "escape"}},
			{func(r *Request) { r.Unlock = unlocks(auth) }, []string{"yes", "row 1", "secret Qwerty12", "shot 08-none-fits", "escape"}},
			{func(r *Request) {
				r.Site.Suspicious, r.Site.Secure, r.Digests = true, false, true
				r.Documents = []Document{{Kind: "digest", Size: 32}}
			}, []string{"shot 09-suspicious", "escape"}},
			{func(r *Request) { onlyTokens(r, last) }, []string{"yes", "shot 10-tokens", "row 0", "shot 11-last-try", "yes", "shot 12-pin", "escape"}},
			{func(r *Request) {
				r.Documents, r.Total, r.Bytes = nil, 214, 31<<20
				for i := range 214 {
					r.Documents = append(r.Documents, Document{Name: "Договор " + strconv.Itoa(i+1) + ".pdf", Kind: "pdf", Size: 150_000, SHA256: [32]byte{byte(i)}})
				}
			}, []string{"shot 13-many", "escape"}},
			{func(r *Request) { r.Purpose, r.Documents, r.Total = ListTokens, nil, 0 }, []string{"shot 14-allow", "escape"}},
			{func(r *Request) { r.Tokens, r.NoFiles, r.Recent = nil, true, nil }, []string{"yes", "shot 15-notice", "escape"}},
		} {
			r := minimal()
			r.Locale, r.Minimum = lang, 10*time.Millisecond
			c.change(r)
			for i, what := range c.doing {
				if name, ok := strings.CutPrefix(what, "shot "); ok {
					c.doing[i] = "shot " + name + "-" + lang
				}
			}
			_, _ = ask(t, r, c.doing...)
		}
	}
}

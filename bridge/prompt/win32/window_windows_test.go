package win32

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// These tests need a desktop; .ci/wine runs them on a display of their own.

const bmClick, wmSetText = 0xf5, 0xc

type asked struct {
	t      *testing.T
	w      *Window
	answer chan Answer
	cancel context.CancelFunc
}

// window opens one that is closed with the test.
func window(t *testing.T) *Window {
	t.Helper()
	w, err := Open("Tanba: egov.kz")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// ask shows a panel and waits until it is there, and in front if it needs to be.
func ask(t *testing.T, w *Window, p Panel) *asked {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a := &asked{t: t, w: w, answer: make(chan Answer, 1), cancel: cancel}
	t.Cleanup(cancel)
	go func() {
		got, err := w.Show(ctx, p)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		a.answer <- got
	}()
	a.until("the window is in front", func() bool {
		return w.asked != nil && windows.IsWindowVisible(w.hwnd) && windows.GetForegroundWindow() == w.hwnd
	})
	return a
}

// on asks the thread of the window.
func (a *asked) on(f func() bool) (yes bool) {
	done := make(chan struct{})
	if !a.w.do(func() { yes = f(); close(done) }) {
		return false
	}
	select {
	case <-done:
	case <-a.w.gone:
	}
	return yes
}

func (a *asked) until(what string, f func() bool) {
	a.t.Helper()
	for end := time.Now().Add(30 * time.Second); !a.on(f); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			a.t.Fatalf("not so: %s", what)
		}
	}
}

func (a *asked) click(h windows.HWND) { call(sendMessage, h, bmClick, 0, 0) }

// press posts a key to what has the keyboard, as Windows does.
func (a *asked) press(key, lparam uintptr) {
	a.on(func() bool {
		h := a.w.focused()
		call(postMessage, h, wmKeyDown, key, lparam)
		call(postMessage, h, wmKeyUp, key, lparam|3<<30)
		return true
	})
	a.on(func() bool { return true }) // posted messages come before this one
}

func (a *asked) type_(text string) {
	call(sendMessage, a.w.parts.secret, wmSetText, 0, uintptr(unsafe.Pointer(wide(text))))
}

func (a *asked) open() {
	a.t.Helper()
	select {
	case got := <-a.answer:
		a.t.Fatalf("answered %+v", got)
	default:
	}
	if !a.on(func() bool { return a.w.asked != nil }) {
		a.t.Fatal("nothing is asked any more")
	}
}

func (a *asked) got() Answer {
	a.t.Helper()
	select {
	case got := <-a.answer:
		return got
	case <-time.After(30 * time.Second):
		a.t.Fatal("no answer")
	}
	return Answer{}
}

var consent = Panel{Heading: "egov.kz", Sentence: "asks you to sign 1 document", Account: "Document 1", Yes: "Next", No: "Cancel", Minimum: 300 * time.Millisecond}

func with(change func(*Panel)) Panel {
	p := consent
	p.Minimum = 0
	change(&p)
	return p
}

var secret = with(func(p *Panel) {
	p.Secret, p.Label, p.Caps, p.Layout = true, "Password", "Caps Lock is on", "Cyrillic letters"
})

func TestT9YesNeedsTimeInFront(t *testing.T) {
	w := window(t)
	now := time.Now()
	stopped := consent
	a := &asked{t: t, w: w}
	a.on(func() bool { w.now = func() time.Time { return now }; return true })
	a = ask(t, w, stopped)
	a.click(w.parts.yes)
	a.open()
	if a.on(func() bool { return call(isWindowEnabled, w.parts.yes) != 0 }) {
		t.Error("the yes is enabled at once")
	}
	a.on(func() bool { now = now.Add(299 * time.Millisecond); return true })
	a.click(w.parts.yes)
	a.open()
	// From behind another window it begins anew.
	other := window(t)
	b := ask(t, other, with(func(*Panel) {}))
	a.on(func() bool { now = now.Add(time.Hour); return true })
	a.click(w.parts.yes)
	a.open()
	b.press(vkEscape, 0)
	b.got()
	a.on(func() bool { toFront(w.hwnd); return true })
	a.until("in front again", func() bool { return windows.GetForegroundWindow() == w.hwnd && !w.front.IsZero() })
	a.click(w.parts.yes)
	a.open()
	a.on(func() bool { now = now.Add(300 * time.Millisecond); return true })
	a.until("the yes is enabled", func() bool { w.refresh(); return call(isWindowEnabled, w.parts.yes) != 0 })
	a.click(w.parts.yes)
	if got := a.got(); !got.Yes {
		t.Errorf("%+v", got)
	}
}

func TestT9Keys(t *testing.T) {
	ripe := func(a *asked) { a.until("the yes counts", func() bool { return a.w.ready() }) }
	for _, c := range []struct {
		name  string
		panel Panel
		do    func(*asked)
		yes   bool
		open  bool
	}{
		{"Enter at once presses nothing", with(func(p *Panel) { p.Minimum = time.Hour }), func(a *asked) { a.press(vkReturn, 1) }, false, true},
		{"Enter that is held presses nothing", consent, func(a *asked) { ripe(a); a.press(vkReturn, 1<<30|1) }, false, true},
		{"Space that is held presses nothing", consent, func(a *asked) { ripe(a); a.press(vkSpace, 1<<30|1) }, false, true},
		{"Enter later is a no, for Cancel has the keyboard", consent, func(a *asked) { ripe(a); a.press(vkReturn, 1) }, false, false},
		{"Tab and Enter is a yes", consent, func(a *asked) {
			ripe(a)
			a.until("the yes has the keyboard", func() bool { w := a.w; w.next(false); return w.focused() == w.parts.yes })
			a.press(vkReturn, 1)
		}, true, false},
		{"Escape", consent, func(a *asked) { a.press(vkEscape, 1) }, false, false},
		{"closed", consent, func(a *asked) { call(postMessage, a.w.hwnd, wmClose, 0, 0) }, false, false},
		{"Cancel is pressed", consent, func(a *asked) { a.click(a.w.parts.no) }, false, false},
		{"Enter without a password", secret, func(a *asked) { a.press(vkReturn, 1) }, false, true},
		{"Enter with a password", secret, func(a *asked) { a.type_("Qwerty12"); a.press(vkReturn, 1) }, true, false},
		{"only what fits", with(func(p *Panel) { p.Rows = []Row{{"a", false}, {"b", true}} }), func(a *asked) {
			a.until("chosen", func() bool { return a.w.chosen() == 1 })
			a.on(func() bool { call(sendMessage, a.w.parts.list, lbSetCurSel, 0, 0); return true })
			a.click(a.w.parts.yes)
			a.until("the list has the keyboard", func() bool { a.w.refresh(); return a.w.focused() == a.w.parts.list })
			a.press(vkReturn, 1)
		}, false, true},
		{"only to be read", with(func(p *Panel) { p.Yes, p.Message = "", "It failed" }), func(a *asked) { a.click(a.w.parts.yes) }, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := ask(t, window(t), c.panel)
			c.do(a)
			if c.open {
				a.open()
				return
			}
			got := a.got()
			if got.Yes != c.yes || c.panel.Secret && string(got.Secret) != "Qwerty12" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestT21SecretIsWipedFromTheControl: what was typed is gone with the answer, with a
// wrong password, too, and never stays for the next panel.
func TestT21SecretIsWipedFromTheControl(t *testing.T) {
	w := window(t)
	empty := func(a *asked) {
		t.Helper()
		if !a.on(func() bool { return len(w.typed()) == 0 }) {
			t.Error("the control still holds something")
		}
	}
	a := ask(t, w, secret)
	a.type_("құпия 🔑")
	a.click(w.parts.yes)
	if got := a.got(); string(got.Secret) != "құпия 🔑" {
		t.Errorf("%q", got.Secret)
	}
	empty(a)
	a = ask(t, w, with(func(p *Panel) { p.Secret, p.Message = true, "Wrong password" }))
	empty(a)
	a.type_("never sent")
	a.cancel()
	a.got()
	a.until("hidden", func() bool { return w.asked == nil && !windows.IsWindowVisible(w.hwnd) })
	empty(a)
}

func TestHints(t *testing.T) {
	a := ask(t, window(t), secret)
	a.type_("Йцукен")
	a.until("the layout is told", func() bool { return a.w.parts.text[a.w.parts.hint] == secret.Layout })
	a.type_("Qwerty12")
	a.until("and taken back", func() bool { return a.w.parts.text[a.w.parts.hint] != secret.Layout })
}

// TestNoBetweenPanels: who cancels while a password is tried is not asked again.
func TestNoBetweenPanels(t *testing.T) {
	w := window(t)
	a := ask(t, w, secret)
	a.type_("x")
	a.click(w.parts.yes)
	a.got()
	if call(isWindowEnabled, w.parts.secret) != 0 {
		t.Error("the password can be changed while it is tried")
	}
	a.press(vkReturn, 1) // once too often
	if !a.on(func() bool { return windows.IsWindowVisible(w.hwnd) }) {
		t.Error("Enter was a no while the password was tried")
	}
	w.Tell("Press the button of the token")
	a.until("told", func() bool { return w.parts.text[w.parts.message] == "Press the button of the token" })
	a.press(vkEscape, 1)
	a.until("hidden", func() bool { return !windows.IsWindowVisible(w.hwnd) })
	if got, err := w.Show(context.Background(), consent); got.Yes || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestContextEnds(t *testing.T) {
	w := window(t)
	ctx, cancel := context.WithCancel(context.Background())
	a := ask(t, w, consent)
	a.cancel()
	a.got()
	a.until("hidden", func() bool { return !windows.IsWindowVisible(w.hwnd) })
	cancel()
	if _, err := w.Show(ctx, consent); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.Close()
	if got, err := w.Show(context.Background(), consent); got.Yes || err != nil {
		t.Errorf("after the end: %+v, %v", got, err)
	}
	w.Close()
}

// TestFits: at every scale, and however much there is to read, everything is inside
// the window, the window is on the screen, and the buttons are whole.
func TestFits(t *testing.T) {
	long := strings.Repeat("Договор поставки оборудования № 12. ", 30)
	for _, p := range []Panel{consent, secret, with(func(p *Panel) {
		p.Notes, p.Message, p.Phrase = long[:600], long[:300], long[:80]
		p.Account = strings.Repeat(long+"\n", 8)
		for range 40 {
			p.Rows = append(p.Rows, Row{long[:200], true})
		}
	}), with(func(p *Panel) {
		p.Heading = strings.Repeat("a", 253)
		p.Yes, p.No = "Сертификатты көрсетуге келісемін", "Барлығынан бас тарту"
		p.Phrase = "Сіздің фразаңыз: " + strings.Repeat("көк түйе ", 8)
	})} {
		w := window(t)
		a := ask(t, w, p)
		for _, dpi := range []int32{96, 120, 144, 192} {
			a.on(func() bool { w.scale(dpi); return true })
			var client, frame rect
			a.on(func() bool {
				call(getClientRect, w.hwnd, uintptr(unsafe.Pointer(&client)))
				call(getWindowRect, w.hwnd, uintptr(unsafe.Pointer(&frame)))
				return true
			})
			work := w.work()
			if dpi == 96 && (frame.left < work.left || frame.top < work.top || frame.right > work.right || frame.bottom > work.bottom) {
				t.Errorf("%d dpi: the window %v is outside of %v", dpi, frame, work)
			}
			bottom := int32(0)
			for name, h := range map[string]windows.HWND{"heading": w.parts.heading, "sentence": w.parts.sentence, "notes": w.parts.notes, "account": w.parts.account, "message": w.parts.message, "label": w.parts.label, "list": w.parts.list, "secret": w.parts.secret, "phrase": w.parts.phrase, "yes": w.parts.yes, "no": w.parts.no} {
				if !windows.IsWindowVisible(h) {
					continue
				}
				var r rect
				call(getWindowRect, h, uintptr(unsafe.Pointer(&r)))
				if r.left < frame.left || r.right > frame.right || r.top < frame.top || r.bottom > frame.bottom {
					t.Errorf("%d dpi: %s at %v is outside of %v", dpi, name, r, frame)
				}
				bottom = max(bottom, r.bottom)
			}
		}
		a.cancel()
		a.got()
	}
}

func TestNoDesktop(t *testing.T) {
	if os.Getenv("TANBA_NO_DESKTOP") == "" {
		t.Skip("only without a display")
	}
	if w, err := Open("x"); err == nil {
		w.Close()
		t.Error("a window that nobody sees")
	}
}

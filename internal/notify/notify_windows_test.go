package notify

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"

	"tanba/internal/hidden"
)

// tray stands in for the notification area where there is none, such as Wine
// without a screen: the shell's function finds it by its class and copies to it what
// it was told. Icons are those that are shown.
type tray struct {
	mu    sync.Mutex
	icons int
	ever  int
}

func (s *tray) shown() (now, ever int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.icons, s.ever
}

func newTray(t *testing.T) *tray {
	t.Helper()
	s := &tray{}
	class, _ := windows.UTF16PtrFromString("Shell_TrayWnd")
	if w, _, _ := windows.NewLazySystemDLL("user32.dll").NewProc("FindWindowW").Call(uintptr(unsafe.Pointer(class)), 0); w != 0 {
		return nil // the real one
	}
	w, err := hidden.Open("Shell_TrayWnd", func(message uint32, _, l uintptr) (uintptr, bool) {
		const copyData = 0x004A // the operation is the first member of its structure
		if message != copyData {
			return 0, false
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch **(**uintptr)(unsafe.Pointer(&l)) {
		case iconAdd:
			s.icons++
			s.ever++
		case iconDelete:
			s.icons--
		}
		return 1, true
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return s
}

func newArea(t *testing.T) *area {
	t.Helper()
	n, err := New()
	if err != nil {
		t.Fatal(err)
	}
	a := n.(*area)
	t.Cleanup(func() {
		if a.window != nil {
			a.window.Close()
		}
	})
	return a
}

// press posts what the notification area posts when a note is pressed, or ends.
func (a *area) press(id, event uint32) { a.window.Post(messageOfIcon, 0, uintptr(id<<16|event)) }

func TestNotesReachTheArea(t *testing.T) {
	tray, a := newTray(t), newArea(t)
	ctx := context.Background()
	chosen := make(chan string, 8)
	note := func(text string, urgent bool) Note {
		return Note{Title: text, Body: "b", Urgent: urgent, Actions: []Action{{text, "Open"}, {"later", "Later"}}, Chosen: func(id string) { chosen <- id }}
	}
	want := func(id string) {
		t.Helper()
		select {
		case got := <-chosen:
			if got != id {
				t.Errorf("%q was chosen, not %q", got, id)
			}
		case <-time.After(time.Minute):
			t.Fatalf("nothing was chosen, not %q", id)
		}
	}
	show := func(n Note, replaces uint32) uint32 {
		t.Helper()
		id, err := a.Show(ctx, n, replaces)
		if err != nil || id == 0 {
			t.Fatalf("%d, %v", id, err)
		}
		return id
	}
	first := show(note("first", false), 0)
	second := show(note("second", false), 0)
	if first == second {
		t.Error("two notes have one number")
	}
	a.press(second, balloonPressed)
	want("second")
	a.press(second, balloonPressed) // at most once
	if again := show(note("replaced", false), first); again != first {
		t.Errorf("replaced: %d, not %d", again, first)
	}
	a.press(first, iconPressed)
	want("replaced")
	// One that is over, or was taken back, says nothing any more.
	over := show(note("over", false), 0)
	a.press(over, balloonTimedOut)
	a.press(over, balloonPressed)
	urgent := show(note("urgent", true), 0)
	a.press(urgent, balloonTimedOut)
	back := show(note("withdrawn", true), 0)
	if err := a.Withdraw(ctx, back); err != nil {
		t.Error(err)
	}
	if err := a.Withdraw(ctx, 0); err != nil {
		t.Error(err)
	}
	a.press(back, balloonPressed)
	a.press(9999, balloonPressed)
	a.press(urgent, balloonPressed)
	want("urgent")
	none := show(Note{Title: "without buttons"}, urgent)
	if err := a.Withdraw(ctx, none); err != nil {
		t.Error(err)
	}
	if tray != nil {
		if now, ever := tray.shown(); now != 0 || ever != 6 {
			t.Errorf("%d icons are left of %d, want 0 of 6", now, ever)
		}
	}
}

func TestNoAreaNoNotes(t *testing.T) {
	class, _ := windows.UTF16PtrFromString("Shell_TrayWnd")
	if w, _, _ := windows.NewLazySystemDLL("user32.dll").NewProc("FindWindowW").Call(uintptr(unsafe.Pointer(class)), 0); w != 0 {
		t.Skip("there is a notification area here")
	}
	a := newArea(t)
	if id, err := a.Show(context.Background(), Note{Title: "a"}, 0); !errors.Is(err, ErrUnsupported) || id != 0 || len(a.shown) != 0 {
		t.Errorf("%d, %v, %v", id, err, a.shown)
	}
}

func TestFill(t *testing.T) {
	for text, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc", "ab😀": "ab", "a😀": "a😀", "a\x00b": "a", "Құпия": "Құп"} {
		var to [4]uint16
		fill(to[:], text)
		n := 0
		for n < len(to) && to[n] != 0 {
			n++
		}
		if got := string(utf16.Decode(to[:n])); got != want || n == len(to) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

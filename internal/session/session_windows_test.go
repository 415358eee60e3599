package session

import (
	"context"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// TestT22MessagesOfWindows posts to the window what Windows posts to it.
func TestT22MessagesOfWindows(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	events, err := Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	class, _ := windows.UTF16PtrFromString(windowClass)
	window, _, err := user32.NewProc("FindWindowW").Call(uintptr(unsafe.Pointer(class)), 0)
	if window == 0 {
		t.Fatal(err)
	}
	// Only a window that is not message-only is told of the power and of the end
	// of the session, and only one that is not seen is no nuisance.
	if visible, _, _ := user32.NewProc("IsWindowVisible").Call(window); visible != 0 {
		t.Error("the window is seen")
	}
	post := user32.NewProc("PostMessageW")
	send := user32.NewProc("SendMessageW")
	for _, c := range []struct {
		name    string
		message uint32
		w       uintptr
		want    Event
	}{
		{"lock", messageSessionChange, sessionLock, Locked},
		{"unlock", messageSessionChange, 8, ""},
		{"fast user switching", messageSessionChange, consoleDisconnect, Switched},
		{"back again", messageSessionChange, 1, ""},
		{"remote desktop left", messageSessionChange, remoteDisconnect, Switched},
		{"logoff", messageSessionChange, sessionLogoff, Switched},
		{"sleep", messagePower, powerSuspend, Sleep},
		{"waking up", messagePower, 18, ""},
		{"battery", messagePower, 10, ""},
		{"something else", 0x0400, sessionLock, ""},
	} {
		if ok, _, err := post.Call(window, uintptr(c.message), c.w, 0); ok == 0 {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.want == "" {
			continue // the next event that comes is not its
		}
		if e := next(t, events); e != c.want {
			t.Errorf("%s: %q, want %q", c.name, e, c.want)
		}
	}
	// Nobody is kept from logging off.
	if answer, _, _ := send.Call(window, messageQueryEndSession, 0, 0); answer != 1 {
		t.Errorf("end of the session: answer %d", answer)
	}
	if e := next(t, events); e != Switched {
		t.Errorf("end of the session: %q", e)
	}
	cancel()
	if e := next(t, events); e != "" {
		t.Errorf("an event at the end: %q", e)
	}
}

// TestT22WindowClosedByOthers: who keeps passwords learns that the signals ended.
func TestT22WindowClosedByOthers(t *testing.T) {
	events, err := Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	class, _ := windows.UTF16PtrFromString(windowClass)
	window, _, _ := user32.NewProc("FindWindowW").Call(uintptr(unsafe.Pointer(class)), 0)
	user32.NewProc("PostMessageW").Call(window, 0x0010, 0, 0) // WM_CLOSE
	if e := next(t, events); e != "" {
		t.Errorf("%q", e)
	}
}

// next is the event that comes, "" when the channel is closed.
func next(t *testing.T, events <-chan Event) Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(time.Minute):
		t.Fatal("no event")
		return ""
	}
}

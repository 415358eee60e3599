package win32

import (
	"context"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	// untouched is for how long keyboard and mouse must have rested: what somebody
	// types into another window must not end in ours (security.md §13).
	untouched = 400 * time.Millisecond
	// raiseEvery is how often it is tried to come to the front.
	raiseEvery = 150 * time.Millisecond
	// raiseWithin is how long a browser may take to show its window.
	raiseWithin = 20 * time.Second

	topmost, notTopmost = ^uintptr(0), ^uintptr(1)
)

// present shows the window over the one the person works in.
func (w *Window) present() {
	if w.parts.shown {
		return
	}
	w.parts.shown, w.raising, w.parts.flashed = true, true, false
	w.position()
	call(setWindowPos, w.hwnd, topmost, 0, 0, 0, 0, swpNoMove|swpNoSize|swpNoActivate)
	call(showWindow, w.hwnd, 4) // without activation
	call(setTimer, w.hwnd, timerRaise, uintptr(raiseEvery/time.Millisecond), 0)
	w.raise()
}

func (w *Window) hide() {
	w.parts.shown = false
	call(killTimer, w.hwnd, timerRaise)
	// A dialog for files on top of it is a question of its own.
	if top := call(getLastActivePopup, w.hwnd); top != 0 && windows.HWND(top) != w.hwnd {
		call(postMessage, windows.HWND(top), wmCommand, idNo, 0)
	}
	call(showWindow, w.hwnd, 0)
}

// raise tries to bring the window to the front once, until it was there.
func (w *Window) raise() {
	switch {
	case !w.raising:
	case windows.GetForegroundWindow() == w.hwnd:
		w.settled()
	case idle() >= untouched:
		toFront(w.hwnd)
		if windows.GetForegroundWindow() != w.hwnd && !w.parts.flashed {
			w.parts.flashed = true
			flash(w.hwnd)
		}
	}
}

// settled: the window has been in front once, so it need not be above all others.
func (w *Window) settled() {
	if w.raising {
		w.raising = false
		call(killTimer, w.hwnd, timerRaise)
		call(setWindowPos, w.hwnd, notTopmost, 0, 0, 0, 0, swpNoMove|swpNoSize|swpNoActivate)
	}
}

// toFront makes a window the one in front, as far as Windows lets a program in the
// background do that: with the input of the thread that is in front.
func toFront(h windows.HWND) {
	front, _ := windows.GetWindowThreadProcessId(windows.GetForegroundWindow(), nil)
	own := windows.GetCurrentThreadId()
	if front != 0 && front != own {
		if r, _, _ := attachThreadInput.Call(uintptr(own), uintptr(front), 1); r != 0 {
			defer attachThreadInput.Call(uintptr(own), uintptr(front), 0)
		}
	}
	call(setForegroundWindow, h)
	call(bringWindowToTop, h)
}

// flash lets the button of a window in the task bar flash until it is in front.
func flash(h windows.HWND) {
	const tray, untilFront = 2, 12
	info := struct {
		size           uint32
		hwnd           windows.HWND
		flags          uint32
		count, timeout uint32
	}{hwnd: h, flags: tray | untilFront, count: 3}
	info.size = uint32(unsafe.Sizeof(info))
	flashWindowEx.Call(uintptr(unsafe.Pointer(&info)))
}

// idle is how long nobody has touched keyboard or mouse.
func idle() time.Duration {
	info := struct{ size, tick uint32 }{size: 8}
	if r, _, _ := getLastInputInfo.Call(uintptr(unsafe.Pointer(&info))); r == 0 {
		return untouched
	}
	now, _, _ := getTickCount.Call()
	return time.Duration(uint32(now)-info.tick) * time.Millisecond
}

// Raise brings the first window of a process to the front once it is there, or lets
// it flash. It returns when the window is in front, or ctx or its patience has ended.
func Raise(ctx context.Context, process int) {
	runtime.LockOSThread() // whose input is joined
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeout(ctx, raiseWithin)
	defer cancel()
	var h windows.HWND
	flashed := false
	for {
		if h == 0 {
			if h = windowOf(uint32(process)); h != 0 {
				call(setWindowPos, h, topmost, 0, 0, 0, 0, swpNoMove|swpNoSize|swpNoActivate)
				defer call(setWindowPos, h, notTopmost, 0, 0, 0, 0, swpNoMove|swpNoSize|swpNoActivate)
			}
		}
		if h != 0 {
			if inFront(uint32(process)) {
				return
			}
			if idle() >= untouched {
				toFront(h)
				if !inFront(uint32(process)) && !flashed {
					flashed = true
					flash(h)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(raiseEvery):
		}
	}
}

// inFront reports whether the window in front belongs to a process.
func inFront(process uint32) bool {
	var owner uint32
	windows.GetWindowThreadProcessId(windows.GetForegroundWindow(), &owner)
	return owner == process
}

// windowOf is the first window of a process that a person sees, 0 = none.
func windowOf(process uint32) windows.HWND {
	var h uintptr
	// The list may change meanwhile; it has an end all the same.
	for range 10000 {
		if h, _, _ = findWindowEx.Call(0, h, 0, 0); h == 0 {
			return 0
		}
		var owner uint32
		windows.GetWindowThreadProcessId(windows.HWND(h), &owner)
		if owner == process && windows.IsWindowVisible(windows.HWND(h)) && call(getWindowTextLength, windows.HWND(h)) > 0 {
			return windows.HWND(h)
		}
	}
	return 0
}

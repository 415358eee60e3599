package win32

import (
	"time"

	"golang.org/x/sys/windows"
)

// key handles the keys that press and move; it reports whether it did. The others
// are left to Windows.
func (w *Window) key(m *message) bool {
	if m.message != wmKeyDown && m.message != wmKeyUp {
		return false
	}
	mine := m.hwnd == w.hwnd || call(isChild, w.hwnd, uintptr(m.hwnd)) != 0
	switch {
	case !mine:
		return false // of the dialog for files
	case m.message == wmKeyUp:
		w.hint()
		return false
	}
	held := m.lparam&(1<<30) != 0
	switch m.wparam {
	case vkEscape:
		if !held {
			w.answer(false)
		}
	case vkTab:
		shift, _, _ := getKeyState.Call(vkShift)
		w.next(int16(shift) < 0)
	case vkReturn:
		if !held {
			w.enter()
		}
	case vkSpace:
		// It presses a button when it is let go; one that was down before does not.
		focus := w.focused()
		return (held || w.asked == nil || !w.ripe()) && (focus == w.parts.yes || focus == w.parts.no)
	default:
		return false
	}
	return true
}

// enter presses the button that has the keyboard, or the yes after something was
// typed or chosen. What is pressed before the window has been looked at is dropped:
// it was meant for something else. So is what is pressed while a password is tried.
func (w *Window) enter() {
	if w.asked == nil {
		return
	}
	switch focus := w.focused(); {
	case focus == w.parts.no:
		if w.ripe() {
			w.answer(false)
		}
	case focus == w.parts.yes, focus == w.parts.secret, focus == w.parts.list:
		w.answer(true)
	}
}

func (w *Window) focused() windows.HWND {
	h, _, _ := getFocus.Call()
	return windows.HWND(h)
}

// next moves the keyboard to the next control.
func (w *Window) next(back bool) {
	var b uintptr
	if back {
		b = 1
	}
	if h := call(getNextDlgTabItem, w.hwnd, uintptr(w.focused()), b); h != 0 {
		setFocus.Call(h)
		w.restyle()
	}
}

// startFocus gives the keyboard to what is to be filled in, else to the no.
func (w *Window) startFocus() {
	w.focus = w.first()
	if windows.GetForegroundWindow() == w.hwnd {
		call(setFocus, w.focus)
	}
	w.restyle()
}

// first is the control that is to be used first.
func (w *Window) first() windows.HWND {
	switch {
	case w.panel.Secret:
		return w.parts.secret
	case len(w.panel.Rows) > 0:
		return w.parts.list
	}
	return w.parts.no
}

// activated: the window came to the front or went behind.
func (w *Window) activated(front bool) {
	if !front {
		w.front = time.Time{}
		if f := w.focused(); call(isChild, w.hwnd, uintptr(f)) != 0 {
			w.focus = f
		}
		w.refresh()
		return
	}
	if w.front.IsZero() {
		w.front = w.now()
		w.awaitRipe()
	}
	w.settled()
	call(setFocus, w.focus)
	w.refresh()
}

// refresh enables what can be used now.
func (w *Window) refresh() {
	enable := func(h windows.HWND, on bool) {
		var v uintptr
		if on {
			v = 1
		}
		if (call(isWindowEnabled, h) != 0) != on {
			call(enableWindow, h, v)
		}
	}
	ready := w.ready()
	// A disabled control has no use for the keyboard.
	switch focus := w.focused(); {
	case w.asked == nil && (focus == w.parts.yes || focus == w.parts.secret || focus == w.parts.list):
		call(setFocus, w.parts.no)
	case !ready && focus == w.parts.yes:
		call(setFocus, w.first())
	}
	enable(w.parts.yes, ready)
	enable(w.parts.secret, w.asked != nil)
	enable(w.parts.list, w.asked != nil)
	text := w.panel.Yes
	if w.asked == nil && w.panel.Busy != "" {
		text = w.panel.Busy
	}
	w.setText(w.parts.yes, text)
	w.restyle()
	w.hint()
}

// restyle draws as the default button the one that Enter presses.
func (w *Window) restyle() {
	focus := w.focused()
	pressed := windows.HWND(0)
	switch {
	case focus == w.parts.no, focus == w.parts.yes:
		pressed = focus
	case w.ready():
		pressed = w.parts.yes
	}
	for _, h := range []windows.HWND{w.parts.yes, w.parts.no} {
		style := uintptr(bsPush)
		if h == pressed {
			style = bsDefPush
		}
		call(sendMessage, h, bmSetStyle, style, 1)
	}
}

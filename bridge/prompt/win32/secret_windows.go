package win32

import (
	"runtime"
	"strings"
	"unsafe"
)

// longestSecret is more characters than a password has.
const longestSecret = 512

// takeSecret reads the password into memory of the caller and empties the control.
func (w *Window) takeSecret() []byte {
	text := w.typed()
	// Room for the longest form: nothing is moved on the way.
	secret := appendUTF8(make([]byte, 0, 3*len(text)), text)
	clear(text)
	runtime.KeepAlive(text)
	w.wipeSecret()
	return secret
}

// typed is what the control holds. The caller clears it.
func (w *Window) typed() []uint16 {
	text := make([]uint16, call(getWindowTextLength, w.parts.secret)+1)
	n := call(getWindowText, w.parts.secret, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
	return text[:min(int(n), len(text))]
}

// wipeSecret writes over what the control holds, then empties it.
func (w *Window) wipeSecret() {
	if n := call(getWindowTextLength, w.parts.secret); n > 0 {
		call(setWindowText, w.parts.secret, uintptr(unsafe.Pointer(wide(strings.Repeat("*", int(n))))))
	}
	call(setWindowText, w.parts.secret, uintptr(unsafe.Pointer(wide(""))))
	call(sendMessage, w.parts.secret, emEmptyUndo, 0, 0)
}

// hint says what is wrong with the keyboard while a password is typed.
func (w *Window) hint() {
	text := ""
	if w.panel.Secret && w.asked != nil {
		typed := w.typed()
		caps, _, _ := getKeyState.Call(vkCapital)
		switch {
		case cyrillic(typed):
			text = w.panel.Layout
		case caps&1 != 0:
			text = w.panel.Caps
		}
		clear(typed)
		runtime.KeepAlive(typed)
	}
	if w.setText(w.parts.hint, text) {
		w.arrange()
	}
}

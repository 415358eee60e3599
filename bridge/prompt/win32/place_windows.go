package win32

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// work is the part of the screen that windows may cover, of the screen the person
// works on.
func (w *Window) work() rect {
	h := w.hwnd
	if !w.parts.shown {
		if front := windows.GetForegroundWindow(); front != 0 {
			h = front
		}
	}
	monitor := call(monitorFromWindow, h, 2)
	info := monitorInfo{size: uint32(unsafe.Sizeof(monitorInfo{}))}
	if r, _, _ := getMonitorInfo.Call(monitor, uintptr(unsafe.Pointer(&info))); r == 0 {
		return rect{0, 0, 800, 600}
	}
	return info.work
}

// frame is the rectangle of the window around what is inside.
func (w *Window) frame(inside rect) rect {
	const style, exStyle = wsPopup | wsCaption | wsSysMenu | wsClipChild, wsExDlgFrame | wsExAppWin
	if adjustWindowRectForDpi.Find() == nil {
		adjustWindowRectForDpi.Call(uintptr(unsafe.Pointer(&inside)), style, 0, exStyle, uintptr(w.look.dpi))
	} else {
		adjustWindowRectEx.Call(uintptr(unsafe.Pointer(&inside)), style, 0, exStyle)
	}
	return inside
}

// resize gives the window the size for what is inside. It stays on its screen.
func (w *Window) resize(inside rect) {
	frame := w.frame(inside)
	width, height := frame.right-frame.left, frame.bottom-frame.top
	var old rect
	call(getWindowRect, w.hwnd, uintptr(unsafe.Pointer(&old)))
	if old.right-old.left == width && old.bottom-old.top == height {
		return
	}
	work := w.work()
	x := max(work.left, min(old.left, work.right-width))
	y := max(work.top, min(old.top, work.bottom-height))
	call(setWindowPos, w.hwnd, 0, uintptr(x), uintptr(y), uintptr(width), uintptr(height), swpNoZOrder|swpNoActivate)
}

// position centres the window on the screen, a little above the middle, with no
// button under the pointer: a click on its way must not land on one (security.md T9).
func (w *Window) position() {
	var r rect
	call(getWindowRect, w.hwnd, uintptr(unsafe.Pointer(&r)))
	width, height := r.right-r.left, r.bottom-r.top
	work := w.work()
	x := work.left + (work.right-work.left-width)/2
	y := work.top + (work.bottom-work.top-height)*2/5
	var pointer point
	getCursorPos.Call(uintptr(unsafe.Pointer(&pointer)))
	footer := y + height - w.look.px(64)
	if pointer.x >= x && pointer.x < x+width && pointer.y >= footer && pointer.y < y+height {
		if above := y - w.look.px(72); above >= work.top {
			y = above
		} else {
			y = min(y+w.look.px(72), work.bottom-height)
		}
	}
	call(setWindowPos, w.hwnd, 0, uintptr(max(x, work.left)), uintptr(max(y, work.top)), 0, 0, swpNoSize|swpNoZOrder|swpNoActivate)
}

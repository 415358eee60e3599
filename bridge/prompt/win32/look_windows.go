package win32

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// look is the fonts and measures for the screen the window is on.
type look struct {
	dpi         int32
	font, large uintptr
	footer      int32 // where the strip with the buttons begins
}

func (l *look) px(n int32) int32 { return n * l.dpi / 96 }

// load takes the font that Windows has for messages, and a larger one.
func (l *look) load(dpi int32) {
	l.free()
	l.dpi = dpi
	var m nonClientMetrics
	m.size = uint32(unsafe.Sizeof(m))
	const getNonClientMetrics = 0x29
	if systemParametersForDpi.Find() == nil {
		systemParametersForDpi.Call(getNonClientMetrics, uintptr(m.size), uintptr(unsafe.Pointer(&m)), 0, uintptr(dpi))
	} else {
		systemParametersInfo.Call(getNonClientMetrics, uintptr(m.size), uintptr(unsafe.Pointer(&m)), 0)
	}
	f := m.message
	l.font, _, _ = createFontIndirect.Call(uintptr(unsafe.Pointer(&f)))
	f.height, f.weight = f.height*3/2, 600
	l.large, _, _ = createFontIndirect.Call(uintptr(unsafe.Pointer(&f)))
}

func (l *look) free() {
	for _, f := range []uintptr{l.font, l.large} {
		if f != 0 {
			deleteObject.Call(f)
		}
	}
	l.font, l.large = 0, 0
}

// measure is the room a text takes in a column.
func (l *look) measure(h windows.HWND, font uintptr, text string, width int32, how uintptr) rect {
	dc := call(getDC, h)
	defer call(releaseDC, h, dc)
	old, _, _ := selectObject.Call(dc, font)
	r := rect{0, 0, width, 0}
	drawText.Call(dc, uintptr(unsafe.Pointer(wide(text))), ^uintptr(0), uintptr(unsafe.Pointer(&r)), dtCalcRect|dtNoPrefix|how)
	selectObject.Call(dc, old)
	return r
}

func (l *look) height(h windows.HWND, font uintptr, text string, width int32) int32 {
	return l.measure(h, font, text, width, dtWordBreak|dtEditCtl).bottom
}

func (l *look) width(h windows.HWND, text string) int32 {
	return l.measure(h, l.font, text, 0, 0).right
}

func sysColor(n uintptr) uintptr { r, _, _ := getSysColor.Call(n); return r }

func sysBrush(n uintptr) uintptr { r, _, _ := getSysColorBrush.Call(n); return r }

// warning is a dark red that is legible on white; only used where the person has not
// chosen colours of their own.
const warning = 0x1c1ca4

// muted is a grey that is legible on white.
const muted = 0x595959

// paint draws what is behind the controls: the strip with the buttons is grey.
func (w *Window) paint(dc uintptr) {
	var all rect
	call(getClientRect, w.hwnd, uintptr(unsafe.Pointer(&all)))
	body, foot := all, all
	if w.look.footer > 0 {
		body.bottom, foot.top = w.look.footer, w.look.footer
		fillRect.Call(dc, uintptr(unsafe.Pointer(&foot)), sysBrush(colorBtnFace))
	}
	fillRect.Call(dc, uintptr(unsafe.Pointer(&body)), sysBrush(colorWindow))
}

// colour chooses the colours of a control's text.
func (w *Window) colour(dc uintptr, h windows.HWND) uintptr {
	back := uintptr(colorWindow)
	if h == w.parts.phrase || h == w.parts.yes || h == w.parts.no {
		back = colorBtnFace
	}
	text := sysColor(colorWindowText)
	if (h == w.parts.message || h == w.parts.hint) && sysColor(colorWindow) == 0xffffff {
		text = warning
	}
	setTextColor.Call(dc, text)
	setBkColor.Call(dc, sysColor(back))
	return sysBrush(back)
}

func (w *Window) measureRow(m *measureItem) {
	if int(m.item) < len(w.row) {
		m.height = uint32(w.row[m.item])
	}
}

// drawRow draws a row of the list; one that cannot be chosen is grey.
func (w *Window) drawRow(d *drawItem) {
	if int(d.item) >= len(w.panel.Rows) {
		return
	}
	const selected, disabled, focused = 1, 4, 0x10
	row := w.panel.Rows[d.item]
	back, text := uintptr(colorWindow), uintptr(colorWindowText)
	switch {
	case d.state&selected != 0 && row.Fits:
		back, text = colorHighlight, colorHighlightText
	case !row.Fits || d.state&disabled != 0:
		text = colorGrayText
	}
	fillRect.Call(d.dc, uintptr(unsafe.Pointer(&d.rect)), sysBrush(back))
	colour := sysColor(text)
	if text == colorGrayText && sysColor(colorWindow) == 0xffffff {
		colour = muted
	}
	setTextColor.Call(d.dc, colour)
	setBkMode.Call(d.dc, 1)
	inside := d.rect
	inside.left += w.look.px(6)
	inside.right -= w.look.px(2)
	inside.top += w.look.px(4)
	drawText.Call(d.dc, uintptr(unsafe.Pointer(wide(row.Text))), ^uintptr(0), uintptr(unsafe.Pointer(&inside)), dtWordBreak|dtEditCtl|dtNoPrefix)
	if d.state&focused != 0 {
		drawFocusRect.Call(d.dc, uintptr(unsafe.Pointer(&d.rect)))
	}
}

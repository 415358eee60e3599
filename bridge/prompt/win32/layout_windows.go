package win32

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// parts are the controls, from top to bottom.
type parts struct {
	heading, sentence, detail, notes windows.HWND
	account, message, label          windows.HWND
	list, secret, hint               windows.HWND
	phrase, yes, no                  windows.HWND

	text    map[windows.HWND]string
	shown   bool
	flashed bool
}

// furnish makes the controls. Their order is that of the Tab key.
func (w *Window) furnish(instance windows.Handle) {
	child := func(class string, style, exStyle, id uintptr) windows.HWND {
		h, _, _ := createWindowEx.Call(exStyle, uintptr(unsafe.Pointer(wide(class))), 0, wsChild|style, 0, 0, 0, 0, uintptr(w.hwnd), id, uintptr(instance), 0)
		return windows.HWND(h)
	}
	static := func() windows.HWND { return child("STATIC", ssNoPrefix|ssEditCtl, 0, 0) }
	p := &w.parts
	p.text = map[windows.HWND]string{}
	p.heading, p.sentence, p.detail, p.notes = static(), static(), static(), static()
	p.account = child("EDIT", wsTabStop|wsVScroll|wsBorder|esMultiline|esReadOnly, 0, idAccount)
	p.message, p.label = static(), static()
	p.list = child("LISTBOX", wsTabStop|wsVScroll|wsBorder|lbsNotify|lbsOwnerVar|lbsStrings|lbsNoIntegr, 0, idList)
	p.secret = child("EDIT", wsTabStop|wsBorder|esPassword|esAutoHScrl, 0, idSecret)
	p.hint, p.phrase = static(), static()
	p.yes = child("BUTTON", wsTabStop|bsPush, 0, idYes)
	p.no = child("BUTTON", wsTabStop|bsDefPush, 0, idNo)
	call(sendMessage, p.secret, emSetLimitText, longestSecret, 0)
	call(sendMessage, p.secret, emSetPassChar, '•', 0)
	dpi := int32(96)
	if getDpiForWindow.Find() == nil {
		dpi = int32(call(getDpiForWindow, w.hwnd))
	}
	w.scale(dpi)
}

// scale takes the fonts for the dots per inch of the screen the window is on.
func (w *Window) scale(dpi int32) {
	w.look.load(max(dpi, 96))
	for _, h := range []windows.HWND{w.parts.sentence, w.parts.detail, w.parts.notes, w.parts.account, w.parts.message, w.parts.label, w.parts.list, w.parts.secret, w.parts.hint, w.parts.phrase, w.parts.yes, w.parts.no} {
		call(sendMessage, h, wmSetFont, w.look.font, 1)
	}
	call(sendMessage, w.parts.heading, wmSetFont, w.look.large, 1)
	if w.asked != nil {
		w.fillRows()
		w.arrange()
	}
}

// setText reports whether the text was another one.
func (w *Window) setText(h windows.HWND, text string) bool {
	if old, ok := w.parts.text[h]; ok && old == text {
		return false
	}
	w.parts.text[h] = text
	call(setWindowText, h, uintptr(unsafe.Pointer(wide(text))))
	return true
}

// fill puts the texts of the panel into the controls.
func (w *Window) fill() {
	p, q := &w.parts, &w.panel
	w.setText(p.heading, q.Heading)
	w.setText(p.sentence, q.Sentence)
	w.setText(p.detail, q.Detail)
	w.setText(p.notes, q.Notes)
	w.setText(p.account, strings.ReplaceAll(q.Account, "\n", "\r\n"))
	w.setText(p.label, q.Label)
	w.setText(p.phrase, q.Phrase)
	w.setText(p.no, q.No)
	w.wipeSecret()
	w.fillRows()
}

// fillRows puts the rows into the list; the first that fits is chosen.
func (w *Window) fillRows() {
	chosen := w.chosen()
	if chosen < 0 || chosen >= len(w.panel.Rows) {
		chosen = -1
	}
	call(sendMessage, w.parts.list, lbResetContent, 0, 0)
	w.row = w.row[:0]
	for i, r := range w.panel.Rows {
		if chosen < 0 && r.Fits {
			chosen = i
		}
		w.row = append(w.row, min(w.look.height(w.hwnd, w.look.font, r.Text, w.inner()-w.look.px(28))+w.look.px(8), 255)) // more Windows takes not
		call(sendMessage, w.parts.list, lbAddString, 0, uintptr(unsafe.Pointer(wide(r.Text))))
	}
	if chosen >= 0 {
		call(sendMessage, w.parts.list, lbSetCurSel, uintptr(chosen), 0)
	}
}

// chosen is the index of the chosen row, -1 = none.
func (w *Window) chosen() int {
	if i := int32(call(sendMessage, w.parts.list, lbGetCurSel, 0, 0)); i >= 0 && int(i) < len(w.panel.Rows) {
		return int(i)
	}
	return -1
}

// inner is the width of the column of controls.
func (w *Window) inner() int32 { return w.look.px(440) }

// arrange gives every control its place and the window its size: as high as what is
// in it, at most as the screen; then what can scroll gets less.
func (w *Window) arrange() {
	p, l := &w.parts, &w.look
	w.setText(p.message, w.panel.Message)
	line := l.height(w.hwnd, l.font, "X", w.inner())
	margin, gap, small := l.px(16), l.px(8), l.px(4)

	type place struct {
		h             windows.HWND
		height, after int32
	}
	var column []place
	text := func(h windows.HWND, font uintptr, after int32) {
		if t := p.text[h]; t != "" {
			column = append(column, place{h, l.height(w.hwnd, font, t, w.inner()), after})
		} else {
			column = append(column, place{h, 0, 0})
		}
	}
	heading := l.large
	if l.height(w.hwnd, l.large, p.text[p.heading], w.inner()) > 3*l.height(w.hwnd, l.large, "X", w.inner()) {
		heading = l.font // a name that long is to be read to its end
	}
	call(sendMessage, p.heading, wmSetFont, heading, 1)
	text(p.heading, heading, small)
	text(p.sentence, l.font, small)
	text(p.detail, l.font, gap)
	text(p.notes, l.font, gap)
	account := len(column)
	column = append(column, place{h: p.account})
	if t := p.text[p.account]; t != "" {
		height := 7 * line
		if len(t) < 2000 { // a longer text is higher than its field, and slow to measure
			height = min(l.height(w.hwnd, l.font, t, w.inner()-l.px(28)), height)
		}
		column[account] = place{p.account, height + l.px(10), gap}
	}
	text(p.message, l.font, gap)
	text(p.label, l.font, small)
	list := len(column)
	column = append(column, place{h: p.list})
	if len(w.panel.Rows) > 0 {
		var height int32
		for _, h := range w.row {
			height += h
		}
		column[list] = place{p.list, min(height, 12*line) + l.px(4), gap}
	}
	if w.panel.Secret {
		column = append(column, place{p.secret, line + l.px(10), small})
	} else {
		column = append(column, place{h: p.secret})
	}
	text(p.hint, l.font, gap)

	buttons := line + l.px(14)
	noWidth := max(l.width(w.hwnd, p.text[p.no])+l.px(32), l.px(96))
	yesWidth := max(l.width(w.hwnd, w.panel.Yes), l.width(w.hwnd, w.panel.Busy)) + l.px(32)
	yesWidth = max(yesWidth, l.px(96))
	if w.panel.Yes == "" {
		yesWidth = -gap
	}
	beside := w.inner() - noWidth - yesWidth - 2*gap // room for the phrase
	var phrase, phraseAbove int32
	if t := p.text[p.phrase]; t != "" {
		phrase = l.height(w.hwnd, l.font, t, max(beside, 1))
		if beside < l.px(100) || phrase > buttons {
			phrase = l.height(w.hwnd, l.font, t, w.inner())
			phraseAbove = phrase + gap
			beside = w.inner()
		}
	}
	footer := 2*l.px(12) + buttons + phraseAbove
	work := w.work()
	frame := w.frame(rect{0, 0, w.inner() + 2*margin, 100})
	most := work.bottom - work.top - (frame.bottom - frame.top - 100)
	total := func() int32 {
		y := margin
		for _, c := range column {
			y += c.height + c.after
		}
		return y + small + footer
	}
	for _, i := range []int{account, list} {
		if over := total() - most; over > 0 && column[i].height > 0 {
			column[i].height = max(column[i].height-over, min(column[i].height, 3*line))
		}
	}
	y := margin
	for _, c := range column {
		w.put(c.h, margin, y, w.inner(), c.height)
		y += c.height + c.after
	}
	l.footer = y + small
	y = l.footer + l.px(12)
	if phraseAbove > 0 {
		w.put(p.phrase, margin, y, beside, phrase)
		y += phraseAbove
	} else {
		w.put(p.phrase, margin, y+(buttons-phrase)/2, beside, phrase)
	}
	right := margin + w.inner()
	w.put(p.no, right-noWidth, y, noWidth, buttons)
	if w.panel.Yes == "" {
		yesWidth = 0
	}
	w.put(p.yes, right-noWidth-gap-yesWidth, y, yesWidth, buttons)
	w.resize(rect{0, 0, w.inner() + 2*margin, y + buttons + l.px(12)})
	const invalidate, erase, allChildren, frames = 1, 4, 0x80, 0x400
	redrawWindow.Call(uintptr(w.hwnd), 0, 0, invalidate|erase|allChildren|frames)
}

// put gives a control its place; one without height is hidden.
func (w *Window) put(h windows.HWND, x, y, width, height int32) {
	if height <= 0 || width <= 0 {
		call(showWindow, h, 0)
		return
	}
	call(setWindowPos, h, 0, uintptr(x), uintptr(y), uintptr(width), uintptr(height), swpNoZOrder|swpNoActivate|swpFrameChanged)
	call(showWindow, h, 8) // without activation
}

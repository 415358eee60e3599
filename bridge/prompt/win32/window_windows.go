package win32

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Window is a window on a thread of its own.
type Window struct {
	hwnd  windows.HWND
	gone  chan struct{} // closed when its thread has ended
	mu    sync.Mutex
	tasks []func() // run by the thread, in order

	// What follows belongs to the thread.
	now     func() time.Time
	title   string
	look    look
	parts   parts
	panel   Panel
	row     []int32       // heights of rows
	asked   chan<- Answer // nil: nothing is asked now
	no      bool          // pressed between two panels
	front   time.Time     // since when the window is in front, zero = it is not
	focus   windows.HWND  // what had the keyboard when the window went behind
	raising bool
}

// open finds the window of a handle; a callback of Windows has nothing else.
var open sync.Map

var class struct {
	sync.Once
	name *uint16
	err  error
}

// Open makes a window that is not shown before the first panel.
func Open(title string) (*Window, error) {
	if !visibleStation() {
		return nil, ErrNoDesktop
	}
	w := &Window{gone: make(chan struct{}), now: time.Now, title: title}
	made := make(chan error, 1)
	go w.run(made)
	return w, <-made
}

// visibleStation: services and programs of other sessions have a window station
// nobody sees.
func visibleStation() bool {
	var flags struct{ inherit, reserved, flags uint32 }
	station, _, _ := getProcessWindowStation.Call()
	ok, _, _ := getUserObjectInfo.Call(station, 1, uintptr(unsafe.Pointer(&flags)), unsafe.Sizeof(flags), 0)
	return station != 0 && (ok == 0 || flags.flags&1 != 0)
}

// run is the thread: it ends with the window.
func (w *Window) run(made chan<- error) {
	// Never unlocked: a thread whose scaling was changed is not given back.
	runtime.LockOSThread()
	defer close(w.gone)
	if setThreadDpiAwareness.Find() == nil {
		setThreadDpiAwareness.Call(^uintptr(3)) // per monitor, version 2
	}
	err := w.create()
	made <- err
	if err != nil {
		return
	}
	defer open.Delete(w.hwnd)
	var m message
	for {
		r, _, _ := getMessage.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0)
		if int32(r) <= 0 {
			return
		}
		if w.key(&m) || call(isDialogMessage, w.hwnd, uintptr(unsafe.Pointer(&m))) != 0 {
			continue
		}
		translateMessage.Call(uintptr(unsafe.Pointer(&m)))
		dispatchMessage.Call(uintptr(unsafe.Pointer(&m)))
	}
}

func (w *Window) create() error {
	var instance windows.Handle
	if err := windows.GetModuleHandleEx(0, nil, &instance); err != nil {
		return fmt.Errorf("win32: %w", err)
	}
	class.Do(func() {
		initCommonControlsEx.Call(uintptr(unsafe.Pointer(&struct{ size, classes uint32 }{8, 0x4000}))) // the standard ones
		cursor, _, _ := loadCursor.Call(0, 32512)
		icon, _, _ := loadIcon.Call(uintptr(instance), uintptr(unsafe.Pointer(wide("APP"))))
		class.name = wide("TanbaQuestion")
		c := windowClass{proc: windows.NewCallback(procedure), instance: instance, cursor: cursor, icon: icon, name: class.name}
		c.size = uint32(unsafe.Sizeof(c))
		if r, _, err := registerClassEx.Call(uintptr(unsafe.Pointer(&c))); r == 0 {
			class.err = err
		}
	})
	if class.err != nil {
		return fmt.Errorf("win32: %w", class.err)
	}
	h, _, err := createWindowEx.Call(wsExDlgFrame|wsExAppWin, uintptr(unsafe.Pointer(class.name)), uintptr(unsafe.Pointer(wide(w.title))),
		wsPopup|wsCaption|wsSysMenu|wsClipChild, 0, 0, 10, 10, 0, 0, uintptr(instance), 0)
	if h == 0 {
		return fmt.Errorf("win32: %w", err)
	}
	w.hwnd = windows.HWND(h)
	open.Store(w.hwnd, w)
	w.furnish(instance)
	return nil
}

// do runs f on the thread. It reports false when the window is gone.
func (w *Window) do(f func()) bool {
	select {
	case <-w.gone:
		return false
	default:
	}
	w.mu.Lock()
	w.tasks = append(w.tasks, f)
	w.mu.Unlock()
	return call(postMessage, w.hwnd, wmApp, 0, 0) != 0
}

// Show asks one thing and waits for the answer, for the end of ctx, or for the end of
// the window; the last is a no.
func (w *Window) Show(ctx context.Context, p Panel) (Answer, error) {
	asked := make(chan Answer, 1)
	w.do(func() { w.ask(p, asked) })
	select {
	case a := <-asked:
		return a, nil
	case <-w.gone:
		return Answer{}, nil
	case <-ctx.Done():
		w.do(func() {
			if w.asked != nil && w.asked == (chan<- Answer)(asked) {
				w.asked = nil
				w.wipeSecret()
				w.hide()
			}
		})
		select {
		case a := <-asked:
			clear(a.Secret)
		default:
		}
		return Answer{}, ctx.Err()
	}
}

// Tell shows a message in the window as it is, while nothing is asked.
func (w *Window) Tell(text string) {
	w.do(func() {
		if w.asked == nil && !w.no {
			w.panel.Message = text
			w.arrange()
		}
	})
}

// Close ends the window and waits until it is gone.
func (w *Window) Close() {
	w.do(func() { call(destroyWindow, w.hwnd) })
	<-w.gone
}

// ask puts a panel into the window.
func (w *Window) ask(p Panel, asked chan<- Answer) {
	if w.no {
		asked <- Answer{}
		return
	}
	w.panel, w.asked = p, asked
	w.front = time.Time{} // before anything is drawn as if it counted
	w.fill()
	w.arrange()
	w.startFocus()
	w.restart()
	w.present()
	w.refresh()
}

// restart lets the time until a yes counts begin anew.
func (w *Window) restart() {
	w.front = time.Time{}
	if windows.GetForegroundWindow() == w.hwnd {
		w.front = w.now()
		w.awaitRipe()
	}
}

// awaitRipe sets the timer that enables the yes.
func (w *Window) awaitRipe() {
	call(setTimer, w.hwnd, timerRipe, uintptr(w.panel.Minimum/time.Millisecond)+10, 0)
}

const timerRipe, timerRaise, timerCaps = 1, 2, 3

// ripe: the window has been in front long enough.
func (w *Window) ripe() bool {
	return w.panel.Minimum == 0 || !w.front.IsZero() && windows.GetForegroundWindow() == w.hwnd && w.now().Sub(w.front) >= w.panel.Minimum
}

// ready: a yes counts now.
func (w *Window) ready() bool {
	switch {
	case w.asked == nil || w.panel.Yes == "" || !w.ripe():
		return false
	case w.panel.Secret:
		return call(getWindowTextLength, w.parts.secret) > 0
	case len(w.panel.Rows) > 0:
		row := w.chosen()
		return row >= 0 && w.panel.Rows[row].Fits
	}
	return true
}

// answer ends a question. The window stays, disabled, for the next one.
func (w *Window) answer(yes bool) {
	if yes && !w.ready() {
		return
	}
	asked := w.asked
	if asked == nil {
		if !yes {
			w.no = true
			w.hide()
		}
		return
	}
	w.asked = nil
	a := Answer{Yes: yes}
	if yes {
		a.Row = w.chosen()
		if w.panel.Secret {
			a.Secret = w.takeSecret()
		}
	} else {
		w.no = true
		w.wipeSecret()
		w.hide()
	}
	w.refresh()
	asked <- a
}

// procedure is called by Windows for each message of a window of ours.
func procedure(h windows.HWND, msg uint32, wparam, lparam uintptr) uintptr {
	if found, ok := open.Load(h); ok {
		if r, done := found.(*Window).handle(msg, wparam, lparam); done {
			return r
		}
	}
	return call(defWindowProc, h, uintptr(msg), wparam, lparam)
}

func (w *Window) handle(msg uint32, wparam, lparam uintptr) (result uintptr, done bool) {
	switch msg {
	case wmApp:
		w.mu.Lock()
		tasks := w.tasks
		w.tasks = nil
		w.mu.Unlock()
		for _, f := range tasks {
			f()
		}
	case wmCommand:
		w.command(low(wparam), high(wparam))
	case wmClose:
		w.answer(false)
	case wmDestroy:
		w.look.free()
		postQuitMessage.Call(0)
	case wmActivate:
		w.activated(low(wparam) != 0)
	case wmSetFocus:
		call(setFocus, w.focus) // the window itself has no use for the keyboard
		w.restyle()
	case wmTimer:
		w.tick(wparam)
	case wmNextDlgCtl:
		w.next(wparam != 0)
	case wmInputLangChg:
		w.hint()
		return 0, false
	case wmDpiChanged:
		w.scale(int32(low(wparam)))
	case wmEraseBkgnd:
		w.paint(wparam)
		return 1, true
	case wmCtlColorStat, wmCtlColorBtn:
		return w.colour(wparam, windows.HWND(lparam)), true
	case wmMeasureItem:
		w.measureRow(at[measureItem](lparam))
		return 1, true
	case wmDrawItem:
		w.drawRow(at[drawItem](lparam))
		return 1, true
	default:
		return 0, false
	}
	return 0, true
}

func (w *Window) command(id, what uintptr) {
	switch {
	case id == idYes && what == bnClicked:
		w.answer(true)
	case id == idNo && what == bnClicked:
		w.answer(false)
	case id == idList && what == lbnDblClk:
		w.answer(true)
	case id == idList && what == lbnSelChange, id == idSecret && what == enChange:
		w.refresh()
	}
}

func (w *Window) tick(timer uintptr) {
	switch timer {
	case timerRipe:
		if w.ripe() {
			call(killTimer, w.hwnd, timerRipe)
		}
		w.refresh()
	case timerRaise:
		w.raise()
	case timerCaps:
		w.hint()
	}
}

package hidden

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32           = windows.NewLazySystemDLL("user32.dll")
	registerClassEx  = user32.NewProc("RegisterClassExW")
	createWindowEx   = user32.NewProc("CreateWindowExW")
	destroyWindow    = user32.NewProc("DestroyWindow")
	defWindowProc    = user32.NewProc("DefWindowProcW")
	getMessage       = user32.NewProc("GetMessageW")
	dispatchMessage  = user32.NewProc("DispatchMessageW")
	postMessage      = user32.NewProc("PostMessageW")
	postQuitMessage  = user32.NewProc("PostQuitMessage")
	getModuleHandle  = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetModuleHandleW")
	receiversOfAll   sync.Map // windows.HWND → Receiver
	procedureOfAll   = sync.OnceValue(func() uintptr { return windows.NewCallback(procedure) })
	registeredBefore = windows.ERROR_CLASS_ALREADY_EXISTS
)

const (
	messageDestroy = 0x0002
	messageClose   = 0x0010
	styleNoTaskbar = 0x00000080 // WS_EX_TOOLWINDOW
)

// Receiver is told of a message. One that it did not handle is left to Windows.
type Receiver func(message uint32, w, l uintptr) (result uintptr, handled bool)

// Window is a hidden window.
type Window struct {
	Handle windows.HWND
	ended  chan struct{}
}

// Open makes a window of a class, whose name is this program's own choice. receive
// is called on the window's thread.
func Open(class string, receive Receiver) (*Window, error) {
	w := &Window{ended: make(chan struct{})}
	made := make(chan error)
	go func() {
		defer close(w.ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := w.make(class)
		if err == nil {
			receiversOfAll.Store(w.Handle, receive)
			defer receiversOfAll.Delete(w.Handle)
		}
		made <- err
		if err == nil {
			pump()
		}
	}()
	if err := <-made; err != nil {
		return nil, fmt.Errorf("hidden: %w", err)
	}
	return w, nil
}

// Ended is closed when the window is gone, whoever closed it.
func (w *Window) Ended() <-chan struct{} { return w.ended }

// Close closes the window and waits until nothing is received any more; not to be
// called by a Receiver.
func (w *Window) Close() {
	select {
	case <-w.ended: // the number may be another window's by now
		return
	default:
	}
	w.Post(messageClose, 0, 0)
	<-w.ended
}

// Post puts a message into the window's queue and does not wait for it.
func (w *Window) Post(message uint32, wParam, lParam uintptr) {
	postMessage.Call(uintptr(w.Handle), uintptr(message), wParam, lParam)
}

// classDescription is WNDCLASSEXW.
type classDescription struct {
	size, style                        uint32
	procedure                          uintptr
	classExtra, windowExtra            int32
	instance, icon, cursor, background windows.Handle
	menu, name                         *uint16
	smallIcon                          windows.Handle
}

func (w *Window) make(class string) error {
	name, err := windows.UTF16PtrFromString(class)
	if err != nil {
		return err
	}
	instance, _, _ := getModuleHandle.Call(0)
	c := classDescription{procedure: procedureOfAll(), instance: windows.Handle(instance), name: name}
	c.size = uint32(unsafe.Sizeof(c))
	if atom, _, err := registerClassEx.Call(uintptr(unsafe.Pointer(&c))); atom == 0 && err != registeredBefore {
		return fmt.Errorf("RegisterClassEx: %w", err)
	}
	handle, _, err := createWindowEx.Call(styleNoTaskbar, uintptr(unsafe.Pointer(name)), 0, 0, 0, 0, 0, 0, 0, 0, instance, 0)
	if handle == 0 {
		return fmt.Errorf("CreateWindowEx: %w", err)
	}
	w.Handle = windows.HWND(handle)
	return nil
}

// queued is MSG.
type queued struct {
	window         windows.HWND
	message        uint32
	wParam, lParam uintptr
	time           uint32
	x, y           int32
	_              uint32
}

// pump hands the thread's messages out until its window is destroyed.
func pump() {
	for {
		var m queued
		if r, _, _ := getMessage.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0); int32(r) <= 0 {
			return
		}
		dispatchMessage.Call(uintptr(unsafe.Pointer(&m)))
	}
}

func procedure(window windows.HWND, message uint32, w, l uintptr) uintptr {
	switch message {
	case messageClose:
		destroyWindow.Call(uintptr(window))
		return 0
	case messageDestroy:
		postQuitMessage.Call(0)
		return 0
	}
	if receive, ok := receiversOfAll.Load(window); ok {
		if result, handled := receive.(Receiver)(message, w, l); handled {
			return result
		}
	}
	result, _, _ := defWindowProc.Call(uintptr(window), uintptr(message), w, l)
	return result
}

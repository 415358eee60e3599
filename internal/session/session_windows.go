package session

import (
	"context"
	"fmt"

	"golang.org/x/sys/windows"

	"tanba/internal/hidden"
)

var (
	wtsapi32            = windows.NewLazySystemDLL("wtsapi32.dll")
	registerSession     = wtsapi32.NewProc("WTSRegisterSessionNotification")
	unregisterSession   = wtsapi32.NewProc("WTSUnRegisterSessionNotification")
	user32              = windows.NewLazySystemDLL("user32.dll")
	registerSuspend     = user32.NewProc("RegisterSuspendResumeNotification")
	unregisterSuspend   = user32.NewProc("UnregisterSuspendResumeNotification")
	windowClass         = "TanbaSession"
	notifyOfThisSession = uintptr(0)
	notifyTheWindow     = uintptr(0)
)

// What Windows says (WinUser.h, WtsApi32.h).
const (
	messageQueryEndSession = 0x0011
	messagePower           = 0x0218
	messageSessionChange   = 0x02B1

	powerSuspend = 4 // PBT_APMSUSPEND

	consoleDisconnect = 2 // WTS_CONSOLE_DISCONNECT: another session is at the screen
	remoteDisconnect  = 4
	sessionLogoff     = 6
	sessionLock       = 7
)

// watch has a hidden window told. Its messages may come from any program of the
// person; a false one costs a password typed once more.
func watch(ctx context.Context) (<-chan Event, error) {
	events := make(chan Event, 16)
	window, err := hidden.Open(windowClass, func(message uint32, w, _ uintptr) (uintptr, bool) {
		if e := event(message, w); e != "" {
			select {
			case events <- e:
			default: // as many wait to be read: one more says nothing new
			}
		}
		return 1, message == messageQueryEndSession || message == messagePower // yes to both
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if err := registerSession.Find(); err != nil {
		window.Close()
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if ok, _, err := registerSession.Call(uintptr(window.Handle), notifyOfThisSession); ok == 0 {
		window.Close()
		return nil, fmt.Errorf("%w: WTSRegisterSessionNotification: %w", ErrUnsupported, err)
	}
	// Where a machine sleeps with its screen only (Modern Standby), it is told
	// to those alone who asked. Windows 7 does not know it, nor that sleep.
	var suspend uintptr
	if registerSuspend.Find() == nil {
		suspend, _, _ = registerSuspend.Call(uintptr(window.Handle), notifyTheWindow)
	}
	go func() {
		defer close(events)
		select {
		case <-ctx.Done():
		case <-window.Ended():
		}
		if suspend != 0 {
			unregisterSuspend.Call(suspend)
		}
		unregisterSession.Call(uintptr(window.Handle))
		window.Close()
	}()
	return events, nil
}

// event is what a message means, "" = nothing.
func event(message uint32, w uintptr) Event {
	switch {
	case message == messageSessionChange && w == sessionLock:
		return Locked
	case message == messageSessionChange && (w == consoleDisconnect || w == remoteDisconnect || w == sessionLogoff),
		message == messageQueryEndSession:
		return Switched
	case message == messagePower && w == powerSuspend:
		return Sleep
	}
	return ""
}

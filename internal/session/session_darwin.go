package session

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The person's session is looked at every two seconds: macOS tells of locking only
// those who run the loop of a program's first thread, which is Go's own. That is
// one call of a library, and only while passwords may be kept.
const look = 2 * time.Second

const (
	graphics = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"
	core     = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"

	utf8     = 0x08000100 // kCFStringEncodingUTF8
	signed64 = 4          // kCFNumberSInt64Type
)

// The functions of both; a reference is a uintptr.
var (
	currentSession func() uintptr
	makeString     func(allocator uintptr, text string, encoding uint32) uintptr
	valueOf        func(dictionary, key uintptr) uintptr
	typeOf         func(reference uintptr) uint
	typeOfBoolean  func() uint
	typeOfNumber   func() uint
	isTrue         func(boolean uintptr) bool
	numberOf       func(number uintptr, kind int, value unsafe.Pointer) bool
	release        func(reference uintptr)

	keyLocked, keyFront uintptr
)

var load = sync.OnceValue(func() error {
	cg, err := purego.Dlopen(graphics, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return err
	}
	cf, err := purego.Dlopen(core, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return err
	}
	purego.RegisterLibFunc(&currentSession, cg, "CGSessionCopyCurrentDictionary")
	purego.RegisterLibFunc(&makeString, cf, "CFStringCreateWithCString")
	purego.RegisterLibFunc(&valueOf, cf, "CFDictionaryGetValue")
	purego.RegisterLibFunc(&typeOf, cf, "CFGetTypeID")
	purego.RegisterLibFunc(&typeOfBoolean, cf, "CFBooleanGetTypeID")
	purego.RegisterLibFunc(&typeOfNumber, cf, "CFNumberGetTypeID")
	purego.RegisterLibFunc(&isTrue, cf, "CFBooleanGetValue")
	purego.RegisterLibFunc(&numberOf, cf, "CFNumberGetValue")
	purego.RegisterLibFunc(&release, cf, "CFRelease")
	keyLocked = makeString(0, "CGSSessionScreenIsLocked", utf8) // there while it is locked
	keyFront = makeString(0, "kCGSSessionOnConsoleKey", utf8)
	return nil
})

var began = time.Now()

// consoleNow: ok is false for a program that belongs to no session with a screen,
// and where the session does not say whether it is in front.
func consoleNow() (c console, ok bool) {
	session := currentSession()
	if session == 0 {
		return c, false
	}
	defer release(session)
	c.locked, _ = truth(valueOf(session, keyLocked))
	c.front, ok = truth(valueOf(session, keyFront))
	// Go's monotonic clock stands still while the machine sleeps.
	c.wall, c.running = time.Now().Round(0), time.Since(began)
	return c, ok
}

func truth(value uintptr) (is, known bool) {
	switch {
	case value == 0:
		return false, false
	case typeOf(value) == typeOfBoolean():
		return isTrue(value), true
	case typeOf(value) == typeOfNumber():
		var n int64
		known = numberOf(value, signed64, unsafe.Pointer(&n))
		return n != 0, known
	}
	return false, false
}

func watch(ctx context.Context) (<-chan Event, error) {
	if err := load(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	now, ok := consoleNow()
	if !ok {
		return nil, fmt.Errorf("%w: no session with a screen", ErrUnsupported)
	}
	events := make(chan Event, 16)
	go func() {
		defer close(events)
		tick := time.NewTicker(look)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			before := now
			if now, ok = consoleNow(); !ok {
				return // the session is gone, and so is who answers
			}
			if e := between(before, now); e != "" {
				select {
				case events <- e:
				default: // as many wait to be read: one more says nothing new
				}
			}
		}
	}()
	return events, nil
}

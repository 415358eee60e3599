package pcsc

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	library      = windows.NewLazySystemDLL("winscard.dll")
	scardEnter   = library.NewProc("SCardEstablishContext")
	scardRelease = library.NewProc("SCardReleaseContext")
	scardList    = library.NewProc("SCardListReadersW")
	scardChange  = library.NewProc("SCardGetStatusChangeW")
	scardCancel  = library.NewProc("SCardCancel")
)

type windowsContext uintptr

// windowsState is SCARD_READERSTATEW.
type windowsState struct {
	name    *uint16
	user    uintptr
	current uint32
	event   uint32
	length  uint32
	atr     [36]byte
}

func establish() (winscardSystem, error) {
	if err := scardEnter.Find(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoService, err)
	}
	const scopeSystem = 2
	var c windowsContext
	if code, _, _ := scardEnter.Call(scopeSystem, 0, 0, uintptr(unsafe.Pointer(&c))); uint32(code) != 0 {
		return nil, fmt.Errorf("pcsc: context: %w", winscardError(code))
	}
	return c, nil
}

func (c windowsContext) release() { scardRelease.Call(uintptr(c)) }
func (c windowsContext) cancel()  { scardCancel.Call(uintptr(c)) }

func (c windowsContext) list() ([]string, error) {
	for {
		var n uint32
		code, _, _ := scardList.Call(uintptr(c), 0, 0, uintptr(unsafe.Pointer(&n)))
		var names []uint16
		if uint32(code) == 0 && n > 0 {
			names = make([]uint16, n)
			code, _, _ = scardList.Call(uintptr(c), 0, uintptr(unsafe.Pointer(&names[0])), uintptr(unsafe.Pointer(&n)))
		}
		switch err := winscardError(code); err {
		case 0:
			return splitNames(names[:min(int(n), len(names))], windows.UTF16ToString), nil
		case winscardNoReaders:
			return nil, nil
		case winscardBuffer: // a reader came between the two calls
		default:
			return nil, err
		}
	}
}

func (c windowsContext) change(milliseconds uint32, states []winscardState) error {
	native := make([]windowsState, len(states))
	for i, s := range states {
		name, err := windows.UTF16PtrFromString(s.name)
		if err != nil {
			return fmt.Errorf("%w: name of a reader: %w", ErrProtocol, err)
		}
		native[i].name, native[i].current = name, s.current
	}
	code, _, _ := scardChange.Call(uintptr(c), uintptr(milliseconds), uintptr(unsafe.Pointer(&native[0])), uintptr(len(native)))
	if uint32(code) != 0 {
		return winscardError(code)
	}
	for i := range states {
		n := &native[i]
		states[i].event = n.event
		states[i].atr = n.atr[:min(int(n.length), len(n.atr))]
	}
	return nil
}

package pcsc

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

const framework = "/System/Library/Frameworks/PCSC.framework/PCSC"

// The functions of the framework. Its numbers have 32 bits, other than those of
// pcsc-lite.
var (
	scardEnter   func(scope uint32, _, _ uintptr, context *int32) uint32
	scardRelease func(context int32) uint32
	scardList    func(context int32, groups uintptr, names *byte, size *uint32) uint32
	scardChange  func(context int32, milliseconds uint32, states *byte, count uint32) uint32
	scardCancel  func(context int32) uint32
)

var load = sync.OnceValue(func() error {
	library, err := purego.Dlopen(framework, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoService, err)
	}
	purego.RegisterLibFunc(&scardEnter, library, "SCardEstablishContext")
	purego.RegisterLibFunc(&scardRelease, library, "SCardReleaseContext")
	purego.RegisterLibFunc(&scardList, library, "SCardListReaders")
	purego.RegisterLibFunc(&scardChange, library, "SCardGetStatusChange")
	purego.RegisterLibFunc(&scardCancel, library, "SCardCancel")
	return nil
})

type darwinContext int32

func establish() (winscardSystem, error) {
	if err := load(); err != nil {
		return nil, err
	}
	const scopeSystem = 2
	var c int32
	if code := scardEnter(scopeSystem, 0, 0, &c); code != 0 {
		return nil, fmt.Errorf("pcsc: context: %w", winscardError(code))
	}
	return darwinContext(c), nil
}

func (c darwinContext) release() { scardRelease(int32(c)) }
func (c darwinContext) cancel()  { scardCancel(int32(c)) }

func (c darwinContext) list() ([]string, error) {
	for {
		var n uint32
		code := scardList(int32(c), 0, nil, &n)
		var names []byte
		if code == 0 && n > 0 {
			names = make([]byte, n)
			code = scardList(int32(c), 0, &names[0], &n)
		}
		switch err := winscardError(code); err {
		case 0:
			return splitNames(names[:min(int(n), len(names))], func(b []byte) string { return string(b) }), nil
		case winscardNoReaders:
			return nil, nil
		case winscardBuffer: // a reader came between the two calls
		default:
			return nil, err
		}
	}
}

// SCARD_READERSTATE is packed there, so that Go has no struct for it.
const (
	currentAt  = 16 // after two pointers
	eventAt    = currentAt + 4
	lengthAt   = eventAt + 4
	atrAt      = lengthAt + 4
	atrSize    = 33
	darwinSize = atrAt + atrSize
)

func (c darwinContext) change(milliseconds uint32, states []winscardState) error {
	host := binary.NativeEndian
	native := make([]byte, darwinSize*len(states))
	var pin runtime.Pinner
	defer pin.Unpin()
	for i, s := range states {
		name := append([]byte(s.name), 0)
		pin.Pin(&name[0])
		host.PutUint64(native[i*darwinSize:], uint64(uintptr(unsafe.Pointer(&name[0]))))
		host.PutUint32(native[i*darwinSize+currentAt:], s.current)
	}
	if code := scardChange(int32(c), milliseconds, &native[0], uint32(len(states))); code != 0 {
		return winscardError(code)
	}
	for i := range states {
		n := native[i*darwinSize:][:darwinSize]
		states[i].event = host.Uint32(n[eventAt:])
		states[i].atr = n[atrAt:][:min(host.Uint32(n[lengthAt:]), atrSize)]
	}
	return nil
}

//go:build !cgo && (linux || darwin)

package main

import (
	"encoding/binary"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"

	"tanba/keystore/pkcs11/wire"
)

// pureLibrary is the same as cgoLibrary for builds without a C compiler. Its
// numbers have 8 octets: both systems exist with 64 bits only here.
type pureLibrary struct {
	path      string
	functions *functionList
}

// functionList is the table of PKCS#11 2.x: a version and 68 functions in a
// fixed order.
type functionList struct {
	_    version
	call [68]uintptr
}

// Places in the table.
const (
	fnInitialize      = 0
	fnFinalize        = 1
	fnInfo            = 2
	fnSlotList        = 4
	fnSlotInfo        = 5
	fnTokenInfo       = 6
	fnMechanismList   = 7
	fnOpenSession     = 12
	fnCloseSession    = 13
	fnLogin           = 18
	fnLogout          = 19
	fnCreateObject    = 20
	fnDestroyObject   = 22
	fnGetAttribute    = 24
	fnFindInit        = 26
	fnFind            = 27
	fnFindFinal       = 28
	fnSignInit        = 42
	fnSign            = 43
	fnGenerateKeyPair = 59
)

type version struct{ major, minor byte }

type infoStruct struct {
	cryptoki     version
	manufacturer [32]byte
	flags        uint64
	description  [32]byte
	library      version
}

type slotInfoStruct struct {
	description  [64]byte
	manufacturer [32]byte
	flags        uint64
	hardware     version
	firmware     version
}

type tokenInfoStruct struct {
	label, manufacturer                 [32]byte
	model, serial                       [16]byte
	flags                               uint64
	maxSessions, sessions               uint64
	maxWritable, writable               uint64
	maxPIN, minPIN                      uint64
	publicAll, publicFree, all, allFree uint64
	hardware, firmware                  version
	time                                [16]byte
}

type mechanismStruct struct {
	kind      uint64
	parameter unsafe.Pointer
	length    uint64
}

type attributeStruct struct {
	kind   uint64
	value  unsafe.Pointer
	length uint64
}

type initializeStruct struct {
	mutexes  [4]unsafe.Pointer
	flags    uint64
	reserved unsafe.Pointer
}

const (
	osLockingOK   = 2
	serialSession = 4
	writeSession  = 2

	ckrAttributeSensitive = 0x11
	unavailable           = ^uint64(0)
	mostValue             = 512 << 10
)

func newLibrary(path string) library { return &pureLibrary{path: path} }

// do calls one function; what the arguments point to is kept in its place.
//
//go:uintptrescapes
func (l *pureLibrary) do(function int, args ...uintptr) uint64 {
	if l.functions.call[function] == 0 {
		return 0x54 // CKR_FUNCTION_NOT_SUPPORTED
	}
	code, _, _ := purego.SyscallN(l.functions.call[function], args...)
	return uint64(code)
}

func (l *pureLibrary) start() (libraryInfo, uint64, string) {
	if l.functions == nil {
		handle, err := purego.Dlopen(l.path, purego.RTLD_LAZY|purego.RTLD_LOCAL)
		if err != nil {
			return libraryInfo{}, wire.CodeLoad, err.Error()
		}
		get, err := purego.Dlsym(handle, "C_GetFunctionList")
		if err != nil {
			return libraryInfo{}, wire.CodeLoad, "no C_GetFunctionList in it"
		}
		if code, _, _ := purego.SyscallN(get, uintptr(unsafe.Pointer(&l.functions))); code != ckrOK || l.functions == nil {
			return libraryInfo{}, wire.CodeLoad, "C_GetFunctionList failed"
		}
	}
	args := initializeStruct{flags: osLockingOK}
	code := l.do(fnInitialize, uintptr(unsafe.Pointer(&args)))
	if code == ckrCantLock {
		code = l.do(fnInitialize, 0) // every call is made from one thread anyway
	}
	if code != ckrOK && code != ckrAlreadyInitialized {
		return libraryInfo{}, code, "C_Initialize"
	}
	var info infoStruct
	if code := l.do(fnInfo, uintptr(unsafe.Pointer(&info))); code != ckrOK {
		return libraryInfo{}, code, "C_GetInfo"
	}
	return libraryInfo{
		manufacturer: padded(info.manufacturer[:]), description: padded(info.description[:]),
		major: info.library.major, minor: info.library.minor, cryptokiMajor: info.cryptoki.major, cryptokiMin: info.cryptoki.minor,
	}, ckrOK, ""
}

func (l *pureLibrary) finish() { l.do(fnFinalize, 0) }

func (l *pureLibrary) slots(withToken bool) ([]uint64, uint64) {
	var present uintptr
	if withToken {
		present = 1
	}
	return l.list(func(list *uint64, n *uint64) uint64 {
		return l.do(fnSlotList, present, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(n)))
	})
}

func (l *pureLibrary) mechanisms(slot uint64) ([]uint64, uint64) {
	return l.list(func(list *uint64, n *uint64) uint64 {
		return l.do(fnMechanismList, uintptr(slot), uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(n)))
	})
}

// list asks for the number and then for the list, which may have grown.
func (l *pureLibrary) list(ask func(list *uint64, n *uint64) uint64) ([]uint64, uint64) {
	const most = 4096
	for range 3 {
		n := new(uint64)
		if code := ask(nil, n); code != ckrOK || *n == 0 {
			return nil, code
		}
		if *n > most {
			return nil, ckrGeneralError
		}
		list := make([]uint64, *n)
		code := ask(&list[0], n)
		if code == ckrBufferTooSmall {
			continue
		}
		if code != ckrOK || *n > uint64(len(list)) {
			return nil, max(code, ckrOK)
		}
		return list[:*n], ckrOK
	}
	return nil, ckrBufferTooSmall
}

func (l *pureLibrary) slotInfo(slot uint64) (slotInfo, uint64) {
	var info slotInfoStruct
	code := l.do(fnSlotInfo, uintptr(slot), uintptr(unsafe.Pointer(&info)))
	return slotInfo{padded(info.description[:]), padded(info.manufacturer[:]), info.flags}, code
}

func (l *pureLibrary) tokenInfo(slot uint64) (tokenInfo, uint64) {
	var info tokenInfoStruct
	code := l.do(fnTokenInfo, uintptr(slot), uintptr(unsafe.Pointer(&info)))
	t := tokenInfo{label: padded(info.label[:]), manufacturer: padded(info.manufacturer[:]), model: padded(info.model[:]), serial: padded(info.serial[:])}
	t.numbers = [wire.TokenNumbers]uint64{
		wire.TokenFlags: info.flags, wire.MinPIN: info.minPIN, wire.MaxPIN: info.maxPIN, wire.MaxSessions: info.maxSessions, wire.MaxWritable: info.maxWritable,
		wire.HardwareMajor: uint64(info.hardware.major), wire.HardwareMinor: uint64(info.hardware.minor),
		wire.FirmwareMajor: uint64(info.firmware.major), wire.FirmwareMinor: uint64(info.firmware.minor),
	}
	return t, code
}

func padded(text []byte) string { return strings.TrimRight(string(text), " ") }

func (l *pureLibrary) openSession(slot uint64, writable bool) (uint64, uint64) {
	flags := uintptr(serialSession)
	if writable {
		flags |= writeSession
	}
	var session uint64
	code := l.do(fnOpenSession, uintptr(slot), flags, 0, 0, uintptr(unsafe.Pointer(&session)))
	return session, code
}

func (l *pureLibrary) closeSession(session uint64) uint64 {
	return l.do(fnCloseSession, uintptr(session))
}

func (l *pureLibrary) login(session uint64, user uint, pin []byte) uint64 {
	return l.do(fnLogin, uintptr(session), uintptr(user), uintptr(unsafe.Pointer(unsafe.SliceData(pin))), uintptr(len(pin)))
}

func (l *pureLibrary) logout(session uint64) uint64 { return l.do(fnLogout, uintptr(session)) }

// template lays attributes out as C has them; done releases the memory.
func template(attributes []wire.Attribute) (first unsafe.Pointer, n uintptr, done func()) {
	var pin runtime.Pinner
	list := make([]attributeStruct, len(attributes))
	for i, a := range attributes {
		value := a.Value
		if wire.IsNumber(a.Type) && len(value) == 8 {
			value = binary.NativeEndian.AppendUint64(nil, binary.BigEndian.Uint64(value))
		}
		list[i] = attributeStruct{kind: a.Type, length: uint64(len(value))}
		if len(value) > 0 {
			pin.Pin(&value[0])
			list[i].value = unsafe.Pointer(&value[0])
		}
	}
	if len(list) == 0 {
		return nil, 0, func() {}
	}
	pin.Pin(&list[0])
	return unsafe.Pointer(&list[0]), uintptr(len(list)), pin.Unpin
}

func (l *pureLibrary) find(session uint64, attributes []wire.Attribute, most int) ([]uint64, uint64) {
	first, n, done := template(attributes)
	defer done()
	if code := l.do(fnFindInit, uintptr(session), uintptr(first), n); code != ckrOK {
		return nil, code
	}
	found := []uint64{}
	for len(found) < most {
		objects := make([]uint64, min(64, most-len(found)))
		var n uint64
		if code := l.do(fnFind, uintptr(session), uintptr(unsafe.Pointer(&objects[0])), uintptr(len(objects)), uintptr(unsafe.Pointer(&n))); code != ckrOK {
			l.do(fnFindFinal, uintptr(session))
			return nil, code
		}
		if n == 0 || n > uint64(len(objects)) {
			break
		}
		found = append(found, objects[:n]...)
	}
	return found, l.do(fnFindFinal, uintptr(session))
}

func (l *pureLibrary) get(session, object, attribute uint64) ([]byte, uint64) {
	a := &attributeStruct{kind: attribute}
	if code := l.do(fnGetAttribute, uintptr(session), uintptr(object), uintptr(unsafe.Pointer(a)), 1); code != ckrOK {
		return nil, code
	}
	switch {
	case a.length == unavailable:
		return nil, ckrAttributeSensitive
	case a.length > mostValue:
		return nil, ckrGeneralError
	case a.length == 0:
		return nil, ckrOK
	}
	value := make([]byte, a.length)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&value[0])
	a.value = unsafe.Pointer(&value[0])
	if code := l.do(fnGetAttribute, uintptr(session), uintptr(object), uintptr(unsafe.Pointer(a)), 1); code != ckrOK {
		return nil, code
	}
	if a.length > uint64(len(value)) {
		return nil, ckrGeneralError
	}
	value = value[:a.length]
	if wire.IsNumber(attribute) && len(value) == 8 {
		return binary.BigEndian.AppendUint64(nil, binary.NativeEndian.Uint64(value)), ckrOK
	}
	return value, ckrOK
}

func (l *pureLibrary) signInit(session, object, mechanism uint64) uint64 {
	m := &mechanismStruct{kind: mechanism}
	return l.do(fnSignInit, uintptr(session), uintptr(unsafe.Pointer(m)), uintptr(object))
}

func (l *pureLibrary) sign(session uint64, data []byte, size int) ([]byte, uint64) {
	if len(data) == 0 {
		return nil, wire.CodeRequest
	}
	for range 2 {
		signature := make([]byte, size)
		n := uint64(size)
		code := l.do(fnSign, uintptr(session), uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)), uintptr(unsafe.Pointer(&signature[0])), uintptr(unsafe.Pointer(&n)))
		switch {
		case code == ckrBufferTooSmall && n > uint64(size) && n <= mostSignature:
			size = int(n) // the operation goes on: the standard lets us call again
			continue
		case code != ckrOK:
			return nil, code
		case n > uint64(size):
			return nil, ckrGeneralError
		}
		return signature[:n], ckrOK
	}
	return nil, ckrBufferTooSmall
}

func (l *pureLibrary) generate(session, mechanism uint64, public, private []wire.Attribute) (publicKey, privateKey, code uint64) {
	m := &mechanismStruct{kind: mechanism}
	first, n, done := template(public)
	defer done()
	second, k, doneToo := template(private)
	defer doneToo()
	code = l.do(fnGenerateKeyPair, uintptr(session), uintptr(unsafe.Pointer(m)), uintptr(first), n, uintptr(second), k, uintptr(unsafe.Pointer(&publicKey)), uintptr(unsafe.Pointer(&privateKey)))
	return publicKey, privateKey, code
}

func (l *pureLibrary) create(session uint64, attributes []wire.Attribute) (uint64, uint64) {
	first, n, done := template(attributes)
	defer done()
	var object uint64
	code := l.do(fnCreateObject, uintptr(session), uintptr(first), n, uintptr(unsafe.Pointer(&object)))
	return object, code
}

func (l *pureLibrary) destroy(session, object uint64) uint64 {
	return l.do(fnDestroyObject, uintptr(session), uintptr(object))
}

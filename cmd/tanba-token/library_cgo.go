//go:build cgo

package main

/*
#include <stdlib.h>
#include "load.h"
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/miekg/pkcs11"

	"tanba/keystore/pkcs11/wire"
)

// cgoLibrary calls the module through miekg/pkcs11, and through load.c what
// that package cannot do.
type cgoLibrary struct {
	path string
	own  *C.struct_library
	ctx  *pkcs11.Ctx
}

func newLibrary(path string) library { return &cgoLibrary{path: path} }

func (l *cgoLibrary) start() (libraryInfo, uint64, string) {
	if l.own == nil {
		path := C.CString(l.path)
		defer C.free(unsafe.Pointer(path))
		var why [512]C.char
		if l.own = C.tanba_load(path, &why[0], C.size_t(len(why))); l.own == nil {
			return libraryInfo{}, wire.CodeLoad, C.GoString(&why[0])
		}
		// The library is loaded already: this finds it, and never unloads it.
		if l.ctx = pkcs11.New(narrow(l.path)); l.ctx == nil {
			l.own = nil
			return libraryInfo{}, wire.CodeLoad, "the library cannot be found a second time"
		}
	}
	code := codeOf(l.ctx.Initialize())
	if code == ckrCantLock {
		code = uint64(C.tanba_initialize_null(l.own)) // every call is made from one thread anyway
	}
	if code != ckrOK && code != ckrAlreadyInitialized {
		return libraryInfo{}, code, "C_Initialize"
	}
	info, err := l.ctx.GetInfo()
	if err != nil {
		return libraryInfo{}, codeOf(err), "C_GetInfo"
	}
	return libraryInfo{
		manufacturer: info.ManufacturerID, description: info.LibraryDescription,
		major: info.LibraryVersion.Major, minor: info.LibraryVersion.Minor,
		cryptokiMajor: info.CryptokiVersion.Major, cryptokiMin: info.CryptokiVersion.Minor,
	}, ckrOK, ""
}

func (l *cgoLibrary) finish() { l.ctx.Finalize() }

func (l *cgoLibrary) slots(withToken bool) ([]uint64, uint64) {
	list, err := l.ctx.GetSlotList(withToken)
	return widen(list), codeOf(err)
}

func (l *cgoLibrary) slotInfo(slot uint64) (slotInfo, uint64) {
	info, err := l.ctx.GetSlotInfo(uint(slot))
	return slotInfo{info.SlotDescription, info.ManufacturerID, uint64(info.Flags)}, codeOf(err)
}

func (l *cgoLibrary) tokenInfo(slot uint64) (tokenInfo, uint64) {
	info, err := l.ctx.GetTokenInfo(uint(slot))
	t := tokenInfo{label: info.Label, manufacturer: info.ManufacturerID, model: info.Model, serial: info.SerialNumber}
	t.numbers = [wire.TokenNumbers]uint64{
		wire.TokenFlags: uint64(info.Flags), wire.MinPIN: uint64(info.MinPinLen), wire.MaxPIN: uint64(info.MaxPinLen),
		wire.MaxSessions: uint64(info.MaxSessionCount), wire.MaxWritable: uint64(info.MaxRwSessionCount),
		wire.HardwareMajor: uint64(info.HardwareVersion.Major), wire.HardwareMinor: uint64(info.HardwareVersion.Minor),
		wire.FirmwareMajor: uint64(info.FirmwareVersion.Major), wire.FirmwareMinor: uint64(info.FirmwareVersion.Minor),
	}
	return t, codeOf(err)
}

func (l *cgoLibrary) mechanisms(slot uint64) ([]uint64, uint64) {
	list, err := l.ctx.GetMechanismList(uint(slot))
	types := make([]uint64, len(list))
	for i, m := range list {
		types[i] = uint64(m.Mechanism)
	}
	return types, codeOf(err)
}

func (l *cgoLibrary) openSession(slot uint64, writable bool) (uint64, uint64) {
	flags := uint(pkcs11.CKF_SERIAL_SESSION)
	if writable {
		flags |= pkcs11.CKF_RW_SESSION
	}
	session, err := l.ctx.OpenSession(uint(slot), flags)
	return uint64(session), codeOf(err)
}

func (l *cgoLibrary) closeSession(session uint64) uint64 {
	return codeOf(l.ctx.CloseSession(pkcs11.SessionHandle(session)))
}

func (l *cgoLibrary) login(session uint64, user uint, pin []byte) uint64 {
	return uint64(C.tanba_login(l.own, C.ulong(session), C.ulong(user), unsafe.Pointer(unsafe.SliceData(pin)), C.ulong(len(pin))))
}

func (l *cgoLibrary) logout(session uint64) uint64 {
	return codeOf(l.ctx.Logout(pkcs11.SessionHandle(session)))
}

func (l *cgoLibrary) find(session uint64, template []wire.Attribute, most int) ([]uint64, uint64) {
	handle := pkcs11.SessionHandle(session)
	if err := l.ctx.FindObjectsInit(handle, native(template)); err != nil {
		return nil, codeOf(err)
	}
	var found []uint64
	for len(found) < most {
		objects, _, err := l.ctx.FindObjects(handle, min(64, most-len(found)))
		if err != nil {
			l.ctx.FindObjectsFinal(handle)
			return nil, codeOf(err)
		}
		for _, o := range objects {
			found = append(found, uint64(o))
		}
		if len(objects) == 0 {
			break
		}
	}
	return found, codeOf(l.ctx.FindObjectsFinal(handle))
}

func (l *cgoLibrary) get(session, object, attribute uint64) ([]byte, uint64) {
	list, err := l.ctx.GetAttributeValue(pkcs11.SessionHandle(session), pkcs11.ObjectHandle(object), []*pkcs11.Attribute{{Type: uint(attribute)}})
	if err != nil {
		return nil, codeOf(err)
	}
	if len(list) != 1 {
		return nil, ckrGeneralError
	}
	value := list[0].Value
	if wire.IsNumber(attribute) {
		return fromNative(value), ckrOK
	}
	return value, ckrOK
}

func (l *cgoLibrary) signInit(session, object, mechanism uint64) uint64 {
	return uint64(C.tanba_sign_init(l.own, C.ulong(session), C.ulong(mechanism), C.ulong(object)))
}

func (l *cgoLibrary) sign(session uint64, data []byte, size int) ([]byte, uint64) {
	if len(data) == 0 {
		return nil, wire.CodeRequest
	}
	signature := make([]byte, size)
	n := C.ulong(size)
	code := uint64(C.tanba_sign(l.own, C.ulong(session), unsafe.Pointer(&data[0]), C.ulong(len(data)), unsafe.Pointer(&signature[0]), &n))
	if code == ckrBufferTooSmall && uint64(n) > uint64(size) && uint64(n) <= mostSignature {
		// The operation goes on: the standard lets us call again.
		signature = make([]byte, int(n))
		code = uint64(C.tanba_sign(l.own, C.ulong(session), unsafe.Pointer(&data[0]), C.ulong(len(data)), unsafe.Pointer(&signature[0]), &n))
	}
	if code != ckrOK || uint64(n) > uint64(len(signature)) {
		if code == ckrOK {
			code = ckrGeneralError
		}
		return nil, code
	}
	return signature[:int(n)], ckrOK
}

func (l *cgoLibrary) generate(session, mechanism uint64, public, private []wire.Attribute) (uint64, uint64, uint64) {
	p, s, err := l.ctx.GenerateKeyPair(pkcs11.SessionHandle(session), []*pkcs11.Mechanism{pkcs11.NewMechanism(uint(mechanism), nil)}, native(public), native(private))
	return uint64(p), uint64(s), codeOf(err)
}

func (l *cgoLibrary) create(session uint64, attributes []wire.Attribute) (uint64, uint64) {
	object, err := l.ctx.CreateObject(pkcs11.SessionHandle(session), native(attributes))
	return uint64(object), codeOf(err)
}

func (l *cgoLibrary) destroy(session, object uint64) uint64 {
	return codeOf(l.ctx.DestroyObject(pkcs11.SessionHandle(session), pkcs11.ObjectHandle(object)))
}

func codeOf(err error) uint64 {
	var code pkcs11.Error
	switch {
	case err == nil:
		return ckrOK
	case errors.As(err, &code):
		return uint64(code)
	}
	return ckrGeneralError
}

func widen(list []uint) []uint64 {
	wide := make([]uint64, len(list))
	for i, n := range list {
		wide[i] = uint64(n)
	}
	return wide
}

// native turns numbers into those of this system: a CK_ULONG has 4 octets on
// Windows.
func native(attributes []wire.Attribute) []*pkcs11.Attribute {
	list := make([]*pkcs11.Attribute, len(attributes))
	for i, a := range attributes {
		list[i] = &pkcs11.Attribute{Type: uint(a.Type), Value: a.Value}
		if wire.IsNumber(a.Type) && len(a.Value) == 8 {
			n := C.ulong(binary.BigEndian.Uint64(a.Value))
			list[i].Value = append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(&n)), unsafe.Sizeof(n))...)
		}
	}
	return list
}

func fromNative(value []byte) []byte {
	switch len(value) {
	case 4:
		return binary.BigEndian.AppendUint64(nil, uint64(binary.NativeEndian.Uint32(value)))
	case 8:
		return binary.BigEndian.AppendUint64(nil, binary.NativeEndian.Uint64(value))
	}
	return value
}

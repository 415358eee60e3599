package main

import "tanba/keystore/pkcs11/wire"

// Codes of PKCS#11 that the helper itself looks at.
const (
	ckrOK                 = 0x000
	ckrGeneralError       = 0x005
	ckrDeviceRemoved      = 0x032
	ckrPINIncorrect       = 0x0A0
	ckrTokenNotPresent    = 0x0E0
	ckrCantLock           = 0x00A
	ckrBufferTooSmall     = 0x150
	ckrAlreadyInitialized = 0x191

	ckuUser            = 1
	ckuContextSpecific = 2
)

// library is a loaded module. Everything returns the code of the module, 0 when
// done, and is called from one thread.
type library interface {
	// start loads and initialises; text explains what the code does not.
	start() (info libraryInfo, code uint64, text string)
	finish()
	slots(withToken bool) ([]uint64, uint64)
	slotInfo(slot uint64) (slotInfo, uint64)
	tokenInfo(slot uint64) (tokenInfo, uint64)
	mechanisms(slot uint64) ([]uint64, uint64)
	openSession(slot uint64, writable bool) (uint64, uint64)
	closeSession(session uint64) uint64
	// login with a nil PIN passes NULL; the PIN is used where it lies.
	login(session uint64, user uint, pin []byte) uint64
	logout(session uint64) uint64
	find(session uint64, template []wire.Attribute, most int) ([]uint64, uint64)
	get(session, object, attribute uint64) ([]byte, uint64)
	signInit(session, object, mechanism uint64) uint64
	// sign expects size octets and takes what comes.
	sign(session uint64, data []byte, size int) ([]byte, uint64)
	generate(session, mechanism uint64, public, private []wire.Attribute) (publicKey, privateKey, code uint64)
	create(session uint64, attributes []wire.Attribute) (uint64, uint64)
	destroy(session, object uint64) uint64
}

type libraryInfo struct {
	manufacturer, description  string
	major, minor               byte
	cryptokiMajor, cryptokiMin byte
}

type slotInfo struct {
	description, manufacturer string
	flags                     uint64
}

type tokenInfo struct {
	label, manufacturer, model, serial string
	numbers                            [wire.TokenNumbers]uint64
}

//go:build !cgo && !linux && !darwin

package main

import "tanba/keystore/pkcs11/wire"

func newLibrary(string) library { return noLibrary{} }

// noLibrary says that this program was built without cgo and can load nothing.
type noLibrary struct{ library }

func (noLibrary) start() (libraryInfo, uint64, string) {
	return libraryInfo{}, wire.CodeNoCgo, "tanba-token was built without cgo"
}

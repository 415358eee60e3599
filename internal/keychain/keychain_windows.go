package keychain

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	advapi32 = windows.NewLazySystemDLL("advapi32.dll")
	credRead = advapi32.NewProc("CredReadW")
	credFree = advapi32.NewProc("CredFree")
)

const (
	credentialGeneric = 1 // CRED_TYPE_GENERIC
	prefix            = "tanba/"
)

// credential is CREDENTIALW.
type credential struct {
	flags, kind      uint32
	target, comment  *uint16
	written          windows.Filetime
	size             uint32
	blob             *byte
	persist, members uint32
	attributes       uintptr
	alias, user      *uint16
}

// read takes a generic credential called tanba/NAME, as Windows' own tools write
// it: the text in UTF-16.
func read(_ context.Context, name string) ([]byte, error) {
	target, err := windows.UTF16PtrFromString(prefix + name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	if err := credRead.Find(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	var c *credential
	ok, _, err := credRead.Call(uintptr(unsafe.Pointer(target)), credentialGeneric, 0, uintptr(unsafe.Pointer(&c)))
	switch {
	case ok != 0:
	case errors.Is(err, windows.ERROR_NOT_FOUND):
		return nil, fmt.Errorf("%w: %s%s", ErrNotFound, prefix, name)
	case errors.Is(err, windows.ERROR_NO_SUCH_LOGON_SESSION): // a service without one
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	default:
		return nil, fmt.Errorf("keychain: CredRead: %w", err)
	}
	defer credFree.Call(uintptr(unsafe.Pointer(c)))
	if c.blob == nil {
		return nil, fmt.Errorf("%w: %s%s is empty", ErrNotFound, prefix, name)
	}
	blob := unsafe.Slice(c.blob, c.size)
	defer clear(blob)
	return fromUTF16(blob)
}

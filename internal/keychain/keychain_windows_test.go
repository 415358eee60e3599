package keychain

import (
	"context"
	"errors"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// keep writes a credential as Windows' own tools do, and takes it away at the end.
func keep(t *testing.T, target string, blob []byte) {
	t.Helper()
	name, _ := windows.UTF16PtrFromString(target)
	user, _ := windows.UTF16PtrFromString("robot")
	const session = 1 // CRED_PERSIST_SESSION
	c := credential{kind: credentialGeneric, target: name, size: uint32(len(blob)), persist: session, user: user}
	if len(blob) > 0 {
		c.blob = &blob[0]
	}
	if ok, _, err := advapi32.NewProc("CredWriteW").Call(uintptr(unsafe.Pointer(&c)), 0); ok == 0 {
		t.Fatalf("CredWrite: %v", err)
	}
	t.Cleanup(func() { advapi32.NewProc("CredDeleteW").Call(uintptr(unsafe.Pointer(name)), credentialGeneric, 0) })
}

func TestCredentials(t *testing.T) {
	keep(t, "tanba/robot", toUTF16("Құпия 12"))
	keep(t, "tanba/octets", []byte("Qwerty1"))
	keep(t, "tanba/empty", nil)
	keep(t, "other", toUTF16("another program's"))
	if s, err := Read(context.Background(), "robot"); err != nil || string(s) != "Құпия 12" {
		t.Errorf("%q, %v", s, err)
	}
	if s, err := Read(context.Background(), "octets"); !errors.Is(err, errNotText) {
		t.Errorf("octets: %q, %v", s, err)
	}
	for _, name := range []string{"nobody", "other", "../other", "", "a\x00b"} {
		if s, err := Read(context.Background(), name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %q, %v", name, s, err)
		}
	}
	if s, err := Read(context.Background(), "empty"); len(s) != 0 || err != nil && !errors.Is(err, ErrNotFound) {
		t.Errorf("empty: %q, %v", s, err)
	}
}

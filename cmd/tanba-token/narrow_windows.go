//go:build cgo

package main

import "golang.org/x/sys/windows"

// narrow returns the short form of a path: miekg/pkcs11 passes it to a function
// that takes no letters beyond the system's code page.
func narrow(path string) string {
	wide, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return path
	}
	buffer := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetShortPathName(wide, &buffer[0], uint32(len(buffer)))
	if err != nil || n == 0 || int(n) > len(buffer) {
		return path
	}
	return windows.UTF16ToString(buffer[:n])
}

package main

import (
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemLanguages are those the person reads Windows in, best first.
func systemLanguages() string {
	list, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil {
		return ""
	}
	return strings.Join(list, ",")
}

var (
	kernel32              = windows.NewLazySystemDLL("kernel32.dll")
	getConsoleProcessList = kernel32.NewProc("GetConsoleProcessList")
	freeConsole           = kernel32.NewProc("FreeConsole")
)

// leaveConsole closes the window that Windows opens for a program of the command
// line when it starts it at logon. A console that another program, such as the
// person's shell, has open stays.
func leaveConsole() {
	var members [2]uint32
	n, _, _ := getConsoleProcessList.Call(uintptr(unsafe.Pointer(&members[0])), uintptr(len(members)))
	if n != 1 || redirected() {
		return
	}
	freeConsole.Call()
}

// redirected: somebody reads what the program says.
func redirected() bool {
	info, err := os.Stderr.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice == 0
}

package main

import (
	"os"
	"os/signal"

	"golang.org/x/sys/windows"
)

// drop keeps a library that crashes from asking the person about it, and DLLs
// from being looked for in the current directory.
func drop() {
	windows.SetErrorMode(windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX | windows.SEM_NOOPENFILEERRORBOX)
	windows.SetDllDirectory("")
	signal.Ignore(os.Interrupt)
}

//go:build unix && !linux

package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// drop gives away what a vendor's library has no need of.
func drop() {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	signal.Ignore(os.Interrupt, syscall.SIGHUP)
	os.Chdir("/")
}

func withoutDump([]byte) {}

package main

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// drop gives away what a vendor's library has no need of: core dumps, being
// looked into by other programs of the person, files that were open by chance,
// and gaining privileges. The last of these counts for this thread, which calls
// the library, and those it starts. (With cgo load.c did it before Go began, for
// all threads.)
func drop() {
	// Once it may not be dumped, a process of a person cannot list its own files.
	files, _ := os.ReadDir("/proc/self/fd")
	for _, f := range files {
		fd, err := strconv.Atoi(f.Name())
		if err != nil || fd <= 2 {
			continue
		}
		// What this process opened itself closes on exec; what it inherited
		// does not, or it would not be here.
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	signal.Ignore(os.Interrupt, syscall.SIGHUP)
	os.Chdir("/")
}

func withoutDump(page []byte) { unix.Madvise(page, unix.MADV_DONTDUMP) }

package testpcsc

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"tanba/internal/testdata"
)

// inside starts this program again in a network namespace of its own.
func (r *Readers) inside(root string) {
	r.t.Helper()
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	attempt := func(flags uintptr) (*exec.Cmd, error) {
		cmd := exec.Command(self)
		cmd.Env = []string{variable + "=" + root}
		cmd.Stderr = os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
		if flags&unix.CLONE_NEWUSER != 0 {
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		r.in, r.out = in, bufio.NewReader(out)
		// The signal of Pdeathsig comes when the thread ends that started it.
		started := make(chan error)
		ended := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			err := cmd.Start()
			started <- err
			if err == nil {
				cmd.Wait()
			}
			close(ended)
		}()
		if err := <-started; err != nil {
			return nil, err
		}
		r.ended = func() { <-ended }
		return cmd, nil
	}
	// Whoever is root may make namespaces also where user namespaces are off,
	// as they are in a chroot.
	_, err = attempt(unix.CLONE_NEWNET)
	if errors.Is(err, unix.EPERM) {
		_, err = attempt(unix.CLONE_NEWUSER | unix.CLONE_NEWNET)
	}
	if err != nil {
		testdata.Missing(r.t, "the right to make a network namespace: "+err.Error())
	}
	r.answer("start")
}

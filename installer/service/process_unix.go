//go:build !windows

package service

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// detach gives the agent a session of its own, so that closing the terminal it
// was started from does not end it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

func ask(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }

// alive also counts another user's process, which may not be signalled. One that
// has ended and waits for its parent is gone as far as anybody here cares.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	if err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	return !ended(pid)
}

// StopRequests is Windows' way to ask; here there are signals.
func StopRequests(context.Context) <-chan struct{} { return nil }

func registryHas(Entry) bool    { return false }
func registryEquals(Entry) bool { return false }

// runKey belongs to Windows.
type runKey struct{ o *Options }

var errWindows = errors.New("service: only on Windows")

func (r *runKey) entries() []Entry                      { return []Entry{{Path: os.DevNull}} }
func (r *runKey) packaged() string                      { return "" }
func (r *runKey) install(context.Context) error         { return errWindows }
func (r *runKey) remove(context.Context) error          { return errWindows }
func (r *runKey) start(context.Context) error           { return errWindows }
func (r *runKey) stop(context.Context) error            { return errWindows }
func (r *runKey) running(context.Context) (bool, error) { return false, errWindows }

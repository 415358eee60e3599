//go:build unix

package prompt

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the browser and its helpers a process group of their own, so
// that ending the window ends them all and nothing else.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func endGroup(cmd *exec.Cmd, hard bool) {
	signal := syscall.SIGTERM
	if hard {
		signal = syscall.SIGKILL
	}
	// The group is gone already, or it is ours: the only errors there are.
	_ = syscall.Kill(-cmd.Process.Pid, signal)
}

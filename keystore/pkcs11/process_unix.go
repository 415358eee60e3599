//go:build unix

package pkcs11

import (
	"os/exec"
	"syscall"
)

// apart gives the helper a group of its own: Ctrl-C in a terminal ends the
// agent, which then ends its helpers.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

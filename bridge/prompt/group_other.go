//go:build !unix

package prompt

import "os/exec"

// The browser ends its helpers itself when its main process ends.
func ownGroup(*exec.Cmd) {}

func endGroup(cmd *exec.Cmd, _ bool) { _ = cmd.Process.Kill() }

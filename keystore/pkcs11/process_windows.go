package pkcs11

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// apart keeps a console window from opening for the helper.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP}
}

package install

import (
	"os"

	"golang.org/x/sys/windows"
)

// aside moves a program that runs, which Windows lets nobody delete, out of its
// folder and has it deleted when the machine starts next. Only administrators may
// ask for the latter: otherwise it stays among the temporary files. An installer's
// own uninstaller does better.
func aside(path string) error {
	if f, err := os.CreateTemp("", "tanba-removed-*.exe"); err == nil {
		f.Close()
		if os.Rename(path, f.Name()) == nil {
			_ = later(f.Name())
			return nil
		}
		_ = os.Remove(f.Name()) // on another volume
	}
	return later(path)
}

func later(path string) error {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(p, nil, windows.MOVEFILE_DELAY_UNTIL_REBOOT)
}

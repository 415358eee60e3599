package install

import "golang.org/x/sys/windows"

// aside lets Windows delete the running program when the machine starts next:
// it cannot be deleted while it runs. Only administrators may ask for that; an
// installer's own uninstaller does better.
func aside(path string) error {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(p, nil, windows.MOVEFILE_DELAY_UNTIL_REBOOT)
}

//go:build !windows

package trust

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"tanba/internal/state"
)

// lock keeps two processes, the agent and somebody at a terminal, from changing
// stores and journal at once. The state directory itself is locked, so that no
// lock file has to be there; the system lets go when a process ends.
func lock(dir state.Dir) (unlock func(), err error) {
	f, err := os.Open(string(dir))
	if os.IsNotExist(err) {
		// Whoever makes the directory first has nobody to wait for.
		if f, err = os.Open(existing(string(dir))); err != nil {
			return nil, fmt.Errorf("trust: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("trust: lock: %w", err)
	}
	return func() { f.Close() }, nil
}

func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

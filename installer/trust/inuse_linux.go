package trust

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// inUse tells whether a process has one of the files open, as far as we may look
// into processes: our person's own, which are the ones that open these files.
func inUse(paths []string) bool {
	var real []string
	for _, p := range paths {
		if r, err := filepath.EvalSymlinks(p); err == nil {
			real = append(real, r)
		}
	}
	processes, err := os.ReadDir("/proc")
	if err != nil || len(real) == 0 {
		return err != nil
	}
	for _, p := range processes {
		if pid, err := strconv.Atoi(p.Name()); err != nil || pid == os.Getpid() {
			continue
		}
		folder := filepath.Join("/proc", p.Name(), "fd")
		open, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, fd := range open {
			if target, err := os.Readlink(filepath.Join(folder, fd.Name())); err == nil && slices.Contains(real, target) {
				return true
			}
		}
	}
	return false
}

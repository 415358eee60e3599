package bridge

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// checkOpen refuses files of the kernel, whatever link led to them: they look
// regular, and some block or give secrets away.
func checkOpen(f *os.File) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return fmt.Errorf("bridge: %w", err)
	}
	switch int64(st.Type) {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC,
		unix.SECURITYFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.BPF_FS_MAGIC, unix.DEVPTS_SUPER_MAGIC:
		return fmt.Errorf("%w: a file of the kernel", errPath)
	}
	return nil
}

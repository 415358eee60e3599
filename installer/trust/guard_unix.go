//go:build !windows

package trust

import (
	"io/fs"
	"os"
	"syscall"
)

// sameOwner keeps a file its person's when root changes it. Others cannot give
// files away and need not.
func sameOwner(path string, like fs.FileInfo) error {
	stat, ok := like.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	if err := os.Chown(path, int(stat.Uid), int(stat.Gid)); err != nil {
		return permission(err)
	}
	return nil
}

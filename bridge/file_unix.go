//go:build unix

package bridge

import (
	"os"

	"golang.org/x/sys/unix"
)

// openNoFollow refuses a link in the last place and does not wait for the other
// end of a FIFO.
func openNoFollow(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
}

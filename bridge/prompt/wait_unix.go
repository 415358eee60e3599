//go:build unix

package prompt

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// waitReadable returns when f has something to read or ctx ends. A blocked read
// of a terminal cannot be interrupted, so none is begun before.
func waitReadable(ctx context.Context, f *os.File) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 200)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n > 0 {
			return nil
		}
	}
}

package bridge

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// hungUp reports whether the peer has closed its end although octets it sent
// are still unread. Only asked for while a socket is not being read because too
// many of its requests wait.
func hungUp(c syscall.Conn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(p, 0)
		gone = err == nil && n > 0 && p[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return gone
}

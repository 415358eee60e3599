//go:build !linux

package bridge

import "syscall"

// hungUp cannot be told here while octets are unread; the window of a page that
// left with more than Limits.InFlight requests waiting stays until it times out.
func hungUp(syscall.Conn) bool { return false }

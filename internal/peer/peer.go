// Package peer says which process is at the other end of a loopback TCP
// connection, and which process listens on a port.
//
// The answer comes from the kernel, not from the peer: on Linux from a
// NETLINK_SOCK_DIAG query for the exact pair of addresses (a few microseconds;
// /proc/net/tcp where a sandbox forbids netlink), on Windows from
// GetExtendedTcpTable. The Linux code is exercised by tests with two users; the
// Windows code was run under Wine only, which has one user and names the owner of
// a socket that a program of its own has used (ErrUnsupported for all others). Other
// systems answer ErrUnsupported: their tables are undocumented structures, and a
// wrong guess here would be worse than none.
//
// The user id is exact. The process id and the executable are found by walking
// open files; they are there to be shown to a person, not to decide anything: a
// process may have passed its socket on or exited.
package peer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"strconv"
)

// Process is who owns one end of a connection.
type Process struct {
	UID        int    // Unix user id; on Windows 0 is this user and 1 another
	User       string // login name, "" when it has none
	PID        int    // 0 when unknown
	Executable string // absolute path, "" when unknown
	Inode      uint64 // Linux: of the socket, 0 elsewhere
}

var (
	// ErrUnsupported: this system has no way to attribute a connection.
	ErrUnsupported = errors.New("peer: not supported on this system")
	// ErrNotFound: the connection is gone, or never was on this machine.
	ErrNotFound = errors.New("peer: no such connection")
	// ErrOtherUser: the peer belongs to another user.
	ErrOtherUser = errors.New("peer: connection of another user")
)

// Lookup returns the owner of the client's end of a connection. Only UID and
// Inode need to be set; Identify fills in the rest.
type Lookup func(client, server netip.AddrPort) (Process, error)

// Of is the system's Lookup.
func Of(client, server netip.AddrPort) (Process, error) {
	return lookup(unmap(client), unmap(server))
}

// Identify adds process id, executable and user name where they can be found.
func Identify(p Process) Process {
	if p.PID == 0 && p.Inode != 0 {
		p.PID = processOf(p.Inode, p.UID)
	}
	if p.Executable == "" && p.PID != 0 {
		p.Executable = executable(p.PID)
	}
	if p.User == "" {
		p.User = userName(p.UID)
	}
	return p
}

// SameUser returns nil when the client at the other end of an accepted
// connection runs as this process's user, ErrOtherUser when it does not, and
// the Lookup's error when that cannot be told.
func SameUser(c net.Conn) error {
	client, server, err := Ends(c)
	if err != nil {
		return err
	}
	p, err := Of(client, server)
	if err != nil {
		return err
	}
	return p.Mine()
}

// Mine returns ErrOtherUser unless the process runs as our user.
func (p Process) Mine() error {
	if p.UID != self() {
		return fmt.Errorf("%w: uid %d", ErrOtherUser, p.UID)
	}
	return nil
}

// Ends returns the addresses of an accepted TCP connection.
func Ends(c net.Conn) (client, server netip.AddrPort, err error) {
	r, ok := c.RemoteAddr().(*net.TCPAddr)
	l, ok2 := c.LocalAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return client, server, fmt.Errorf("peer: %T is not TCP", c.RemoteAddr())
	}
	return unmap(r.AddrPort()), unmap(l.AddrPort()), nil
}

// Holder is the process that listens on a port.
type Holder struct {
	Process
	Name string // of the program, for people: "ncalayer"
}

// String describes the holder for a log; messages for people are put together
// by whoever knows their language.
func (h Holder) String() string {
	if h.PID == 0 {
		return fmt.Sprintf("an unknown process of user %s", strconv.Quote(h.User))
	}
	return fmt.Sprintf("%s (process %d, %s, user %s)", h.Name, h.PID, h.Executable, h.User)
}

// Listening returns who listens on a loopback port: ErrNotFound when nobody
// does, ErrUnsupported where it cannot be told.
func Listening(addr netip.AddrPort) (Holder, error) {
	p, err := listener(unmap(addr))
	if err != nil {
		return Holder{}, err
	}
	p = Identify(p)
	return Holder{Process: p, Name: programName(p)}, nil
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

var ownUID = os.Getuid()

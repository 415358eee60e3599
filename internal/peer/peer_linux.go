package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func self() int { return ownUID }

func lookup(client, server netip.AddrPort) (Process, error) {
	p, err := diag(client, server)
	if err == nil || errors.Is(err, ErrNotFound) {
		return p, err
	}
	// No netlink here (a container's seccomp filter, usually). The same
	// table of the kernel as text.
	return procNet(client, server, false)
}

// listener asks for the listening socket: exact address first, then the
// wildcard, which holds the port just as well.
func listener(addr netip.AddrPort) (Process, error) {
	return procNet(addr, netip.AddrPort{}, true)
}

const (
	sockDiagByFamily = 20
	anyState         = 0xffffffff
	noCookie         = 0xffffffff

	headerLen = 16 // struct nlmsghdr
	requestLn = 56 // struct inet_diag_req_v2
	uidAt     = 64 // in struct inet_diag_msg
	inodeAt   = 68
	messageLn = 72
)

// diag asks the kernel for one socket by its two addresses (inet_diag(7),
// sock_diag(7)); the source is the end we want to know about.
func diag(source, destination netip.AddrPort) (Process, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return Process{}, fmt.Errorf("peer: netlink: %w", err)
	}
	defer unix.Close(fd)
	timeout := unix.NsecToTimeval(int64(time.Second))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return Process{}, fmt.Errorf("peer: netlink: %w", err)
	}
	if err := unix.Sendto(fd, diagRequest(source, destination), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return Process{}, fmt.Errorf("peer: netlink: %w", err)
	}
	var answer [1024]byte
	n, _, err := unix.Recvfrom(fd, answer[:], 0)
	if err != nil {
		return Process{}, fmt.Errorf("peer: netlink: %w", err)
	}
	return diagAnswer(answer[:n])
}

func diagRequest(source, destination netip.AddrPort) []byte {
	q := make([]byte, headerLen+requestLn)
	host := binary.NativeEndian
	host.PutUint32(q[0:], uint32(len(q)))
	host.PutUint16(q[4:], sockDiagByFamily)
	host.PutUint16(q[6:], unix.NLM_F_REQUEST)
	host.PutUint32(q[8:], 1)

	r := q[headerLen:]
	r[0] = unix.AF_INET
	if source.Addr().Is6() {
		r[0] = unix.AF_INET6
	}
	r[1] = unix.IPPROTO_TCP
	host.PutUint32(r[4:], anyState)
	id := r[8:] // struct inet_diag_sockid, ports and addresses in network order
	binary.BigEndian.PutUint16(id[0:], source.Port())
	binary.BigEndian.PutUint16(id[2:], destination.Port())
	copy(id[4:20], source.Addr().AsSlice())
	copy(id[20:36], destination.Addr().AsSlice())
	host.PutUint32(id[40:], noCookie)
	host.PutUint32(id[44:], noCookie)
	return q
}

func diagAnswer(b []byte) (Process, error) {
	host := binary.NativeEndian
	if len(b) < headerLen+4 {
		return Process{}, fmt.Errorf("peer: netlink: answer of %d octets", len(b))
	}
	switch kind := host.Uint16(b[4:]); kind {
	case unix.NLMSG_ERROR:
		errno := unix.Errno(-int32(host.Uint32(b[headerLen:])))
		if errno == unix.ENOENT {
			return Process{}, ErrNotFound
		}
		return Process{}, fmt.Errorf("peer: netlink: %w", errno)
	case sockDiagByFamily:
	default:
		return Process{}, fmt.Errorf("peer: netlink: message type %d", kind)
	}
	m := b[headerLen:]
	if len(m) < messageLn {
		return Process{}, fmt.Errorf("peer: netlink: answer of %d octets", len(b))
	}
	return Process{UID: int(host.Uint32(m[uidAt:])), Inode: uint64(host.Uint32(m[inodeAt:]))}, nil
}

// procNet reads /proc/net/tcp and tcp6. With listening set only the port and
// state LISTEN count.
func procNet(local, remote netip.AddrPort, listening bool) (Process, error) {
	var firstErr error
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, err := os.ReadFile(file)
		if err != nil {
			firstErr = errors.Join(firstErr, err)
			continue
		}
		if p, ok := scanProcNet(data, local, remote, listening); ok {
			return p, nil
		}
	}
	if firstErr != nil {
		return Process{}, fmt.Errorf("%w: %w", ErrUnsupported, firstErr)
	}
	return Process{}, ErrNotFound
}

func scanProcNet(data []byte, local, remote netip.AddrPort, listening bool) (Process, bool) {
	const stateListen = "0A"
	for line := range bytes.Lines(data) {
		f := strings.Fields(string(line))
		if len(f) < 10 || (f[3] == stateListen) != listening {
			continue
		}
		at, ok := parseProcAddr(f[1])
		if !ok || at.Port() != local.Port() {
			continue
		}
		if listening {
			if at.Addr() != local.Addr() && !at.Addr().IsUnspecified() {
				continue
			}
		} else {
			to, ok := parseProcAddr(f[2])
			if !ok || at != local || to != remote {
				continue
			}
		}
		uid, err := strconv.Atoi(f[7])
		inode, err2 := strconv.ParseUint(f[9], 10, 64)
		if err != nil || err2 != nil {
			continue
		}
		return Process{UID: uid, Inode: inode}, true
	}
	return Process{}, false
}

// parseProcAddr reads "0100007F:1F90": 32-bit words in host order.
func parseProcAddr(s string) (netip.AddrPort, bool) {
	addr, port, ok := strings.Cut(s, ":")
	if !ok || (len(addr) != 8 && len(addr) != 32) {
		return netip.AddrPort{}, false
	}
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	raw := make([]byte, 0, 16)
	for ; addr != ""; addr = addr[8:] {
		w, err := strconv.ParseUint(addr[:8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, false
		}
		raw = binary.NativeEndian.AppendUint32(raw, uint32(w))
	}
	a, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), true
}

// processOf finds a process that has the socket open. Processes of other users
// hide their files from us; then there is none.
func processOf(inode uint64, uid int) int {
	want := "socket:[" + strconv.FormatUint(inode, 10) + "]"
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		var st unix.Stat_t
		if unix.Stat(dir, &st) != nil || int(st.Uid) != uid {
			continue
		}
		fds, err := os.ReadDir(dir + "/fd")
		if err != nil {
			continue
		}
		for _, fd := range fds {
			if link, err := os.Readlink(dir + "/fd/" + fd.Name()); err == nil && link == want {
				pid, _ := strconv.Atoi(filepath.Base(dir))
				return pid
			}
		}
	}
	return 0
}

func executable(pid int) string {
	path, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(path, " (deleted)")
}

// programName prefers the command name: the executable of NCALayer is "java".
func programName(p Process) string {
	if p.PID == 0 {
		return ""
	}
	if b, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/comm"); err == nil {
		return strings.TrimSpace(string(b))
	}
	return filepath.Base(p.Executable)
}

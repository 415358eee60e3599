package peer

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Not run yet on a real Windows; see the package comment.

var (
	getExtendedTCPTable = windows.NewLazySystemDLL("iphlpapi.dll").NewProc("GetExtendedTcpTable")
	wineGetVersion      = windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version")
)

const (
	tableOwnerPIDAll      = 5 // TCP_TABLE_OWNER_PID_ALL
	stateListen           = 2 // MIB_TCP_STATE_LISTEN
	rowSize               = 24
	ours, someoneElse     = 0, 1
	afINET                = 2
	errInsufficientBuffer = windows.ERROR_INSUFFICIENT_BUFFER
)

func self() int { return ours }

func lookup(client, server netip.AddrPort) (Process, error) {
	return find(func(state uint32, local, remote netip.AddrPort) bool {
		return local == client && remote == server
	})
}

func listener(addr netip.AddrPort) (Process, error) {
	return find(func(state uint32, local, _ netip.AddrPort) bool {
		return state == stateListen && local.Port() == addr.Port() &&
			(local.Addr() == addr.Addr() || local.Addr().IsUnspecified())
	})
}

// find walks the IPv4 table: rows of state, local address, local port, remote
// address, remote port, process id, 32 bits each, ports in network order.
func find(match func(state uint32, local, remote netip.AddrPort) bool) (Process, error) {
	var size uint32
	table := []byte(nil)
	for range 8 { // the table may grow between the two calls
		var first *byte
		if len(table) > 0 {
			first = &table[0]
		}
		r, _, _ := getExtendedTCPTable.Call(uintptr(unsafe.Pointer(first)), uintptr(unsafe.Pointer(&size)), 0, afINET, tableOwnerPIDAll, 0)
		if r == 0 {
			break
		}
		if windows.Errno(r) != errInsufficientBuffer {
			return Process{}, fmt.Errorf("peer: GetExtendedTcpTable: %w", windows.Errno(r))
		}
		table = make([]byte, size)
	}
	if len(table) < 4 {
		return Process{}, ErrNotFound
	}
	n := binary.LittleEndian.Uint32(table)
	for rows := table[4:]; n > 0 && len(rows) >= rowSize; n, rows = n-1, rows[rowSize:] {
		local := netip.AddrPortFrom(netip.AddrFrom4([4]byte(rows[4:8])), binary.BigEndian.Uint16(rows[8:]))
		remote := netip.AddrPortFrom(netip.AddrFrom4([4]byte(rows[12:16])), binary.BigEndian.Uint16(rows[16:]))
		if match(binary.LittleEndian.Uint32(rows), local, remote) {
			pid := binary.LittleEndian.Uint32(rows[20:])
			// Wine knows no owner of programs outside of it, and of a socket
			// that nobody has used yet.
			// On Windows a row without an owner is nobody's: not ours.
			if pid == 0 && wineGetVersion.Find() == nil {
				return Process{}, ErrUnsupported
			}
			return owner(pid)
		}
	}
	return Process{}, ErrNotFound
}

// owner compares the process's user with ours by SID. A process we may not
// open belongs to another user (or to the system), which is the safe answer.
func owner(pid uint32) (Process, error) {
	p := Process{UID: someoneElse, PID: int(pid)}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return p, nil
	}
	defer windows.CloseHandle(h)
	p.Executable = imageName(h)
	var token windows.Token
	if err := windows.OpenProcessToken(h, windows.TOKEN_QUERY, &token); err != nil {
		return p, nil
	}
	defer token.Close()
	theirs, err := token.GetTokenUser()
	if err != nil {
		return p, nil
	}
	mine, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return Process{}, fmt.Errorf("peer: own token: %w", err)
	}
	if theirs.User.Sid.Equals(mine.User.Sid) {
		p.UID = ours
	}
	if account, domain, _, err := theirs.User.Sid.LookupAccount(""); err == nil {
		p.User = domain + `\` + account
	}
	return p, nil
}

func imageName(h windows.Handle) string {
	var buf [windows.MAX_PATH * 4]uint16
	n := uint32(len(buf))
	if windows.QueryFullProcessImageName(h, 0, &buf[0], &n) != nil {
		return ""
	}
	return windows.UTF16ToString(buf[:n])
}

func processOf(uint64, int) int    { return 0 }
func executable(int) string        { return "" }
func programName(p Process) string { return filepath.Base(p.Executable) }

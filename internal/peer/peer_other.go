//go:build !linux && !windows

package peer

import (
	"net/netip"
	"path/filepath"
)

// Not run yet on a real system of this kind; see the package comment. A socket
// cannot be attributed here without cgo or undocumented structures, so the
// bridge is told so (ErrUnsupported) rather than given a guess.

func self() int { return ownUID }

func lookup(netip.AddrPort, netip.AddrPort) (Process, error) { return Process{}, ErrUnsupported }
func listener(netip.AddrPort) (Process, error)               { return Process{}, ErrUnsupported }
func processOf(uint64, int) int                              { return 0 }
func executable(int) string                                  { return "" }
func programName(p Process) string                           { return filepath.Base(p.Executable) }

package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tanba/internal/testdata"
)

// TestMain is also the client that runs as somebody else.
func TestMain(m *testing.M) {
	if addr := os.Getenv("TANBA_PEER_DIAL"); addr != "" {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		io.Copy(io.Discard, c) // until the server closes
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func accept(t *testing.T) (l net.Listener, next func() net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, func() net.Conn {
		t.Helper()
		l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute))
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
}

func TestT5SameUser(t *testing.T) {
	l, next := accept(t)
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c := next()
	if err := SameUser(c); err != nil {
		t.Fatal(err)
	}
	from, to, err := Ends(c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Of(from, to)
	if err != nil {
		t.Fatal(err)
	}
	p = Identify(p)
	self, _ := os.Executable()
	if p.PID != os.Getpid() || p.Executable != self || p.UID != os.Getuid() || p.User == "" {
		t.Errorf("%+v, want process %d of %s", p, os.Getpid(), self)
	}
	// Both ways of asking the kernel agree.
	text, err := procNet(from, to, false)
	if err != nil || text.UID != p.UID || text.Inode != p.Inode {
		t.Errorf("/proc/net/tcp: %+v, %v; netlink: %+v", text, err, p)
	}
}

// A client of another user: a copy of this test run as nobody.
func TestT5OtherUser(t *testing.T) {
	if os.Getuid() != 0 {
		testdata.Missing(t, "root, to become another user")
	}
	const nobody = 65534
	l, next := accept(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test binary lies in a folder only its owner may enter.
	dir, err := os.MkdirTemp("", "peer-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755)
	helper := dir + "/helper"
	if err := copyFile(helper, self); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(helper)
	cmd.Env = []string{"TANBA_PEER_DIAL=" + l.Addr().String()}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := next()
	err = SameUser(c)
	if !errors.Is(err, ErrOtherUser) || !strings.Contains(err.Error(), "65534") {
		t.Errorf("err = %v, want ErrOtherUser", err)
	}
	from, to, _ := Ends(c)
	if p, err := Of(from, to); err != nil || Identify(p).PID != cmd.Process.Pid || Identify(p).User != "nobody" {
		t.Errorf("%+v, %v", Identify(p), err)
	}
	c.Close()
	cmd.Wait()
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}

func TestNotFound(t *testing.T) {
	a := netip.MustParseAddrPort("127.0.0.1:1")
	if _, err := Of(a, a); !errors.Is(err, ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
	if _, err := procNet(a, a, false); !errors.Is(err, ErrNotFound) {
		t.Errorf("/proc: err = %v, want ErrNotFound", err)
	}
}

func TestT6Listening(t *testing.T) {
	for _, bind := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::]:0"} {
		l, err := net.Listen("tcp", bind)
		if err != nil {
			t.Fatal(err)
		}
		port := uint16(l.Addr().(*net.TCPAddr).Port)
		h, err := Listening(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
		if err != nil || h.PID != os.Getpid() || h.Name != "peer.test" || !strings.Contains(h.String(), "peer.test (process ") {
			t.Errorf("%s: %v, %v", bind, h, err)
		}
		l.Close()
		if _, err := Listening(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s, closed: %v", bind, err)
		}
	}
}

func TestDiagAnswer(t *testing.T) {
	answer := make([]byte, headerLen+messageLn)
	host := binary.NativeEndian
	host.PutUint16(answer[4:], sockDiagByFamily)
	host.PutUint32(answer[headerLen+uidAt:], 1000)
	host.PutUint32(answer[headerLen+inodeAt:], 77)
	if p, err := diagAnswer(answer); err != nil || p.UID != 1000 || p.Inode != 77 {
		t.Errorf("%+v, %v", p, err)
	}
	refused := make([]byte, headerLen+4)
	host.PutUint16(refused[4:], unix.NLMSG_ERROR)
	errno := int32(unix.EPERM)
	host.PutUint32(refused[headerLen:], uint32(-errno))
	if _, err := diagAnswer(refused); !errors.Is(err, unix.EPERM) {
		t.Errorf("EPERM: %v", err)
	}
}

func FuzzDiagAnswer(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, headerLen+messageLn))
	f.Fuzz(func(t *testing.T, b []byte) { diagAnswer(b) })
}

func FuzzProcNet(f *testing.F) {
	f.Add("   0: 0100007F:350B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0\n")
	f.Add("  sl  local_address\n")
	f.Fuzz(func(t *testing.T, text string) {
		scanProcNet([]byte(text), netip.MustParseAddrPort("127.0.0.1:13579"), netip.AddrPort{}, true)
		scanProcNet([]byte(text), netip.MustParseAddrPort("127.0.0.1:13579"), netip.MustParseAddrPort("127.0.0.1:1"), false)
	})
}

func BenchmarkLookup(b *testing.B) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	c, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	from, to, _ := Ends(c)
	for b.Loop() {
		if _, err := Of(from, to); err != nil {
			b.Fatal(err)
		}
	}
}

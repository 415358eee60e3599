package peer

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

// TestT5SameUserOnWindows: the system names the owner of the client's end. Wine
// does once the client has used its socket, which is why it is asked until then.
func TestT5SameUserOnWindows(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	from, to, err := Ends(c)
	if err != nil {
		t.Fatal(err)
	}
	var p Process
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if p, err = Of(from, to); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	p = Identify(p)
	self, _ := os.Executable()
	if p.Mine() != nil || p.PID != os.Getpid() || p.User == "" || p.Executable != self {
		t.Errorf("%+v, want process %d of %s", p, os.Getpid(), self)
	}
	if err := SameUser(c); err != nil {
		t.Error(err)
	}
}

// A process that may not be opened, or is gone, is nobody of ours.
func TestT5UnknownOwnerIsNotOurs(t *testing.T) {
	for _, pid := range []uint32{0, 0xfffffff0} {
		p, err := owner(pid)
		if err != nil {
			t.Errorf("%d: %v", pid, err)
		}
		if !errors.Is(p.Mine(), ErrOtherUser) {
			t.Errorf("%d: %+v is ours", pid, p)
		}
	}
}

func TestNoSuchConnection(t *testing.T) {
	a := netip.MustParseAddrPort("127.0.0.1:1")
	if _, err := Of(a, a); !errors.Is(err, ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
}

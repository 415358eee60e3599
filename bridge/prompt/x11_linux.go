package prompt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// x11 speaks the few requests of the X protocol (version 11, X.org "X Window
// System Protocol", appendix B) that bring a window to the front. Nothing of it
// reads what is on the screen or what is typed.
type x11 struct {
	conn net.Conn
	root uint32
}

var errX11 = errors.New("prompt: X server")

// openX11 connects to the display of the environment, if it is of this machine.
func openX11(ctx context.Context) (*x11, error) {
	number, ok := displayNumber(os.Getenv("DISPLAY"))
	if !ok {
		return nil, fmt.Errorf("%w: no local display", errX11)
	}
	var d net.Dialer
	path := filepath.Join("/tmp/.X11-unix", "X"+number)
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		if conn, err = d.DialContext(ctx, "unix", "@"+path); err != nil {
			return nil, fmt.Errorf("%w: %w", errX11, err)
		}
	}
	if end, ok := ctx.Deadline(); ok {
		conn.SetDeadline(end)
	} else {
		conn.SetDeadline(time.Now().Add(10 * time.Second))
	}
	x := &x11{conn: conn}
	if err := x.setup(cookie(number)); err != nil {
		conn.Close()
		return nil, err
	}
	return x, nil
}

// displayNumber: ":1" and ":1.0" are of this machine, "host:1" is not.
func displayNumber(display string) (string, bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(display, "unix"), ":")
	number, _, _ := strings.Cut(rest, ".")
	_, err := strconv.ParseUint(number, 10, 16)
	return number, ok && err == nil
}

// cookie finds the MIT-MAGIC-COOKIE-1 of a display in the person's file; none is
// needed where the server asks for none.
func cookie(number string) []byte {
	path := os.Getenv("XAUTHORITY")
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		path = filepath.Join(home, ".Xauthority")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return findCookie(data, number)
}

func findCookie(data []byte, number string) []byte {
	field := func() []byte {
		if len(data) < 2 {
			data = nil
			return nil
		}
		n := int(binary.BigEndian.Uint16(data))
		data = data[2:]
		if n > len(data) {
			data = nil
			return nil
		}
		f := data[:n]
		data = data[n:]
		return f
	}
	for len(data) > 2 {
		data = data[2:] // the family of the address
		_, display, name, value := field(), field(), field(), field()
		if string(name) == "MIT-MAGIC-COOKIE-1" && (len(display) == 0 || string(display) == number) {
			return value
		}
	}
	return nil
}

func padded(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }

func (x *x11) setup(cookie []byte) error {
	name := []byte("MIT-MAGIC-COOKIE-1")
	if cookie == nil {
		name = nil
	}
	m := []byte{'l', 0, 11, 0, 0, 0}
	m = binary.LittleEndian.AppendUint16(m, uint16(len(name)))
	m = binary.LittleEndian.AppendUint16(m, uint16(len(cookie)))
	m = append(append(append(m, 0, 0), padded(bytes.Clone(name))...), padded(bytes.Clone(cookie))...)
	if _, err := x.conn.Write(m); err != nil {
		return fmt.Errorf("%w: %w", errX11, err)
	}
	var head [8]byte
	if _, err := io.ReadFull(x.conn, head[:]); err != nil {
		return fmt.Errorf("%w: %w", errX11, err)
	}
	body := make([]byte, 4*int(binary.LittleEndian.Uint16(head[6:])))
	if _, err := io.ReadFull(x.conn, body); err != nil {
		return fmt.Errorf("%w: %w", errX11, err)
	}
	if head[0] != 1 || len(body) < 32 {
		return fmt.Errorf("%w: refused", errX11)
	}
	vendor, formats := int(binary.LittleEndian.Uint16(body[16:])), int(body[21])
	at := 32 + vendor + -vendor&3 + 8*formats
	if at+4 > len(body) {
		return fmt.Errorf("%w: no screen", errX11)
	}
	x.root = binary.LittleEndian.Uint32(body[at:])
	return nil
}

// request sends one request and, if it has one, reads its reply. Each request
// here is answered before the next is sent, so that numbers need no counting.
func (x *x11) request(opcode, detail byte, body []byte, answered bool) ([]byte, error) {
	body = padded(body)
	m := binary.LittleEndian.AppendUint16([]byte{opcode, detail}, uint16(1+len(body)/4))
	if _, err := x.conn.Write(append(m, body...)); err != nil {
		return nil, fmt.Errorf("%w: %w", errX11, err)
	}
	for answered {
		reply := make([]byte, 32)
		if _, err := io.ReadFull(x.conn, reply); err != nil {
			return nil, fmt.Errorf("%w: %w", errX11, err)
		}
		switch reply[0] {
		case 0:
			return nil, fmt.Errorf("%w: error %d of request %d", errX11, reply[1], opcode)
		case 1:
			more := binary.LittleEndian.Uint32(reply[4:])
			if more > 1<<16 {
				return nil, fmt.Errorf("%w: a reply of %d units", errX11, more)
			}
			rest := make([]byte, 4*more)
			if _, err := io.ReadFull(x.conn, rest); err != nil {
				return nil, fmt.Errorf("%w: %w", errX11, err)
			}
			return append(reply, rest...), nil
		}
	}
	return nil, nil
}

func words(w ...uint32) []byte {
	var b []byte
	for _, v := range w {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func named(name string) []byte {
	return append(append(binary.LittleEndian.AppendUint16(nil, uint16(len(name))), 0, 0), name...)
}

func (x *x11) atom(name string) (uint32, error) {
	r, err := x.request(16, 0, named(name), true) // InternAtom
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(r[8:]), nil
}

// property is a property of 32-bit values; nothing when there is none.
func (x *x11) property(window uint32, name string) ([]uint32, error) {
	atom, err := x.atom(name)
	if err != nil {
		return nil, err
	}
	r, err := x.request(20, 0, words(window, atom, 0, 0, 4096), true) // GetProperty
	if err != nil || r[1] != 32 {
		return nil, err
	}
	var out []uint32
	for i := range min(int(binary.LittleEndian.Uint32(r[16:])), (len(r)-32)/4) {
		out = append(out, binary.LittleEndian.Uint32(r[32+4*i:]))
	}
	return out, nil
}

// idle is for how long nobody has typed or moved anything; a server that cannot
// tell says forever.
func (x *x11) idle() (time.Duration, error) {
	r, err := x.request(98, 0, named("MIT-SCREEN-SAVER"), true) // QueryExtension
	if err != nil || r[8] == 0 {
		return time.Hour, err
	}
	if r, err = x.request(r[9], 1, words(x.root), true); err != nil { // QueryInfo
		return time.Hour, err
	}
	return time.Duration(binary.LittleEndian.Uint32(r[16:])) * time.Millisecond, nil
}

// activate asks the window manager to bring a window to the front, as a pager does
// (EWMH, _NET_ACTIVE_WINDOW, source indication 2).
func (x *x11) activate(window uint32) error {
	atom, err := x.atom("_NET_ACTIVE_WINDOW")
	if err != nil {
		return err
	}
	const substructure = 0x180000
	event := append([]byte{33, 32, 0, 0}, words(window, atom, 2, 0, 0, 0, 0)...)
	if _, err = x.request(25, 0, append(words(x.root, substructure), event...), false); err != nil { // SendEvent
		return err
	}
	_, err = x.atom("_NET_ACTIVE_WINDOW") // a round trip: the event has left
	return err
}

//go:build !windows && !darwin

package pcsc

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// place writes one place of the table.
func place(table []byte, i int, name string, state, event uint32, atr string) {
	p := table[i*readerSize:][:readerSize]
	copy(p, name)
	host.PutUint32(p[eventAt:], event)
	host.PutUint32(p[stateAt:], state)
	b, _ := hex.DecodeString(atr)
	copy(p[atrAt:], b)
	host.PutUint32(p[atrLengthAt:], uint32(len(b)))
}

func TestTable(t *testing.T) {
	if tableSize != 2944 {
		t.Fatalf("table of %d octets", tableSize)
	}
	table := make([]byte, tableSize)
	place(table, 0, "Reader A", 0x34, 3, kaztokenATR)
	place(table, 2, "B \xff", 0x02, 4, kaztokenATR) // the ATR of a card taken out
	place(table, 15, "C", 0x0C, 1<<31, "")          // a card that does not answer
	readers, err := parseTable(table)
	if err != nil || len(readers) != 3 {
		t.Fatalf("%v, %v", readers, err)
	}
	want := []Reader{
		{Name: "Reader A", Present: true, Event: 3, ATR: unhex(kaztokenATR)},
		{Name: "B \uFFFD", Event: 4},
		{Name: "C", Present: true, Event: 1 << 31},
	}
	if !equal(readers, want) {
		t.Errorf("%+v\nwant %+v", readers, want)
	}
	for name, change := range map[string]func([]byte) []byte{
		"2943 octets of readers":    func(b []byte) []byte { return b[1:] },
		"name of a reader has no":   func(b []byte) []byte { return append([]byte(strings.Repeat("x", 128)), b[128:]...) },
		"ATR of 34 octets":          func(b []byte) []byte { host.PutUint32(b[atrLengthAt:], 34); return b },
		"ATR of 4294967295 octets":  func(b []byte) []byte { host.PutUint32(b[atrLengthAt:], 1<<32-1); return b },
		"0 octets of readers, want": func([]byte) []byte { return nil },
	} {
		if _, err := parseTable(change(append([]byte(nil), table...))); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const kaztokenATR = "3B88014B415A544F4B454E82"

func unhex(s string) []byte { b, _ := hex.DecodeString(s); return b }

func FuzzTable(f *testing.F) {
	table := make([]byte, tableSize)
	place(table, 0, "Reader A", 0x34, 3, kaztokenATR)
	f.Add(table)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		readers, err := parseTable(b)
		if err != nil && !errors.Is(err, ErrProtocol) {
			t.Error(err)
		}
		for _, r := range readers {
			if len(r.ATR) > atrMax || len(r.Name) == 0 || len(r.ATR) > 0 && !r.Present {
				t.Errorf("%+v", r)
			}
		}
	})
}

// daemon is a made-up pcscd: serve gets each connection.
func daemon(t *testing.T, serve func(c net.Conn)) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pcscd-")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "comm")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return path
}

// heard reads a request.
func heard(c net.Conn) (command uint32, body []byte) {
	var header [headerSize]byte
	if _, err := io.ReadFull(c, header[:]); err != nil {
		return 0, nil
	}
	body = make([]byte, host.Uint32(header[:]))
	io.ReadFull(c, body)
	return host.Uint32(header[4:]), body
}

func numbers(n ...uint32) (b []byte) {
	for _, n := range n {
		b = host.AppendUint32(b, n)
	}
	return b
}

// speaks answers the greeting as a daemon of one version does.
func speaks(c net.Conn, version uint32) bool {
	_, hello := heard(c)
	if len(hello) != versionSize {
		return false
	}
	var result uint32
	if host.Uint32(hello[4:]) != version {
		result = resultStopped
	}
	c.Write(numbers(major, version, result))
	if command, _ := heard(c); result != 0 || command != commandEstablish {
		return false
	}
	c.Write(numbers(2, 0x1234, 0))
	return true
}

func TestVersions(t *testing.T) {
	for version, want := range map[uint32]string{3: "it speaks version 4:3", 4: "", 5: "", 7: "it speaks version 4:7"} {
		path := daemon(t, func(c net.Conn) {
			if speaks(c, version) {
				heard(c)
				c.Write(make([]byte, tableSize))
				heard(c)
				c.Write(make([]byte, releaseSize))
			}
		})
		c, err := open(t.Context(), path, minor)
		if want != "" {
			if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), want) {
				t.Errorf("4:%d: %v", version, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("4:%d: %v", version, err)
			continue
		}
		if readers, err := c.Readers(t.Context()); err != nil || len(readers) != 0 {
			t.Errorf("4:%d: %v, %v", version, readers, err)
		}
		c.Close()
	}
}

func TestOpenFails(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  error
	}{
		"hangs up":        {func(net.Conn) {}, ErrRefused},
		"hangs up midway": {func(c net.Conn) { heard(c); c.Write([]byte{4, 0, 0}) }, ErrRefused},
		"refuses":         {func(c net.Conn) { heard(c); c.Write(numbers(4, 4, resultSecurity)) }, ErrRefused},
		"no context": {func(c net.Conn) {
			heard(c)
			c.Write(numbers(4, 4, 0))
			heard(c)
			c.Write(numbers(2, 0, resultNoService))
		}, ErrNoService},
		"another major":    {func(c net.Conn) { heard(c); c.Write(numbers(5, 5, resultStopped)) }, ErrProtocol},
		"unknown result":   {func(c net.Conn) { heard(c); c.Write(numbers(4, 4, 0x8010FFFF)) }, ErrProtocol},
		"says nothing":     {func(c net.Conn) { io.Copy(io.Discard, c) }, context.DeadlineExceeded},
		"offers a loop":    {func(c net.Conn) { heard(c); c.Write(numbers(4, 5, resultStopped)) }, ErrProtocol},
		"offers the same":  {func(c net.Conn) { heard(c); c.Write(numbers(4, 4, resultStopped)) }, ErrProtocol},
		"greets and stops": {func(c net.Conn) { heard(c); c.Write(numbers(4, 4, 0)); heard(c) }, ErrNoService},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if name != "says nothing" {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second)
		}
		got, err := open(ctx, daemon(t, c.serve), minor)
		if got != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		cancel()
	}
	t.Setenv(SocketVariable, filepath.Join(t.TempDir(), "none"))
	if _, err := Readers(t.Context()); !errors.Is(err, ErrNoService) {
		t.Errorf("no socket: %v", err)
	}
}

// An event that overtakes the cancellation is not taken for the next answer.
func TestStopWaiting(t *testing.T) {
	for name, overtaken := range map[string][]byte{"answer": numbers(0, 0), "event": numbers(0, 0)} {
		waiting := make(chan struct{}, 1)
		path := daemon(t, func(c net.Conn) {
			if !speaks(c, minor) {
				return
			}
			table := make([]byte, tableSize)
			place(table, 0, "Reader A", 2, 0, "")
			for {
				switch command, _ := heard(c); command {
				case commandWait:
					c.Write(table)
					if name == "event" {
						c.Write(overtaken[:3]) // half of it
					}
					waiting <- struct{}{}
				case commandStop:
					if name == "event" {
						c.Write(overtaken[3:])
					} else {
						c.Write(overtaken)
					}
				case commandState:
					c.Write(table)
				case commandRelease:
					c.Write(numbers(0, 0))
				case 0:
					return
				}
			}
		})
		c, err := open(t.Context(), path, minor)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-waiting; cancel() }()
		if err := c.Watch(ctx, func([]Reader) {}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if readers, err := c.Readers(t.Context()); err != nil || len(readers) != 1 {
			t.Errorf("%s: afterwards %v, %v", name, readers, err)
		}
		c.Close()
		if _, err := c.Readers(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
}

func TestWatchGarbage(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"table":  func(c net.Conn) { heard(c); c.Write([]byte(strings.Repeat("x", tableSize))) },
		"result": func(c net.Conn) { heard(c); c.Write(make([]byte, tableSize)); c.Write(numbers(0, 77)) },
	} {
		c, err := open(t.Context(), daemon(t, func(c net.Conn) {
			if speaks(c, minor) {
				serve(c)
			}
		}), minor)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Watch(t.Context(), func([]Reader) {}); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

//go:build linux

package pcsc

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tanba/internal/testpcsc"
)

// TestVirtualReaders asks a real pcscd.
func TestVirtualReaders(t *testing.T) {
	virtual := testpcsc.Start(t)
	t.Setenv(SocketVariable, virtual.Socket)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	states := make(chan string, 16)
	over := make(chan error, 1)
	go func() {
		over <- Follow(ctx, func(readers []Reader, err error) {
			text := fmt.Sprint(err)
			if err == nil {
				text = describe(readers)
			} else if errors.Is(err, ErrNoService) {
				text = "no service"
			}
			states <- text
		})
	}()
	expect := func(want string) {
		t.Helper()
		for {
			select {
			case got := <-states:
				if got == want {
					return
				}
				t.Logf("on the way: %s", got)
			case <-ctx.Done():
				t.Fatalf("never saw %s", want)
			}
		}
	}
	expect("Virtual PCD 00 00: empty; Virtual PCD 00 01: empty")
	virtual.Insert(0, kaztokenATR)
	expect("Virtual PCD 00 00: " + kaztokenATR + "; Virtual PCD 00 01: empty")
	virtual.Insert(1, "3B9095801F0399")
	expect("Virtual PCD 00 00: " + kaztokenATR + "; Virtual PCD 00 01: 3B9095801F0399")
	readers, err := Readers(ctx)
	if err != nil || describe(readers) != "Virtual PCD 00 00: "+kaztokenATR+"; Virtual PCD 00 01: 3B9095801F0399" {
		t.Errorf("asked once: %s, %v", describe(readers), err)
	}
	virtual.Remove(0)
	expect("Virtual PCD 00 00: empty; Virtual PCD 00 01: 3B9095801F0399")
	virtual.Stop()
	expect("no service")
	if _, err := Readers(ctx); !errors.Is(err, ErrNoService) {
		t.Errorf("without the daemon: %v", err)
	}
	cancel()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Errorf("Follow: %v", err)
	}
}

// A client whose Watch was cancelled can be used again.
func TestVirtualWatchStops(t *testing.T) {
	virtual := testpcsc.Start(t)
	t.Setenv(SocketVariable, virtual.Socket)
	c, err := Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		err := c.Watch(ctx, func([]Reader) { cancel() })
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Watch: %v", err)
		}
		if readers, err := c.Readers(t.Context()); err != nil || len(readers) != 2 {
			t.Fatalf("after Watch: %v, %v", readers, err)
		}
	}
}

func describe(readers []Reader) string {
	text := ""
	for i, r := range readers {
		if i > 0 {
			text += "; "
		}
		switch {
		case !r.Present:
			text += r.Name + ": empty"
		default:
			text += fmt.Sprintf("%s: %X", r.Name, r.ATR)
		}
	}
	return text
}

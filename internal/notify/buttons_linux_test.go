package notify

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"tanba/internal/testdata"
)

// desk is a desktop with buttons, and the program that puts notes on it.
type desk struct {
	*shelf
	bus *dbus.Conn
}

// GetCapabilities is a method of the service.
func (s *shelf) GetCapabilities() ([]string, *dbus.Error) { return s.can, nil }

func startDesk(t *testing.T, can ...string) (*desk, *desktop) {
	t.Helper()
	address := sessionBus(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	d := &desk{&shelf{can: can}, connect(t, address)}
	if err := d.bus.Export(d.shelf, servicePath, service); err != nil {
		t.Fatal(err)
	}
	if _, err := d.bus.RequestName(service, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return d, &desktop{send: filepath.Join(t.TempDir(), "none")}
}

func connect(t *testing.T, address string) *dbus.Conn {
	t.Helper()
	c, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// tell sends one of the desktop's signals over a connection, and returns when the
// bus has passed it on.
func tell(t *testing.T, bus *dbus.Conn, member string, id uint32, what any) {
	t.Helper()
	if err := bus.Emit(servicePath, service+"."+member, id, what); err != nil {
		t.Fatal(err)
	}
	if err := bus.BusObject().Call("org.freedesktop.DBus.GetId", 0).Err; err != nil {
		t.Fatal(err)
	}
}

func question(chosen chan<- string) Note {
	return Note{Title: "title", Body: "body", Actions: []Action{{"open", "What to do"}, {"later", "Tomorrow"}},
		Chosen: func(id string) { chosen <- id }}
}

func wantChosen(t *testing.T, chosen <-chan string, want string) {
	t.Helper()
	select {
	case got := <-chosen:
		if got != want {
			t.Errorf("%q was chosen, want %q", got, want)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%q never came", want)
	}
}

// TestButtons: each note's press comes once and to it alone; pressing the note
// itself is its first button.
func TestButtons(t *testing.T) {
	d, n := startDesk(t, "body", "actions")
	ctx := t.Context()
	first, second := make(chan string, 9), make(chan string, 9)
	a, err := n.Show(ctx, question(first), 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := n.Show(ctx, question(second), 0)
	if err != nil || a == b {
		t.Fatal(a, b, err)
	}
	if got := d.actions(); len(got) != 2 || got[0] != "default=What to do open=What to do later=Tomorrow" {
		t.Errorf("buttons %q", got)
	}
	tell(t, d.bus, "ActionInvoked", b+100, "later") // of another program's note
	tell(t, d.bus, "ActionInvoked", b, "default")
	tell(t, d.bus, "NotificationClosed", b, uint32(2))
	wantChosen(t, second, "open")
	tell(t, d.bus, "ActionInvoked", b, "later") // it is gone
	tell(t, d.bus, "ActionInvoked", a, "later")
	wantChosen(t, first, "later")
	if len(first)+len(second) > 0 {
		t.Error("a press came twice")
	}
	n.wantIdle(t)
}

// wantIdle: with its last note the connection goes.
func (d *desktop) wantIdle(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		d.buttons.mu.Lock()
		idle := d.buttons.bus == nil && len(d.buttons.notes) == 0
		d.buttons.mu.Unlock()
		if idle {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a connection is kept for no note")
		}
	}
}

// A note that was replaced, closed or withdrawn has no buttons any more.
func TestButtonsOfAGoneNote(t *testing.T) {
	d, n := startDesk(t, "actions")
	ctx := t.Context()
	old, fresh := make(chan string, 9), make(chan string, 9)
	id, err := n.Show(ctx, question(old), 0)
	if err != nil {
		t.Fatal(err)
	}
	again, err := n.Show(ctx, question(fresh), id)
	if err != nil || again != id {
		t.Fatal(again, err)
	}
	tell(t, d.bus, "ActionInvoked", id, "later")
	wantChosen(t, fresh, "later")
	n.wantIdle(t)

	if id, err = n.Show(ctx, question(old), 0); err != nil {
		t.Fatal(err)
	}
	tell(t, d.bus, "NotificationClosed", id, uint32(1))
	n.wantIdle(t)
	if id, err = n.Show(ctx, question(old), 0); err != nil {
		t.Fatal(err)
	}
	if err := n.Withdraw(ctx, id); err != nil {
		t.Error(err)
	}
	n.wantIdle(t)
	if id, err = n.Show(ctx, question(old), 0); err != nil {
		t.Fatal(err)
	}
	if again, err := n.Show(ctx, Note{Title: "without"}, id); err != nil || again != id {
		t.Error(again, err)
	}
	n.wantIdle(t)
	if len(old) > 0 {
		t.Errorf("%q of a note that is gone", <-old)
	}
}

// Only the desktop itself presses a button: not a program that is on the bus, too.
func TestT11PressedByAnotherProgram(t *testing.T) {
	d, n := startDesk(t, "actions")
	chosen := make(chan string, 9)
	id, err := n.Show(t.Context(), question(chosen), 0)
	if err != nil {
		t.Fatal(err)
	}
	stranger := connect(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	tell(t, stranger, "ActionInvoked", id, "open")
	// To us alone, past what we asked the bus for.
	var names []string
	if err := stranger.BusObject().Call("org.freedesktop.DBus.ListNames", 0).Store(&names); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		m := &dbus.Message{Type: dbus.TypeSignal, Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath: dbus.MakeVariant(servicePath), dbus.FieldInterface: dbus.MakeVariant(service),
			dbus.FieldMember: dbus.MakeVariant("ActionInvoked"), dbus.FieldDestination: dbus.MakeVariant(name),
			dbus.FieldSignature: dbus.MakeVariant(dbus.SignatureOf(id, "")),
		}, Body: []any{id, "open"}}
		if name[0] == ':' {
			stranger.Send(m, nil)
		}
	}
	tell(t, stranger, "ActionInvoked", id, "open")
	tell(t, d.bus, "ActionInvoked", id, "later")
	wantChosen(t, chosen, "later")
}

// Where notes have no buttons, none are asked for.
func TestNoButtons(t *testing.T) {
	d, n := startDesk(t, "body")
	if _, err := n.Show(t.Context(), question(nil), 0); err != nil {
		t.Fatal(err)
	}
	if got := d.actions(); len(got) != 1 || got[0] != "" {
		t.Errorf("buttons %q", got)
	}
	n.wantIdle(t)
}

// A desktop that ends and comes again shows the next note, and its buttons work.
func TestButtonsOfADesktopThatCameAgain(t *testing.T) {
	d, n := startDesk(t, "actions")
	chosen := make(chan string, 9)
	id, err := n.Show(t.Context(), question(chosen), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.bus.ReleaseName(service); err != nil {
		t.Fatal(err)
	}
	other := connect(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	if err := other.Export(&shelf{can: []string{"actions"}}, servicePath, service); err != nil {
		t.Fatal(err)
	}
	if _, err := other.RequestName(service, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	again, err := n.Show(t.Context(), question(chosen), id)
	if err != nil {
		t.Fatal(err)
	}
	tell(t, d.bus, "ActionInvoked", again, "open") // no desktop any more
	tell(t, other, "ActionInvoked", again, "later")
	wantChosen(t, chosen, "later")
	n.wantIdle(t)
}

// TestDunst: a notification daemon that nobody here wrote, pressed by its own tool.
// What it calls the note's action is set by its configuration.
func TestDunst(t *testing.T) {
	for _, tool := range []string{"dunst", "dunstctl", "Xvfb"} {
		if _, err := exec.LookPath(tool); err != nil {
			testdata.Missing(t, tool)
		}
	}
	display := startXvfb(t)
	for press, want := range map[string]string{"default": "open", "open": "open", "later": "later"} {
		t.Run(press, func(t *testing.T) {
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", sessionBus(t))
			conf := filepath.Join(t.TempDir(), "dunstrc")
			if err := os.WriteFile(conf, []byte("[tanba]\nappname = Tanba\naction_name = "+press+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			daemon := exec.Command("dunst", "-conf", conf)
			daemon.Env = append(os.Environ(), "DISPLAY="+display, "HOME="+t.TempDir())
			if err := daemon.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { daemon.Process.Kill(); daemon.Wait() })
			n := &desktop{send: filepath.Join(t.TempDir(), "none")}
			chosen := make(chan string, 9)
			deadline := time.Now().Add(time.Minute)
			for { // until the daemon is on the bus
				_, err := n.Show(t.Context(), question(chosen), 0)
				if err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Millisecond)
			}
			for len(chosen) == 0 { // until it has drawn the note
				exec.Command("dunstctl", "action", "0").Run()
				if time.Now().After(deadline) {
					t.Fatal("nobody was told of a press")
				}
				time.Sleep(20 * time.Millisecond)
			}
			wantChosen(t, chosen, want)
			n.wantIdle(t)
		})
	}
}

// startXvfb starts a virtual screen and returns its name.
func startXvfb(t *testing.T) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	ctx, end := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, "Xvfb", "-displayfd", "3", "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset")
	server.ExtraFiles = []*os.File{write}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() { end(); server.Wait() })
	read.SetReadDeadline(time.Now().Add(time.Minute))
	var number []byte
	for one := make([]byte, 1); ; {
		if _, err := read.Read(one); err != nil {
			t.Fatalf("Xvfb: %v", err)
		}
		if one[0] == '\n' {
			return ":" + string(number)
		}
		number = append(number, one[0])
	}
}

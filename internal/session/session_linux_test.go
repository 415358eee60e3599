package session

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"tanba/internal/testdata"
)

// bus starts a message bus of its own and returns its address.
func bus(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("dbus-daemon")
	if err != nil {
		testdata.Missing(t, "dbus-daemon")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "bus.conf")
	os.WriteFile(config, []byte(`<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=`+filepath.Join(dir, "bus")+`</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600)
	cmd := exec.Command(path, "--config-file="+config, "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// own connects to a bus under a name.
func own(t *testing.T, address, name string) *dbus.Conn {
	t.Helper()
	c, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if reply, err := c.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("%s: %v, %v", name, reply, err)
	}
	return c
}

func TestT22SignalsOfLogind(t *testing.T) {
	system, person := bus(t), bus(t)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", system)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", person)
	logind := own(t, system, login)
	stranger := own(t, system, "org.example.Stranger")
	saver := own(t, person, "org.gnome.ScreenSaver")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	events, err := Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	const path = loginPath + "/session/_31"
	changed := func(name string, v any) []any {
		return []any{login + ".Session", map[string]dbus.Variant{name: dbus.MakeVariant(v)}, []string{}}
	}
	for _, c := range []struct {
		name string
		from *dbus.Conn
		path dbus.ObjectPath
		what string
		body []any
		want Event
	}{
		{"sleep", logind, loginPath, login + ".Manager.PrepareForSleep", []any{true}, Sleep},
		{"waking up", logind, loginPath, login + ".Manager.PrepareForSleep", []any{false}, ""},
		{"lock", logind, path, login + ".Session.Lock", nil, Locked},
		{"unlock", logind, path, login + ".Session.Unlock", nil, ""},
		{"locked hint", logind, path, "org.freedesktop.DBus.Properties.PropertiesChanged", changed("LockedHint", true), Locked},
		{"unlocked hint", logind, path, "org.freedesktop.DBus.Properties.PropertiesChanged", changed("LockedHint", false), ""},
		{"another session in front", logind, path, "org.freedesktop.DBus.Properties.PropertiesChanged", changed("Active", false), Switched},
		{"a strange form", logind, path, "org.freedesktop.DBus.Properties.PropertiesChanged", []any{uint32(7)}, ""},
		{"a stranger", stranger, loginPath, login + ".Manager.PrepareForSleep", []any{true}, ""},
		{"screen saver", saver, "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver.ActiveChanged", []any{true}, Locked},
		{"screen saver ends", saver, "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver.ActiveChanged", []any{false}, ""},
	} {
		if err := c.from.Emit(c.path, c.what, c.body...); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.want == "" {
			continue // the next event that comes is not its
		}
		select {
		case e := <-events:
			if e != c.want {
				t.Errorf("%s: %q, want %q", c.name, e, c.want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: no event", c.name)
		}
	}
	select {
	case e := <-events:
		t.Errorf("one more event: %q", e)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	select {
	case _, ok := <-events:
		if ok {
			t.Error("an event at the end")
		}
	case <-time.After(time.Minute):
		t.Error("the channel stays open")
	}
}

func TestWithoutLogind(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	if _, err := Watch(context.Background()); !errors.Is(err, ErrUnsupported) {
		t.Errorf("no bus: %v", err)
	}
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", bus(t))
	if _, err := Watch(context.Background()); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "logind") {
		t.Errorf("no logind: %v", err)
	}
}

package keychain

import (
	"bufio"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"tanba/internal/testdata"
)

// keyring is a Secret Service with one open item, one that is locked, and one
// name that two items have.
type keyring struct{}

func (keyring) OpenSession(algorithm string, _ dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
	if algorithm != "plain" {
		return dbus.Variant{}, "/", dbus.NewError("org.freedesktop.DBus.Error.NotSupported", nil)
	}
	return dbus.MakeVariant(""), path + "/session/1", nil
}

func (keyring) SearchItems(a map[string]string) (open, locked []dbus.ObjectPath, _ *dbus.Error) {
	item := path + "/collection/login/1"
	switch {
	case a["service"] != "tanba":
	case a["account"] == "robot":
		return []dbus.ObjectPath{item}, []dbus.ObjectPath{}, nil
	case a["account"] == "locked":
		return []dbus.ObjectPath{}, []dbus.ObjectPath{item}, nil
	case a["account"] == "two":
		return []dbus.ObjectPath{item, item + "2"}, []dbus.ObjectPath{}, nil
	}
	return []dbus.ObjectPath{}, []dbus.ObjectPath{}, nil
}

type item struct{}

func (item) GetSecret(session dbus.ObjectPath) (secret, *dbus.Error) {
	return secret{session, []byte{}, []byte("Qwerty12"), "text/plain"}, nil
}

func TestRead(t *testing.T) {
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		testdata.Missing(t, "dbus-daemon")
	}
	cmd := exec.Command(program, "--session", "--nofork", "--print-address")
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
	address = strings.TrimSpace(address)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	if _, err := Read(context.Background(), "robot"); !errors.Is(err, ErrUnsupported) {
		t.Errorf("without a keychain: %v", err)
	}
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	bus.Export(keyring{}, path, iface)
	bus.Export(item{}, path+"/collection/login/1", "org.freedesktop.Secret.Item")
	if _, err := bus.RequestName(service, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	if s, err := Read(context.Background(), "robot"); err != nil || string(s) != "Qwerty12" {
		t.Errorf("%q, %v", s, err)
	}
	for _, name := range []string{"locked", "two", "other", ""} {
		if _, err := Read(context.Background(), name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestNoBusNoKeychain(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	if _, err := Read(context.Background(), "robot"); !errors.Is(err, ErrUnsupported) {
		t.Errorf("err = %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", "")
	if _, err := Read(context.Background(), "robot"); !errors.Is(err, ErrUnsupported) {
		t.Errorf("err = %v", err)
	}
}

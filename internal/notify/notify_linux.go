package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/godbus/dbus/v5"
)

const (
	service     = "org.freedesktop.Notifications"
	servicePath = dbus.ObjectPath("/org/freedesktop/Notifications")
	notifySend  = "/usr/bin/notify-send"
)

func platform() (Notifier, error) {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" && os.Getenv("XDG_RUNTIME_DIR") == "" {
		return nil, ErrUnsupported
	}
	return &desktop{send: notifySend}, nil
}

// desktop dials the bus for each note: they are rare, and a session may begin
// after the program did. Notes with buttons share a connection that is kept while
// one of them is shown.
type desktop struct {
	send    string
	buttons buttons
}

func (d *desktop) Show(ctx context.Context, n Note, replaces uint32) (uint32, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	id, err := d.overBus(ctx, n, replaces)
	if err == nil {
		return id, nil
	}
	if other := d.overProgram(ctx, n); other != nil {
		return 0, errors.Join(ErrUnsupported, err, other)
	}
	return 0, nil
}

func (d *desktop) overBus(ctx context.Context, n Note, replaces uint32) (uint32, error) {
	if len(n.Actions) > 0 && n.Chosen != nil {
		if id, err := d.buttons.show(ctx, n, replaces); !errors.Is(err, errNoButtons) {
			return id, err
		}
	}
	d.buttons.forget(replaces)
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return 0, fmt.Errorf("notify: %w", err)
	}
	defer bus.Close()
	return notifyCall(ctx, bus, n, replaces, []string{})
}

func notifyCall(ctx context.Context, bus *dbus.Conn, n Note, replaces uint32, actions []string) (id uint32, err error) {
	hints := map[string]dbus.Variant{"urgency": dbus.MakeVariant(byte(1)), "desktop-entry": dbus.MakeVariant("tanba")}
	if n.Urgent {
		hints["urgency"] = dbus.MakeVariant(byte(2))
	}
	err = bus.Object(service, servicePath).CallWithContext(ctx, service+".Notify", 0,
		"Tanba", replaces, "dialog-password", n.Title, plain.Replace(n.Body), actions, hints, int32(-1)).Store(&id)
	if err != nil {
		return 0, fmt.Errorf("notify: %w", err)
	}
	return id, nil
}

// overProgram: the arguments are a vector, and -- ends the options, so that a text
// cannot be one.
func (d *desktop) overProgram(ctx context.Context, n Note) error {
	urgency := "normal"
	if n.Urgent {
		urgency = "critical"
	}
	cmd := exec.CommandContext(ctx, d.send, "--app-name=Tanba", "--urgency="+urgency, "--", n.Title, plain.Replace(n.Body))
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

func (d *desktop) Withdraw(ctx context.Context, id uint32) error {
	if id == 0 {
		return nil
	}
	d.buttons.forget(id)
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	defer bus.Close()
	if err := bus.Object(service, servicePath).CallWithContext(ctx, service+".CloseNotification", 0, id).Err; err != nil {
		var known dbus.Error
		if errors.As(err, &known) {
			return nil // it is gone already
		}
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

package keychain

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	service  = "org.freedesktop.secrets"
	path     = dbus.ObjectPath("/org/freedesktop/secrets")
	iface    = "org.freedesktop.Secret.Service"
	answerIn = 5 * time.Second
)

// secret is the structure of the Secret Service.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

func read(ctx context.Context, name string) ([]byte, error) {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" && os.Getenv("XDG_RUNTIME_DIR") == "" {
		return nil, ErrUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	defer bus.Close()
	o := bus.Object(service, path)
	// "plain": the bus is a socket of the account itself, and who can read it
	// can ask the keychain as well.
	var session dbus.ObjectPath
	var none dbus.Variant
	if err := o.CallWithContext(ctx, iface+".OpenSession", 0, "plain", dbus.MakeVariant("")).Store(&none, &session); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	var open, locked []dbus.ObjectPath
	if err := o.CallWithContext(ctx, iface+".SearchItems", 0, map[string]string{"service": "tanba", "account": name}).Store(&open, &locked); err != nil {
		return nil, fmt.Errorf("keychain: %w", err)
	}
	if len(open) != 1 {
		return nil, fmt.Errorf("%w: %d open, %d locked", ErrNotFound, len(open), len(locked))
	}
	var s secret
	if err := bus.Object(service, open[0]).CallWithContext(ctx, "org.freedesktop.Secret.Item.GetSecret", 0, session).Store(&s); err != nil {
		return nil, fmt.Errorf("keychain: %w", err)
	}
	return s.Value, nil
}

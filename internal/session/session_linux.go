package session

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"
)

const (
	login     = "org.freedesktop.login1"
	loginPath = dbus.ObjectPath("/org/freedesktop/login1")
)

// savers lock the screens of desktops that do not use logind for it. Each has the
// signal ActiveChanged(bool).
var savers = []string{"org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver", "org.cinnamon.ScreenSaver", "org.mate.ScreenSaver"}

func watch(ctx context.Context) (<-chan Event, error) {
	system, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	signals := make(chan *dbus.Signal, 16)
	system.Signal(signals)
	var owner string
	err = system.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetNameOwner", 0, login).Store(&owner)
	for _, options := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(login), dbus.WithMatchInterface(login + ".Manager"), dbus.WithMatchMember("PrepareForSleep")},
		{dbus.WithMatchSender(login), dbus.WithMatchInterface(login + ".Session"), dbus.WithMatchMember("Lock")},
		{dbus.WithMatchSender(login), dbus.WithMatchInterface("org.freedesktop.DBus.Properties"), dbus.WithMatchMember("PropertiesChanged"), dbus.WithMatchPathNamespace(loginPath)},
	} {
		if err == nil {
			err = system.AddMatchSignalContext(ctx, options...)
		}
	}
	if err != nil {
		system.Close()
		return nil, fmt.Errorf("%w: logind: %w", ErrUnsupported, err)
	}
	own := watchSavers(ctx)
	events := make(chan Event, 16)
	go func() {
		defer close(events)
		defer system.Close()
		var lockers chan *dbus.Signal
		if own != nil {
			defer own.Close()
			lockers = make(chan *dbus.Signal, 16)
			own.Signal(lockers)
		}
		for {
			var s *dbus.Signal
			var ok bool
			select {
			case s, ok = <-signals:
				if !ok {
					return // the bus is gone, and the signals with it
				}
			case s, ok = <-lockers:
				if !ok {
					lockers = nil
					continue
				}
			case <-ctx.Done():
				return
			}
			if e := event(s); e != "" {
				select {
				case events <- e:
				default: // as many wait to be read: one more says nothing new
				}
			}
		}
	}()
	return events, nil
}

// watchSavers listens on the person's own bus, if there is one.
func watchSavers(ctx context.Context) *dbus.Conn {
	own, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return nil
	}
	for _, name := range savers {
		if err := own.AddMatchSignalContext(ctx, dbus.WithMatchInterface(name), dbus.WithMatchMember("ActiveChanged")); err != nil {
			own.Close()
			return nil
		}
	}
	return own
}

// event is what a signal means, "" = nothing.
func event(s *dbus.Signal) Event {
	switch s.Name {
	case login + ".Manager.PrepareForSleep":
		if begins, ok := argument[bool](s, 0); ok && begins {
			return Sleep
		}
	case login + ".Session.Lock":
		return Locked
	case "org.freedesktop.DBus.Properties.PropertiesChanged":
		name, _ := argument[string](s, 0)
		changed, ok := argument[map[string]dbus.Variant](s, 1)
		if !ok || name != login+".Session" {
			return ""
		}
		if locked, ok := changed["LockedHint"].Value().(bool); ok && locked {
			return Locked
		}
		if active, ok := changed["Active"].Value().(bool); ok && !active {
			return Switched
		}
	}
	for _, name := range savers {
		if s.Name == name+".ActiveChanged" {
			if on, ok := argument[bool](s, 0); ok && on {
				return Locked
			}
		}
	}
	return ""
}

// argument is one value of a signal, if it is there and of that kind: anybody may
// send a signal of any form.
func argument[T any](s *dbus.Signal, i int) (v T, ok bool) {
	if i < len(s.Body) {
		v, ok = s.Body[i].(T)
	}
	return v, ok
}

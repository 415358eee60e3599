package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/godbus/dbus/v5"
)

// errNoButtons says that this desktop shows notes without buttons.
var errNoButtons = errors.New("notify: the desktop shows no buttons")

// buttons are the notes whose buttons can still be pressed. Their connection is
// one, and stays while there are any: the desktop answers nobody else, and some
// take the notes of who has gone from the bus.
type buttons struct {
	mu    sync.Mutex
	bus   *dbus.Conn
	notes map[uint32]answer
}

// answer is where the press of a note's button goes, and who may tell of it.
type answer struct {
	chosen func(id string)
	first  string // the action that pressing the note itself is
	owner  string // the desktop, by the name that nobody else on the bus can have
}

func (b *buttons) show(ctx context.Context, n Note, replaces uint32) (uint32, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bus == nil || !b.bus.Connected() {
		if err := b.dial(ctx); err != nil {
			return 0, err
		}
	}
	id, owner, err := showButtons(ctx, b.bus, n, replaces)
	delete(b.notes, replaces)
	if err == nil {
		b.notes[id] = answer{n.Chosen, n.Actions[0].ID, owner}
	}
	b.closeUnused()
	return id, err
}

func showButtons(ctx context.Context, bus *dbus.Conn, n Note, replaces uint32) (id uint32, owner string, err error) {
	var can []string
	if err := bus.Object(service, servicePath).CallWithContext(ctx, service+".GetCapabilities", 0).Store(&can); err != nil {
		return 0, "", fmt.Errorf("notify: %w", err)
	}
	if !slices.Contains(can, "actions") {
		return 0, "", errNoButtons
	}
	if err := bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetNameOwner", 0, service).Store(&owner); err != nil {
		return 0, "", fmt.Errorf("notify: %w", err)
	}
	actions := []string{"default", n.Actions[0].Label}
	for _, a := range n.Actions {
		actions = append(actions, a.ID, a.Label)
	}
	id, err = notifyCall(ctx, bus, n, replaces, actions)
	return id, owner, err
}

// dial listens from before the first note is shown, so that no press is missed.
// b.mu is held.
func (b *buttons) dial(ctx context.Context) error {
	life, end := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, end) // until the bus is there
	defer stop()
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(life), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err == nil {
		for _, member := range []string{"ActionInvoked", "NotificationClosed"} {
			if err = bus.AddMatchSignalContext(ctx, dbus.WithMatchSender(service), dbus.WithMatchObjectPath(servicePath),
				dbus.WithMatchInterface(service), dbus.WithMatchMember(member)); err != nil {
				bus.Close()
				break
			}
		}
	}
	if err != nil {
		end()
		return fmt.Errorf("notify: %w", err)
	}
	said := make(chan *dbus.Signal, 1)
	bus.Signal(said)
	b.bus, b.notes = bus, map[uint32]answer{}
	go func() {
		defer end()
		for s := range said { // it is closed with the bus
			b.heard(s)
		}
	}()
	return nil
}

// heard passes a press on, and forgets the note: it is answered, or gone.
func (b *buttons) heard(s *dbus.Signal) {
	if len(s.Body) != 2 {
		return
	}
	id, ok := s.Body[0].(uint32)
	if !ok {
		return
	}
	b.mu.Lock()
	a, known := b.notes[id]
	if !known || s.Sender != a.owner {
		b.mu.Unlock()
		return
	}
	delete(b.notes, id)
	b.closeUnused()
	b.mu.Unlock()
	if action, ok := s.Body[1].(string); ok && s.Name == service+".ActionInvoked" {
		if action == "default" {
			action = a.first
		}
		a.chosen(action)
	}
}

func (b *buttons) forget(id uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.notes, id)
	b.closeUnused()
}

// closeUnused ends the connection with its last note. b.mu is held.
func (b *buttons) closeUnused() {
	if b.bus != nil && len(b.notes) == 0 {
		b.bus.Close()
		b.bus = nil
	}
}

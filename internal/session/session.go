// Package session tells when the person leaves the machine: the screen is locked,
// the machine goes to sleep, another user's session comes to the front. Whoever
// keeps a password in memory forgets it then (security.md T22, §10 rule 6).
//
// On Linux it listens to logind on the system bus, and to the screen savers of
// desktops that lock without telling logind on the person's own bus; on Windows a
// hidden window is told of the session, its end and the power; on macOS the session
// is looked at every two seconds. Where nobody tells, Watch returns ErrUnsupported,
// and passwords are not kept there at all.
//
// On Linux signals of other people's sessions on the same machine count as well. They cost
// a password typed once more, and spare the question which session is ours, which
// has no answer for a service of the user.
package session

import (
	"context"
	"errors"
)

// ErrUnsupported says that nobody here tells when the person leaves.
var ErrUnsupported = errors.New("session: no signals of locking and sleep here")

// Event is why the person may be away.
type Event string

// Events.
const (
	Locked   Event = "locked"
	Sleep    Event = "sleep"
	Switched Event = "switched" // another session is in front
)

// Watch begins to listen. When it returns without an error no event is missed
// until the channel is closed: at the end of ctx, or when the signals stop
// coming, which a caller treats as an event.
func Watch(ctx context.Context) (<-chan Event, error) { return watch(ctx) }

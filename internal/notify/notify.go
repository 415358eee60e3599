// Package notify says something beside the clock when a window cannot come to the
// front by itself: on Wayland nobody can raise a window, and elsewhere the system
// may refuse it (security.md §13). It also tells of keys that end, and takes the
// person's answer to that.
//
// On Linux it speaks to the desktop's notification service on the person's own
// bus, and to notify-send where there is none; that one has no buttons. On Windows a
// note is an icon beside the clock with a balloon, on macOS osascript shows it; both
// have no buttons, and the latter cannot be pressed or taken back. On systems without
// any of them New returns ErrUnsupported. A notification holds the name of the
// site and a sentence of ours, never anything of a document.
package notify

import (
	"context"
	"errors"
	"strings"
	"time"
)

// ErrUnsupported says that nothing here shows notifications.
var ErrUnsupported = errors.New("notify: nothing shows notifications here")

// Notifier shows notes. It is safe for use by several goroutines.
type Notifier interface {
	// Show shows a note, in the place of the one with the number replaces if
	// that is not zero, and returns its number; zero when it cannot be taken
	// back. It does not wait for the person. ctx ends the showing, not the note.
	Show(ctx context.Context, n Note, replaces uint32) (uint32, error)
	// Withdraw takes a note back; one that is gone is no error.
	Withdraw(ctx context.Context, id uint32) error
}

// Note is one notification, in plain text.
type Note struct {
	Title, Body string
	Urgent      bool // stays until it is seen

	// Actions are the buttons, two at most; pressing the note itself is pressing
	// the first. A desktop without buttons leaves them out, so the text must do
	// without them.
	Actions []Action
	// Chosen is told the ID of the action that was pressed: at most once for a
	// note, on a goroutine of the notifier, perhaps before Show has returned, and
	// never after the note was replaced or withdrawn. nil = nobody is told.
	Chosen func(id string)
}

// Action is a button under a note.
type Action struct{ ID, Label string }

// New returns the notifier of this session.
func New() (Notifier, error) { return platform() }

// within is how long the desktop may take to show a note.
const within = 3 * time.Second

// plain is a text as the desktop's markup shows it: as it is.
var plain = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

package prompt

import (
	"context"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// raiseWithin is how long a browser may take to show its window.
	raiseWithin = 20 * time.Second
	// untouched is for how long the keyboard must have rested: what somebody types
	// into another window must not end in ours (security.md §13).
	untouched = 400 * time.Millisecond
)

// raise brings the window of a process group to the front of an X display. On
// Wayland no program can; there, and where anything fails, the person is reminded
// (WebOptions.Remind).
func raise(ctx context.Context, group int) {
	if os.Getenv("DISPLAY") == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, raiseWithin)
	defer cancel()
	for wait := time.Duration(0); ; wait = 150 * time.Millisecond {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if done := tryRaise(ctx, group); done {
			return
		}
	}
}

// tryRaise reports whether there is nothing left to do: the window is in front, or
// this display cannot be spoken to.
func tryRaise(ctx context.Context, group int) bool {
	x, err := openX11(ctx)
	if err != nil {
		return true
	}
	defer x.conn.Close()
	ours, err := x.ofGroup(group)
	if err != nil || ours == 0 {
		return err != nil
	}
	if active, err := x.property(x.root, "_NET_ACTIVE_WINDOW"); err != nil || slices.Contains(active, ours) {
		return true
	}
	if idle, err := x.idle(); err != nil || idle < untouched {
		return err != nil
	}
	return x.activate(ours) != nil // looked at once more: a window manager may refuse
}

// ofGroup is the first window of a process group, 0 if it has none yet.
func (x *x11) ofGroup(group int) (uint32, error) {
	windows, err := x.property(x.root, "_NET_CLIENT_LIST")
	if err != nil {
		return 0, err
	}
	for _, w := range windows {
		pid, err := x.property(w, "_NET_WM_PID")
		if err != nil || len(pid) == 0 {
			continue // it has just been closed, or says nothing of itself
		}
		if g, err := unix.Getpgid(int(pid[0])); err == nil && g == group {
			return w, nil
		}
	}
	return 0, nil
}

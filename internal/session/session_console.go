package session

import "time"

// console is what macOS says of the person's session at one moment.
type console struct {
	locked  bool          // the screen is
	front   bool          // it is at the screen and keyboard
	wall    time.Time     // without a monotonic reading
	running time.Duration // of the machine while it is awake
}

// slept is how far the two clocks may part before the machine has been asleep: one
// goes on then and the other does not. Setting the clock looks the same and costs
// a password typed once more.
const slept = 15 * time.Second

// between is what happened from one moment to another, "" = nothing.
func between(before, after console) Event {
	apart := after.wall.Sub(before.wall) - (after.running - before.running)
	switch {
	case after.locked && !before.locked:
		return Locked
	case !after.front && before.front:
		return Switched
	case apart > slept:
		return Sleep
	}
	return ""
}

package prompt

import (
	"context"

	"tanba/bridge/prompt/win32"
)

// raise brings the window of a browser's process to the front by the rules of
// Windows: above the others at once, with the keyboard only when nobody types, else
// flashing in the task bar.
func raise(ctx context.Context, process int) { win32.Raise(ctx, process) }

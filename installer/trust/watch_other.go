//go:build !linux

package trust

import "context"

// Watch calls changed once and has nothing to wait for then: browsers on these systems, Firefox included,
// read the system's own store.
func Watch(ctx context.Context, _ Options, changed func(context.Context)) error {
	changed(ctx)
	<-ctx.Done()
	return nil
}

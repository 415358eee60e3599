//go:build !linux

package trust

import "context"

// Watch has nothing to wait for: browsers on these systems, Firefox included,
// read the system's own store.
func Watch(ctx context.Context, _ Options, _ func(context.Context)) error {
	<-ctx.Done()
	return nil
}

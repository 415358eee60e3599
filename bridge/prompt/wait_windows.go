package prompt

import (
	"context"
	"os"

	"golang.org/x/sys/windows"
)

// waitReadable returns when the console has an event or ctx ends.
func waitReadable(ctx context.Context, f *os.File) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		event, err := windows.WaitForSingleObject(windows.Handle(f.Fd()), 200)
		if err != nil {
			return err
		}
		if event == windows.WAIT_OBJECT_0 {
			return nil
		}
	}
}

package e2e

import (
	"context"
	"os"
	"os/exec"
	"time"
)

// xdotool always has a limit: a lost key would hang the test.
func (d *display) xdotool(args ...string) error {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, "xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.Name)
	return cmd.Run()
}

// await waits for a window whose title contains the text, and gives it the
// keyboard.
func (d *display) await(title string) {
	d.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		// A window may go and come again while it is being placed.
		err := d.xdotool("search", "--onlyvisible", "--name", title, "windowactivate", "--sync")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			d.shot()
			d.t.Fatalf("no window %q: %v", title, err)
		}
	}
	d.settle(nil)
}

// gone reports whether the window is closed within the time.
func (d *display) gone(title string, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if d.xdotool("search", "--onlyvisible", "--name", title) != nil {
			return true
		}
	}
	return false
}

// look is the time that the main button waits for, so that nobody signs what they
// have not seen.
func (d *display) look() { time.Sleep(time.Second) }

// press presses a key and waits until the screen shows what came of it.
func (d *display) press(key string) {
	d.t.Helper()
	before := d.picture()
	if err := d.xdotool("key", key); err != nil {
		d.t.Fatalf("key %s: %v", key, err)
	}
	if !d.settle(before) {
		d.t.Fatalf("nothing came of the key %s", key)
	}
}

func (d *display) enter(text string) {
	d.t.Helper()
	if err := d.xdotool("type", "--delay", "20", text); err != nil {
		d.t.Fatalf("typing: %v", err)
	}
	d.settle(nil)
	d.press("Return")
}

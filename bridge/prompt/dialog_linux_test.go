package prompt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tanba/internal/testdata"
)

// hand is a person at a keyboard: it waits for each next window of ours and types.
type hand struct{ t *testing.T }

func (h hand) next(keys ...string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "xdotool", "search", "--sync", "--onlyvisible", "--name", "^Tanba: egov.kz").Output()
	if err != nil {
		h.t.Fatalf("no window: %v", err)
	}
	window := strings.Fields(string(out))[0]
	exec.CommandContext(ctx, "xdotool", "windowactivate", "--sync", window).Run()
	time.Sleep(300 * time.Millisecond) // a person does not type into a window that is just being drawn
	for _, k := range keys {
		args := []string{"key", "--clearmodifiers", k}
		if text, ok := strings.CutPrefix(k, "type "); ok {
			args = []string{"type", "--clearmodifiers", "--delay", "20", text}
		}
		if err := exec.CommandContext(ctx, "xdotool", args...).Run(); err != nil {
			h.t.Fatal(err)
		}
	}
	// The next window has the same name: this one must be gone first.
	for exec.CommandContext(ctx, "xdotool", "getwindowname", window).Run() == nil {
		if ctx.Err() != nil {
			h.t.Fatalf("the window stays after %q", keys)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// TestZenity asks with the real tool on a display of its own.
func TestZenity(t *testing.T) {
	for _, name := range []string{"zenity", "xdotool"} {
		if _, err := exec.LookPath(name); err != nil {
			testdata.Missing(t, name)
		}
	}
	screen(t)
	t.Setenv("XDG_CURRENT_DESKTOP", "")
	h := hand{t}
	// The second row is chosen; Enter alone is a no, so a yes needs the other button.
	yes, no, row := []string{"Tab", "space"}, []string{"Escape"}, []string{"Down", "Return"}
	for _, c := range []struct {
		name  string
		type_ [][]string
		tries int32
		key   string
	}{
		{"approved", [][]string{yes, row, {"type Qwerty12", "Return"}, yes}, 1, "a"},
		{"cancelled at once", [][]string{no}, 0, ""},
		{"Enter is no yes", [][]string{{"Return"}}, 0, ""},
		{"wrong password, then the right one", [][]string{yes, row, {"type wrong", "Return"}, {"Return"}, {"type Qwerty12", "Return"}, yes}, 2, "a"},
		{"cancelled at the end", [][]string{yes, row, {"type Qwerty12", "Return"}, no}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			r := minimal()
			r.Minimum = 100 * time.Millisecond
			var tries atomic.Int32
			unlock := r.Unlock
			r.Unlock = func(ctx context.Context, path string, secret []byte) ([]Key, error) {
				tries.Add(1)
				if path != r.Recent[1].Path {
					t.Errorf("path %q", path)
				}
				return unlock(ctx, path, secret)
			}
			d := NewDialog("ru").(*dialogs)
			d.find = func() *tool { return &theZenity }
			type answer struct {
				d   Decision
				err error
			}
			got := make(chan answer, 1)
			go func() {
				d, err := d.Approve(t.Context(), r)
				got <- answer{d, err}
			}()
			for _, keys := range c.type_ {
				h.next(keys...)
			}
			select {
			case a := <-got:
				if a.d.KeyID != c.key || (c.key == "") != errors.Is(a.err, ErrCancelled) {
					t.Errorf("%+v, %v", a.d, a.err)
				}
			case <-time.After(time.Minute):
				t.Error("still asking")
			}
			if tries.Load() != c.tries {
				t.Errorf("%d tries", tries.Load())
			}
		})
	}
}

// The same end means nothing when the display is gone: it is no refusal.
func TestRefusalNeedsADisplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n[ -z \"$SAYS\" ] || echo \"$SAYS\" >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		display, wayland, denied, says string
		err                            bool
	}{
		{":none", "", "", "", false},
		{":54321", "", "", "", true},
		{":54321", "nothing-here", "", "", true},
		{"", "", "", "", true},
		{"127.0.0.1:22222", "", "", "", true},
		{":none", "", "(-128)", "execution error: User canceled. (-128)", false},
		{":none", "", "(-128)", "execution error: No user interaction allowed. (-1713)", true},
	} {
		t.Setenv("DISPLAY", c.display)
		t.Setenv("WAYLAND_DISPLAY", c.wayland)
		t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
		t.Setenv("SAYS", c.says)
		_, yes, err := runTool(t.Context(), &tool{path: path, arguments: func(dialog) []string { return nil }, no: []int{1}, denied: c.denied}, dialog{})
		if yes || (err != nil) != c.err {
			t.Errorf("%+v: %t, %v", c, yes, err)
		}
	}
}

//go:build !windows

package prompt

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The answer of a tool is what it printed without the line end; its exit says yes,
// no, or that it could show nothing.
func TestRunTool(t *testing.T) {
	t.Setenv("DISPLAY", ":none") // nothing is known of it
	none := func(dialog) []string { return nil }
	for _, c := range []struct {
		name, script string
		out          string
		yes, err     bool
	}{
		{"answer", `printf 'Құпия 1\n'`, "Құпия 1", true, false},
		{"empty", `true`, "", true, false},
		{"no", `printf secret; exit 1`, "", false, false},
		{"no, with GTK's chatter", `echo 'Gtk-WARNING **: Theme parsing error' >&2; exit 1`, "", false, false},
		{"the window was taken away, which GTK's tools call OK", `echo 'Gdk-WARNING **: GdkWindow 0x400008 unexpectedly destroyed' >&2; exit 0`, "", false, false},
		{"gave up", `exit 255`, "", false, true},
		{"crashed", `kill -ABRT $$`, "", false, true},
		{"no display", `echo 'Gtk-WARNING **: cannot open display: :99' >&2; exit 1`, "", false, true},
		{"no display, in Russian", `echo 'Не удалось открыть дисплей: :99' >&2; exit 1`, "", false, true},
		{"the display went away", `echo 'Gdk-WARNING **: Error reading events from display: Broken pipe' >&2; exit 1`, "", false, true},
		{"no right to the display", `echo 'Authorization required, but no authorization protocol specified' >&2; exit 1`, "", false, true},
		{"no Qt", `echo 'no Qt platform plugin could be initialized' >&2; exit 1`, "", false, true},
		{"more than any answer", `head -c 100000 /dev/zero`, "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tool")
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"+c.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			out, yes, err := runTool(t.Context(), &tool{path: path, arguments: none, no: []int{1}}, dialog{})
			if c.name == "more than any answer" {
				if len(out) > longestAnswer {
					t.Errorf("%d octets", len(out))
				}
				return
			}
			if string(out) != c.out || yes != c.yes || (err != nil) != c.err {
				t.Errorf("%q, %t, %v", out, yes, err)
			}
		})
	}
	if _, _, err := runTool(t.Context(), &tool{path: "/nowhere/tool", arguments: none}, dialog{}); err == nil {
		t.Error("no tool at all")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, yes, err := runTool(ctx, &tool{path: "/bin/sleep", arguments: func(dialog) []string { return []string{"60"} }}, dialog{}); yes || err != nil {
		t.Errorf("the end of the request: %t, %v", yes, err)
	}
}

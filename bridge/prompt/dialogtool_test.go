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
	for _, c := range []struct {
		name, script string
		out          string
		yes, err     bool
	}{
		{"answer", `printf 'Құпия 1\n'`, "Құпия 1", true, false},
		{"empty", `true`, "", true, false},
		{"no", `printf secret; exit 1`, "", false, false},
		{"gave up", `exit 255`, "", false, true},
		{"more than any answer", `head -c 100000 /dev/zero`, "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tool")
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"+c.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			out, yes, err := runTool(t.Context(), []string{path})
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
	if _, _, err := runTool(t.Context(), []string{"/nowhere/tool"}); err == nil {
		t.Error("no tool at all")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, yes, err := runTool(ctx, []string{"/bin/sleep", "60"}); yes || err != nil {
		t.Errorf("the end of the request: %t, %v", yes, err)
	}
}

//go:build unix

package trust

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A certutil that never ends must not hold up the agent.
func TestRunGivesUp(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "certutil"), []byte("#!/bin/sh\nwhile :; do echo Invalid password.; sleep 0.1; done\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := run(ctx, "certutil", "-L"); err == nil {
		t.Error("an endless certutil is no success")
	}
}

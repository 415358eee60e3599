package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestPortTaken: the second bridge says who holds the port and ends with status 3.
func TestPortTaken(t *testing.T) {
	first := startBridge(t)
	second := newBridge(t, first.port)
	out, status := second.runToEnd(t, scripted.binary(t), "serve", "--state", second.State, "--port", strconv.Itoa(first.port), "--lang", "en")
	if status != 3 {
		t.Errorf("status %d, want 3\n%s", status, out)
	}
	if !strings.Contains(out, strconv.Itoa(first.port)) || !strings.Contains(out, strconv.Itoa(first.cmd.Process.Pid)) {
		t.Errorf("the message names neither port %d nor process %d:\n%s", first.port, first.cmd.Process.Pid, out)
	}
}

// TestReleaseTakesNoScript: what is shipped cannot be made to answer for a person.
func TestReleaseTakesNoScript(t *testing.T) {
	b := newBridge(t, freePort(t))
	script := filepath.Join(b.Home, "script.json")
	if err := os.WriteFile(script, []byte(`[{"approve":false}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := b.runToEnd(t, release.binary(t), "serve", "--state", b.State, "--port", strconv.Itoa(b.port), "--script", script)
	if status != 2 {
		t.Errorf("status %d, want 2 (usage)\n%s", status, out)
	}
	binary, err := os.ReadFile(release.binary(t))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(binary, []byte("prompt: script: no answers")) {
		t.Error("the scripted prompter is linked into the release")
	}
}

// runToEnd runs a command that ends by itself and returns what it said.
func (b *bridge) runToEnd(t testing.TB, binary string, args ...string) (string, int) {
	t.Helper()
	cmd := b.command(binary, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

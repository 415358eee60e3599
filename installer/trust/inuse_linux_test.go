package trust

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// holdOpen starts a process that has the file open.
func holdOpen(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "60")
	cmd.ExtraFiles = []*os.File{f}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid
}

// A file that a process has open is told apart from one that nobody has.
func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert9.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if inUse([]string{path}) {
		t.Error("a file nobody has open counts as in use")
	}
	if inUse([]string{path + ".gone"}) {
		t.Error("a file that is not there counts as in use")
	}
	sleeper := holdOpen(t, path)
	if !inUse([]string{path}) {
		t.Errorf("process %d has it open", sleeper)
	}
}

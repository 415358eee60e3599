//go:build linux

package testtoken

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"tanba/internal/testdata"
)

var helper struct {
	sync.Mutex
	path string
}

// Helper returns a tanba-token built from this tree, as it is built for people.
func Helper(t testing.TB) string {
	t.Helper()
	helper.Lock()
	defer helper.Unlock()
	if helper.path == "" {
		if _, err := exec.LookPath("gcc"); err != nil {
			testdata.Missing(t, "gcc for tanba-token")
		}
		path, err := buildHelper()
		if err != nil {
			t.Fatalf("testtoken: %v", err)
		}
		helper.path = path
	}
	return helper.path
}

// buildHelper keeps the program under its own hash: another package may be
// running the one it built a moment ago.
func buildHelper() (string, error) {
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	aside, err := os.MkdirTemp(cache, "building-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	fresh := filepath.Join(aside, "tanba-token")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", fresh, "tanba/cmd/tanba-token")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build of tanba-token: %w\n%s", err, out)
	}
	program, err := os.ReadFile(fresh)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, fmt.Sprintf("helper-%x", sha256.Sum256(program)))
	if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
		return "", err
	}
	path := filepath.Join(folder, "tanba-token")
	return path, os.Rename(fresh, path)
}

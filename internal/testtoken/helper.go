//go:build linux

package testtoken

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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
	forgetOld(cache)
	path := filepath.Join(folder, "tanba-token")
	return path, os.Rename(fresh, path)
}

// forgetOld removes what was last built days ago.
func forgetOld(cache string) {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 72*time.Hour && strings.HasPrefix(e.Name(), "helper-") {
			os.RemoveAll(filepath.Join(cache, e.Name()))
		}
	}
}

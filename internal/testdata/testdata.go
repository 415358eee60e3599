// Package testdata finds the material that tests compare against but that is
// not part of the repository: keys of the national test CA, signatures of the
// original program, independent verifiers.
//
// It lies in a folder "shared" beside the checkout, or where TANBA_SHARED says.
// Where it is missing such tests are skipped, except in CI (CI=true): there
// they must run, so a missing folder is a failure.
package testdata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Shared returns a path below shared/fixtures.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	return SharedRoot(t, append([]string{"fixtures"}, elem...)...)
}

// SharedRoot returns a path below shared.
func SharedRoot(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("TANBA_SHARED")
	if root == "" {
		root = filepath.Join(repository(t), "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		Missing(t, "shared material: "+filepath.Join(elem...))
	}
	return path
}

// Missing skips a test that lacks something it cannot make itself; in CI it
// fails instead.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing in CI: %s", what)
	}
	t.Skipf("missing: %s", what)
}

func repository(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("testdata: no caller information")
	}
	return filepath.Join(filepath.Dir(file), "..", "..")
}

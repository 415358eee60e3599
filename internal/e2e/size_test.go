package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSize holds the promise of one file below 15 MB.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program; not in short runs")
	}
	const limit = 15_000_000
	path := filepath.Join(t.TempDir(), "tanba")
	args := slices.Concat([]string{"build"}, releaseFlags, []string{"-o", path, "tanba/cmd/tanba"})
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() >= limit {
		t.Errorf("the program has %d octets, the limit is %d", info.Size(), limit)
	}
}

// TestNoMethodsByName: a program that finds methods by their names is a megabyte
// larger, because the linker then keeps every exported method of every type.
func TestNoMethodsByName(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "tanba/cmd/tanba")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := strings.Fields(string(out))
	if len(linked) < 100 {
		t.Fatalf("%d packages in the program, there must be more", len(linked))
	}
	for _, p := range []string{"text/template", "html/template", "net/rpc", "testing"} {
		if slices.Contains(linked, p) {
			t.Errorf("the program links %s, which finds methods by their names", p)
		}
	}
}

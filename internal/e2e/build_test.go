package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// workshop is a folder for what all tests of the process share: the binaries and
// the npm packages. Its path holds no name of a test, so that sockets fit in it.
var workshop string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tanba-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	workshop = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// program is a build of cmd/tanba, made on first use.
type program struct {
	name  string
	env   string // variable with the path of one made elsewhere
	flags []string
	once  sync.Once
	path  string
	err   error
}

// releaseFlags are those of `make build`.
var releaseFlags = []string{"-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w"}

var (
	scripted = &program{name: "tanba-scripted", env: "TANBA_E2E_BINARY", flags: []string{"-tags", "scripted"}}
	release  = &program{name: "tanba", env: "TANBA_E2E_RELEASE", flags: releaseFlags}
)

// binary returns the path of the program.
func (p *program) binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(p.env); path != "" {
		return path
	}
	p.once.Do(func() {
		p.path = filepath.Join(workshop, p.name)
		args := append([]string{"build", "-o", p.path}, p.flags...)
		cmd := exec.Command("go", append(args, "tanba/cmd/tanba")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			p.err = fmt.Errorf("go build %v: %w\n%s", p.flags, err, out)
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.path
}

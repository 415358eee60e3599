package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tanba/internal/testdata"
)

const clientPackage = "ncalayer-js-client"

// npm is a folder with the drivers of node/ and the packages they need. The
// packages of the checkout are used when "npm ci" was run there; otherwise they
// are installed beside, so that the checkout stays as it is.
var npm struct {
	once    sync.Once
	dir     string
	missing string
}

func nodeDir(t testing.TB) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			testdata.Missing(t, tool)
		}
	}
	npm.once.Do(func() {
		npm.dir = filepath.Join(workshop, "node")
		if err := os.CopyFS(npm.dir, os.DirFS("node")); err != nil {
			npm.missing = err.Error()
			return
		}
		_, client := os.Stat(filepath.Join(npm.dir, "node_modules", clientPackage))
		_, axe := os.Stat(filepath.Join(npm.dir, "node_modules", "axe-core"))
		if client == nil && axe == nil {
			return
		}
		ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
		defer stop()
		cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit")
		cmd.Dir = npm.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			npm.missing = "npm packages: npm ci in internal/e2e/node: " + err.Error() + "\n" + string(out)
		}
	})
	if npm.missing != "" {
		testdata.Missing(t, npm.missing)
	}
	return npm.dir
}

// clientFile is the portal's copy of the client.
func clientFile(t testing.TB) string {
	t.Helper()
	return filepath.Join(nodeDir(t), "node_modules", clientPackage, "ncalayer-client.js")
}

// runNode runs one session of the client under Node, which trusts the bridge's CA
// and nothing else was told.
func runNode(t testing.TB, b *bridge, calls []call) session {
	t.Helper()
	input, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 90*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, "node", "run.js", b.URL)
	cmd.Dir = nodeDir(t)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.Home, "NODE_EXTRA_CA_CERTS=" + b.CA}
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	return readSession(t, out)
}

// TestClientIsUnmodified holds the tests to the published client: the lock file
// pins its hash, and npm refuses other octets.
func TestClientIsUnmodified(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(nodeDir(t), "node_modules", clientPackage, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Version string }
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Version != "1.5.6" {
		t.Errorf("%s is %s, want 1.5.6: run npm ci in internal/e2e/node", clientPackage, manifest.Version)
	}
	lock, err := os.ReadFile(filepath.Join("node", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte("://")) {
		t.Error("package-lock.json names a registry")
	}
}

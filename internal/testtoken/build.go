//go:build linux

package testtoken

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"tanba/internal/testdata"
)

//go:embed module
var sources embed.FS

const (
	moduleName   = "libtesttoken.so"
	verifierName = "verifier"
	botan        = "/usr/include/botan-2"
)

var once struct {
	sync.Mutex
	folder string
}

// built returns the folder of module and verifier.
func built(t testing.TB) string {
	t.Helper()
	once.Lock()
	defer once.Unlock()
	if once.folder == "" {
		if _, err := exec.LookPath("g++"); err != nil {
			testdata.Missing(t, "g++ for the test token")
		}
		if _, err := os.Stat(botan); err != nil {
			testdata.Missing(t, "libbotan-2-dev for the test token")
		}
		folder, err := build()
		if err != nil {
			t.Fatalf("testtoken: %v", err)
		}
		once.folder = folder
	}
	return once.folder
}

func build() (string, error) {
	headers, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/miekg/pkcs11").Output()
	if err != nil {
		return "", fmt.Errorf("where the Cryptoki headers are: %w", err)
	}
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	// Several packages are tested at once: build aside, then give the name.
	aside, err := os.MkdirTemp(cache, "building-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	hash, units, err := unpack(aside)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, hash)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	compile := func(out string, args ...string) error {
		args = append([]string{"-std=c++17", "-O1", "-Wall", "-Wextra", "-fPIC", "-fvisibility=hidden",
			"-isystem", botan, "-isystem", strings.TrimSpace(string(headers)), "-o", out}, args...)
		cmd := exec.Command("g++", append(args, "-lbotan-2")...)
		cmd.Dir = aside
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("g++ of %s: %w\n%s", out, err, text)
		}
		return nil
	}
	// Opened like a vendor's module: what it calls itself is not to be found
	// in another library.
	module := slices.DeleteFunc(slices.Clone(units), func(u string) bool { return u == "verifier.cpp" })
	if err := compile(moduleName, append([]string{"-shared", "-Wl,-Bsymbolic"}, module...)...); err != nil {
		return "", err
	}
	if err := compile(verifierName, "verifier.cpp", "keys.cpp"); err != nil {
		return "", err
	}
	if err := os.Rename(aside, folder); err != nil {
		if _, statErr := os.Stat(folder); statErr != nil {
			return "", err
		}
	}
	return folder, nil
}

func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "tanba-testtoken")
	return cache, os.MkdirAll(cache, 0o700)
}

// unpack writes the sources and returns their hash and what is to be compiled.
func unpack(folder string) (hash string, units []string, err error) {
	entries, err := sources.ReadDir("module")
	if err != nil {
		return "", nil, err
	}
	sum := sha256.New()
	for _, e := range entries {
		data, err := sources.ReadFile("module/" + e.Name())
		if err != nil {
			return "", nil, err
		}
		fmt.Fprintf(sum, "%s %d\n", e.Name(), len(data))
		sum.Write(data)
		if err := os.WriteFile(filepath.Join(folder, e.Name()), data, 0o600); err != nil {
			return "", nil, err
		}
		if strings.HasSuffix(e.Name(), ".cpp") {
			units = append(units, e.Name())
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:12]), units, nil
}

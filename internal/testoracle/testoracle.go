// Package testoracle lets tests ask two independent implementations what they
// think of our output: the Java one on BouncyCastle and the Python one on
// OpenSSL with gost-engine. Both lie beside the checkout (see package testdata)
// and nothing of them is part of the repository.
//
// The folder they lie in may be read-only, so the Java one is copied once into
// the user's cache, under the hash of its sources, and compiled there. A test is
// skipped (in CI: fails) when an oracle or what it needs is not installed.
package testoracle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tanba/internal/testdata"
)

// Result is what an oracle said.
type Result struct {
	Valid  bool           // exit status 0
	Fields map[string]any // the answer of the Java oracle, which is JSON; else nil
	Output string
}

// Java runs the Java oracle: Java(t, "cms-verify", file, "--content", content).
// Its commands are in the README beside it.
func Java(t testing.TB, args ...string) Result {
	t.Helper()
	home := installed(t)
	need(t, "java", "the Java oracle")
	r := run(t, filepath.Join(home, "oracle"), args...)
	if json.Unmarshal([]byte(r.Output), &r.Fields) != nil {
		r.Fields = nil
	}
	return r
}

// OpenSSL runs the Python oracle on OpenSSL: OpenSSL(t, "cms-verify", file).
func OpenSSL(t testing.TB, args ...string) Result {
	t.Helper()
	script := testdata.SharedRoot(t, "oracle", "openssl", "kzossl.py") // writes nothing beside itself
	need(t, "gostsum", "the OpenSSL oracle")
	need(t, "gost12sum", "the OpenSSL oracle")
	const python = "/usr/bin/python3" // the one that Debian's python3-lxml is for
	need(t, python, "the OpenSSL oracle")
	if out, err := exec.Command(python, "-c", "import lxml").CombinedOutput(); err != nil {
		testdata.Missing(t, "python3-lxml: "+string(out))
	}
	return run(t, python, append([]string{script}, args...)...)
}

// Tool runs any installed program, such as openssl.
func Tool(t testing.TB, name string, args ...string) Result {
	t.Helper()
	need(t, name, name)
	return run(t, name, args...)
}

// File writes data where a program can read it and returns the path.
func File(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func need(t testing.TB, program, why string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		testdata.Missing(t, program+" for "+why)
	}
}

func run(t testing.TB, program string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	r := Result{Valid: err == nil, Output: out.String()}
	// Status 1 is a verdict; everything else says that the oracle itself failed.
	if exit := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) {
		t.Fatalf("%s %q: %v\n%s%s", program, args, err, out.String(), errs.String())
	}
	if !r.Valid {
		r.Output += errs.String()
	}
	return r
}

var once struct {
	sync.Mutex
	home string
}

// installed returns the folder of the compiled copy.
func installed(t testing.TB) string {
	t.Helper()
	source := testdata.SharedRoot(t, "oracle")
	once.Lock()
	defer once.Unlock()
	if once.home == "" {
		need(t, "javac", "the Java oracle")
		home, err := install(source)
		if err != nil {
			t.Fatalf("testoracle: %v", err)
		}
		once.home = home
	}
	return once.home
}

func install(source string) (string, error) {
	files := map[string][]byte{}
	hash := sha256.New()
	err := filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(source, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "build" || d.Name() == "__pycache__"):
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		files[name] = data
		fmt.Fprintf(hash, "%s %d\n", name, len(data))
		hash.Write(data)
		return err
	})
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "tanba-test-oracle")
	home := filepath.Join(cache, fmt.Sprintf("%x", hash.Sum(nil)[:12]))
	if _, err := os.Stat(home); err == nil {
		return home, nil
	}

	// Several packages are tested at once: build aside, then give the name.
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	aside, err := os.MkdirTemp(cache, "building-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	for name, data := range files {
		path := filepath.Join(aside, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, data, 0o700); err != nil {
			return "", err
		}
	}
	if out, err := exec.Command(filepath.Join(aside, "build.sh")).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	if err := os.Rename(aside, home); err != nil {
		if _, statErr := os.Stat(home); statErr != nil {
			return "", err
		}
	}
	return home, nil
}

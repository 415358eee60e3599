//go:build unix

package enrollment

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/keystore/pkcs12"
)

// The child of the crash tests: it does one thing to one file and stops dead at
// the n-th thing that reaches the disk.
func TestMain(m *testing.M) {
	if what := os.Getenv("TANBA_CRASH"); what != "" {
		os.Exit(crash(what))
	}
	os.Exit(m.Run())
}

func crash(what string) int {
	at, err := strconv.Atoi(os.Getenv("TANBA_CRASH_AT"))
	if err != nil {
		return 2
	}
	n := 0
	step = func(string) error {
		if n++; n == at {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
	path := os.Getenv("TANBA_CRASH_FILE")
	switch what {
	case "passwd":
		err = ChangePassword(path, password, []byte("Newpass1"), Keep, nil)
	case "import":
		var ca, leaf []byte
		if ca, err = os.ReadFile(path + ".ca"); err != nil {
			break
		}
		if leaf, err = os.ReadFile(path + ".cer"); err != nil {
			break
		}
		var root *pki.Certificate
		if root, err = pki.ParseCertificate(ca); err != nil {
			break
		}
		pool := pki.NewPool(nil)
		pool.AddRoot(root)
		_, err = Check{Anchors: pool}.InstallFile(path, "", password, [][]byte{leaf}, nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// run returns whether the child was killed.
func run(t *testing.T, what, path string, at int) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TANBA_CRASH="+what, "TANBA_CRASH_FILE="+path, "TANBA_CRASH_AT="+strconv.Itoa(at))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return true
	}
	if err != nil {
		t.Fatalf("step %d: %v: %s", at, err, out)
	}
	return false
}

// Killed at every step of a change of password: the file opens with the old
// password or with the new one.
func TestKilledWhileChangingPassword(t *testing.T) {
	a := newAuthority(t)
	id, err := a.Issue(testpki.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	data, _, err := a.PKCS12(id, password)
	if err != nil {
		t.Fatal(err)
	}
	var changed, unchanged int
	for at := 1; ; at++ {
		path := filepath.Join(t.TempDir(), "key.p12")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		killed := run(t, "passwd", path, at)
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("step %d: %v", at, err)
		}
		switch {
		case opens(password, id.Certificate)(after) == nil:
			unchanged++
		case opens([]byte("Newpass1"), id.Certificate)(after) == nil:
			changed++
		default:
			t.Fatalf("step %d: the file opens with neither password", at)
		}
		if !killed {
			break
		}
	}
	// Kills on both sides of the moment, and the run that was not killed.
	if unchanged < 5 || changed < 2 {
		t.Errorf("%d times the old file, %d times the new one", unchanged, changed)
	}
}

// Killed at every step of an import: the key opens from the pending file or
// from the new one, and starting again finishes.
func TestKilledWhileImporting(t *testing.T) {
	a := newAuthority(t)
	var finished, pending int
	for at := 1; ; at++ {
		dir := t.TempDir()
		p := newPending(t, dir, pki.GOST512)
		leaf := certify(t, p, testpki.Profile{})
		for name, der := range map[string][]byte{".ca": a.Issuing().Raw, ".cer": leaf.Raw} {
			if err := os.WriteFile(p.Path+name, der, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		killed := run(t, "import", p.Path, at)
		target := filepath.Join(dir, pkcs12.FileName(leaf))
		data, err := os.ReadFile(target)
		switch {
		case err == nil && opens(password, leaf)(data) == nil:
			finished++
		case err == nil:
			t.Fatalf("step %d: a half-written key file", at)
		default:
			if _, destroy, err := pendingKey(p.Path, password); err != nil {
				t.Fatalf("step %d: the key is gone: %v", at, err)
			} else {
				destroy()
			}
			pending++
		}
		if _, err := os.Stat(p.Path); err == nil {
			if _, err := check(t).InstallFile(p.Path, "", password, [][]byte{leaf.Raw}, nil); err != nil {
				t.Fatalf("step %d: starting again: %v", at, err)
			}
		}
		if !killed {
			break
		}
	}
	if finished < 2 || pending < 5 {
		t.Errorf("%d times finished, %d times pending", finished, pending)
	}
}

// Every step fails as a full disk does: the error says so, nothing changes and
// nothing is left behind.
func TestFullDisk(t *testing.T) {
	a := newAuthority(t)
	id, err := a.Issue(testpki.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	data, _, err := a.PKCS12(id, password)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { step = func(string) error { return nil } }()
	for _, name := range []string{"open", "write", "sync", "replace"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "key.p12")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		step = func(at string) error {
			if at == name {
				return syscall.ENOSPC
			}
			return nil
		}
		if err := ChangePassword(path, password, []byte("Newpass1"), Keep, nil); !errors.Is(err, ErrDiskFull) {
			t.Errorf("%s: %v", name, err)
		}
		after, err := os.ReadFile(path)
		if err != nil || opens(password, id.Certificate)(after) != nil {
			t.Errorf("%s: the old file is not whole", name)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

// A real limit on the size of files, as a quota is.
func TestRealFullDisk(t *testing.T) {
	dir := t.TempDir()
	p := newPending(t, dir, pki.GOST512)
	cmd := exec.Command("sh", "-c", "ulimit -f 1; exec \"$0\"", os.Args[0])
	cmd.Env = append(os.Environ(), "TANBA_CRASH=passwd", "TANBA_CRASH_FILE="+p.Path, "TANBA_CRASH_AT=0")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), ErrDiskFull.Error()) {
		t.Errorf("%v: %s", err, out)
	}
	if _, destroy, err := pendingKey(p.Path, password); err != nil {
		t.Errorf("the old file: %v", err)
	} else {
		destroy()
	}
}

func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	p := newPending(t, dir, pki.GOST512)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	leaf := certify(t, p, testpki.Profile{})
	if os.Getuid() == 0 {
		// Nothing is read-only for root; the kernel's own tree is.
		if _, err := check(t).InstallFile(p.Path, "/sys/new.p12", password, [][]byte{leaf.Raw}, nil); !errors.Is(err, ErrReadOnly) {
			t.Error(err)
		}
		return
	}
	if _, err := check(t).InstallFile(p.Path, "", password, [][]byte{leaf.Raw}, nil); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
}

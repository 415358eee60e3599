package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tanba/internal/testdata"
)

// nobody is the user as whom windows are tried when the tests run as root:
// browsers keep their sandbox then, and it is not switched off here either.
const nobody = 65534

// asPerson reports whether this process may play the person. Run as root, it runs
// the one test again as an unprivileged user, with a home of its own, and takes
// over the verdict. Folders are there for the user under their own names.
func asPerson(t *testing.T, folders ...string) bool {
	t.Helper()
	for _, tool := range []string{"Xvfb", "openbox", "xdotool", "chromium"} {
		if _, err := exec.LookPath(tool); err != nil {
			testdata.Missing(t, tool)
		}
	}
	if os.Getuid() != 0 {
		return true
	}
	dir, err := os.MkdirTemp("", "tanba-person-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"tests": self, "tanba": release.binary(t)} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range folders {
		if err := os.CopyFS(filepath.Join(dir, filepath.Base(folder)), os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "tanba"), filepath.Join(dir, "tests")} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(dir, "tests"), "-test.v", "-test.run", "^"+t.Name()+"$", "-test.timeout", "3m")
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH"), "CI=" + os.Getenv("CI"), "TANBA_E2E_RELEASE=" + filepath.Join(dir, "tanba"),
		"TANBA_E2E_SCREENSHOTS=" + os.Getenv("TANBA_E2E_SCREENSHOTS")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	t.Logf("as user %d:\n%s", nobody, out)
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("as user %d: %v", nobody, err)
	}
	return false
}

// display is a virtual screen with a window manager, so that windows get the
// keyboard as they do on a desk.
type display struct {
	t      testing.TB
	Name   string
	memory string // the file where Xvfb keeps what is on the screen
	shots  int
}

func startDisplay(t testing.TB) *display {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset", "-fbdir", folder)
	server.ExtraFiles = []*os.File{write}
	startUntilEnd(t, server)
	write.Close()
	read.SetReadDeadline(time.Now().Add(20 * time.Second))
	number := make([]byte, 16)
	n, err := io.ReadAtLeast(read, number, 2)
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	d := &display{
		t:      t,
		Name:   ":" + strings.TrimSpace(string(number[:n])),
		memory: filepath.Join(folder, "Xvfb_screen0"),
	}
	manager := exec.Command("openbox", "--sm-disable")
	manager.Env = append(os.Environ(), "DISPLAY="+d.Name)
	startUntilEnd(t, manager)
	return d
}

func startUntilEnd(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

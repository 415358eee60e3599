package e2e

import (
	"bytes"
	"context"
	"fmt"
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
// over the verdict.
func asPerson(t *testing.T) bool {
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
	t     testing.TB
	Name  string
	shots int
}

func startDisplay(t testing.TB) *display {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{write}
	startUntilEnd(t, server)
	write.Close()
	read.SetReadDeadline(time.Now().Add(20 * time.Second))
	number := make([]byte, 16)
	n, err := io.ReadAtLeast(read, number, 2)
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	d := &display{t: t, Name: ":" + strings.TrimSpace(string(number[:n]))}
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

// xdotool always has a limit: a lost key would hang the test.
func (d *display) xdotool(args ...string) error {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, "xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.Name)
	return cmd.Run()
}

// await waits for a window whose title contains the text, and gives it the
// keyboard.
func (d *display) await(title string) {
	d.t.Helper()
	if err := d.xdotool("search", "--sync", "--onlyvisible", "--name", title, "windowactivate", "--sync"); err != nil {
		d.t.Fatalf("no window %q: %v", title, err)
	}
	d.pause()
}

// gone reports whether the window is closed within the time.
func (d *display) gone(title string, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if d.xdotool("search", "--onlyvisible", "--name", title) != nil {
			return true
		}
	}
	return false
}

// pause is the moment between two things a person does. With a folder for
// screenshots, it is a moment for one.
func (d *display) pause() {
	time.Sleep(800 * time.Millisecond)
	if folder := os.Getenv("TANBA_E2E_SCREENSHOTS"); folder != "" {
		d.shots++
		cmd := exec.Command("import", "-display", d.Name, "-window", "root", filepath.Join(folder, fmt.Sprintf("%02d.png", d.shots)))
		if out, err := cmd.CombinedOutput(); err != nil {
			d.t.Logf("import (imagemagick): %v %s", err, out)
		}
	}
}

// look is the time that the main button waits for, so that nobody signs what they
// have not seen.
func (d *display) look() { time.Sleep(time.Second) }

func (d *display) press(keys ...string) {
	d.t.Helper()
	for _, k := range keys {
		if err := d.xdotool("key", k); err != nil {
			d.t.Fatalf("key %s: %v", k, err)
		}
	}
	d.pause()
}

func (d *display) enter(text string) {
	d.t.Helper()
	if err := d.xdotool("type", "--delay", "20", text); err != nil {
		d.t.Fatalf("typing: %v", err)
	}
	d.press("Return")
}

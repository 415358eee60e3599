//go:build !windows

package service

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"tanba/internal/state"
	"tanba/internal/testdata"
)

// fakeSystemctl puts a systemctl into PATH that answers as one does and writes
// down what it was asked.
func fakeSystemctl(t *testing.T, home string) (asked func() string) {
	t.Helper()
	bin := t.TempDir()
	log := filepath.Join(bin, "log")
	script := "#!/bin/sh\necho \"$@\" >>" + log + "\n" + `dir=$HOME/.config/systemd/user
case "$1" in
enable) for w in graphical-session default; do mkdir -p $dir/$w.target.wants; ln -sf $dir/$3 $dir/$w.target.wants/$3; done ;;
disable) [ -e $dir/$3 ] || exit 1; rm -rf $dir/*.wants ;;
is-active) [ -e $HOME/active ] && echo active || { echo inactive; exit 3; } ;;
start) : >$HOME/active ;;
stop) rm -f $HOME/active ;;
esac
exit 0
`
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("HOME", home)
	return func() string {
		data, _ := os.ReadFile(log)
		os.Remove(log)
		return string(data)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}

// What kardianos makes of our template is what packages of the system ship, and
// what is written here.
func TestUnitIsWhatIsWritten(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("systemd")
	}
	for name, program := range map[string]string{
		"tanba.service": "/usr/bin/tanba", "strange.service": "/home/Ер лан/100% tanba/tanba",
	} {
		home := t.TempDir()
		fakeSystemctl(t, home)
		args := []string{"serve"}
		if name == "strange.service" {
			args = []string{"serve", "--state", "/home/Ер лан/50%"}
		}
		a, err := New(Options{Program: program, Args: args, Home: home, Backend: Systemd, State: state.Dir(t.TempDir())})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Install(t.Context()); err != nil {
			t.Fatal(err)
		}
		unit, err := os.ReadFile(filepath.Join(home, ".config/systemd/user/tanba.service"))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(unit))
		if got := Unit(program, args...); got != string(unit) {
			t.Errorf("Unit(%q):\n%s", program, got)
		}
		if !a.Current() {
			t.Error("what was just installed is not what would be")
		}
	}
}

// systemd understands the unit.
func TestSystemdVerifiesTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		testdata.Missing(t, "systemd-analyze (systemd)")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "100% tanba")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tanba.service")
	if err := os.WriteFile(path, []byte(Unit(program)), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(analyze, "--user", "verify", path)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir(), "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "tanba.service") {
		t.Errorf("%v: %s", err, out)
	}
}

// The property list of launchd, as kardianos' own language would render it, is
// one that Apple's format admits.
func TestPlist(t *testing.T) {
	got := strings.ReplaceAll(plist("/Users/a & b/tanba", []string{"serve", "--state", "/x<y"}), "<string>tanba</string>", "<string>kz.tanba</string>")
	golden(t, "kz.tanba.plist", got)
	lint, err := exec.LookPath("plistutil")
	if err != nil {
		testdata.Missing(t, "plistutil (libplist-utils)")
	}
	out, err := exec.Command(lint, "-i", filepath.Join("testdata", "kz.tanba.plist"), "-f", "bin").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "bplist00") || !strings.Contains(string(out), "SuccessfulExit") || !strings.Contains(string(out), "RunAtLoad") {
		t.Errorf("%v: %s", err, out)
	}
}

// The verbs, in the order a person meets them.
func TestVerbs(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("systemd")
	}
	home := t.TempDir()
	asked := fakeSystemctl(t, home)
	a, err := New(Options{Program: "/usr/bin/tanba", Home: home, Backend: Systemd, State: state.Dir(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	status := func(want Status) {
		t.Helper()
		if got, err := a.Status(ctx); err != nil || got != want {
			t.Errorf("status %v, %v, want %v", got, err, want)
		}
	}
	status(NotInstalled)
	for name, verb := range map[string]func(context.Context) error{"start": a.Start, "stop": a.Stop, "restart": a.Restart} {
		if err := verb(ctx); !errors.Is(err, ErrNotInstalled) {
			t.Errorf("%s before install: %v", name, err)
		}
	}
	asked()
	if err := a.Install(ctx); err != nil {
		t.Fatal(err)
	}
	if got := asked(); got != "enable --user tanba.service\ndaemon-reload --user\n" {
		t.Errorf("install asked\n%s", got)
	}
	status(Stopped)
	if err := a.Stop(ctx); !errors.Is(err, ErrNotRunning) {
		t.Errorf("stop of a stopped one: %v", err)
	}
	if err := a.Start(ctx); err != nil {
		t.Error(err)
	}
	status(Running)
	if err := a.Restart(ctx); err != nil {
		t.Error(err)
	}
	status(Running)
	if err := a.Stop(ctx); err != nil {
		t.Error(err)
	}
	status(Stopped)
	// An older unit of ours is replaced.
	unit := a.Entries()[0].Path
	if err := os.WriteFile(unit, []byte("[Service]\nExecStart=/old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if a.Current() {
		t.Error("an older unit counts as current")
	}
	if err := a.Install(ctx); err != nil || !a.Current() {
		t.Errorf("install over an older unit: %v", err)
	}
	if err := a.Remove(ctx); err != nil {
		t.Error(err)
	}
	status(NotInstalled)
	if err := a.Remove(ctx); err != nil {
		t.Errorf("a second removal: %v", err)
	}
}

// Without a manager of the session there is the desktop's autostart.
func TestAutostart(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", "")
	o := Options{Program: "/opt/Tan ba/tanba", Home: home, State: state.Dir(t.TempDir()), Run: func(context.Context, string, ...string) ([]byte, error) {
		return nil, errors.New("no manager")
	}}
	if runtime.GOOS == "darwin" {
		o.Backend = Autostart
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if a.Backend() != Autostart {
		t.Fatalf("backend %s", a.Backend())
	}
	if err := a.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(home, ".config/autostart/tanba.desktop"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "tanba.desktop", string(text))
	if s, err := a.Status(t.Context()); err != nil || s != Stopped {
		t.Errorf("%v, %v", s, err)
	}
	if err := a.Remove(t.Context()); err != nil || a.Installed() {
		t.Errorf("after removal: %v", err)
	}
}

// A note of a process that is not the bridge stops nobody.
func TestFindBelievesTheKernel(t *testing.T) {
	dir := state.Dir(t.TempDir())
	if _, ok := Find(dir); ok {
		t.Error("found without a note")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	forget, err := Announce(dir, Process{Port: port, Version: "1", Since: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := Find(dir); !ok || p.PID != os.Getpid() || p.Port != port {
		t.Errorf("%+v, %v", p, ok)
	}
	forget()
	if _, ok := Find(dir); ok {
		t.Error("found after it was forgotten")
	}
	if runtime.GOOS != "linux" {
		return // nobody there tells who holds a port
	}
	sleeper := exec.Command("sleep", "60")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { sleeper.Process.Kill(); sleeper.Wait() }()
	for _, note := range []string{
		`{"pid":1,"port":` + strconv.Itoa(port) + `}`,
		`{"pid":` + strconv.Itoa(sleeper.Process.Pid) + `,"port":` + strconv.Itoa(port) + `}`,
		`{"pid":` + strconv.Itoa(os.Getpid()) + `,"port":1}`, `{`,
	} {
		if err := dir.Write([]byte(note), processFile); err != nil {
			t.Fatal(err)
		}
		if p, ok := Find(dir); ok {
			t.Errorf("%s: %+v", note, p)
		}
		if err := Terminate(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: %v", note, err)
		}
	}
}

func TestUnusablePaths(t *testing.T) {
	for _, program := range []string{"tanba", "/a\"b", "/a\nb", "/a$b", "/a`b", `/a\b`} {
		if _, err := New(Options{Program: program, Home: "/", Backend: Autostart}); !errors.Is(err, ErrPath) {
			t.Errorf("%q: %v", program, err)
		}
	}
}

// Package service makes the bridge start when its person logs in, and starts,
// stops and asks after it, with the same words on every system.
//
// The bridge is an agent of the person's session, never a service of the
// machine: what runs outside the session can show no window and reach no key
// (security.md §11). So there is, by system:
//
//	systemd     a user unit, ~/.config/systemd/user/tanba.service
//	autostart   where no systemd manages the session: an XDG entry,
//	            ~/.config/autostart/tanba.desktop
//	launchd     macOS: ~/Library/LaunchAgents/kz.tanba.plist
//	run-key     Windows: a value under HKCU …\CurrentVersion\Run
//
// With Options.Machine the same entry is made once for everybody who logs in
// (/etc/systemd/user, /etc/xdg/autostart, /Library/LaunchAgents, HKLM), by an
// administrator; each person still has an agent of their own.
//
// A systemd unit of the person and the agent of launchd are installed, started
// and stopped through github.com/kardianos/service with the templates of this
// package; its own would never start at login (systemd) or would come back after
// a stop (launchd). It knows no such thing on Windows and no XDG entries.
//
// Stop means stopped: the unit restarts the bridge after a crash only, and the
// other entries do not watch it at all. Where nothing supervises the agent it is
// found through agent.json in the state directory and told to end by its process
// id, after the kernel has said that this process does hold the bridge's port.
//
// The agents of launchd and the Windows entries were written after the documents
// of these systems; nobody has run the former.
package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"tanba/internal/state"
)

// Name is the unit's, and the label's last part.
const Name = "tanba"

// Description is what lists of services and of autostart entries show.
const Description = "Tanba signing bridge"

// Backend is the way the system starts programs at login.
type Backend string

const (
	Systemd   Backend = "systemd"
	Autostart Backend = "autostart"
	Launchd   Backend = "launchd"
	RunKey    Backend = "run-key"
)

// Status of the agent. The numbers are the exit codes of `tanba status`.
type Status int

const (
	Running      Status = 0
	NotInstalled Status = 3
	Stopped      Status = 4
)

var (
	// ErrNotInstalled: there is no entry to start or stop.
	ErrNotInstalled = errors.New("service: not installed")
	// ErrNotRunning: there is nothing to stop.
	ErrNotRunning = errors.New("service: not running")
	// ErrNeedAdmin: entries for the whole machine are made by an administrator.
	ErrNeedAdmin = errors.New("service: an administrator must do this")
	// ErrPath: the program's path cannot be written into an entry.
	ErrPath = errors.New("service: unusable path")
)

// Options say what is to be started. Program is required.
type Options struct {
	Program string   // absolute path
	Args    []string // nil = serve
	Machine bool     // for everybody who logs in
	State   state.Dir
	Home    string  // "" = the person's
	Backend Backend // "" = what this system has
	// Run runs a program; nil = exec.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
}

// Agent is one entry. It changes nothing until told to.
type Agent struct {
	o Options
	b backend
}

// Entry is a file or registry value that makes the agent start.
type Entry struct {
	Path string
	Text string // "" for a link, which Link tells
	Link string
}

// backend is one system's way.
type backend interface {
	// entries is everything install makes, without folders.
	entries() []Entry
	install(ctx context.Context) error
	// remove also takes away what a killed install left.
	remove(ctx context.Context) error
	start(ctx context.Context) error
	stop(ctx context.Context) error
	running(ctx context.Context) (bool, error)
	// packaged names the entry a package of the system brought, "" for none.
	packaged() string
}

// New returns the agent of this system.
func New(o Options) (*Agent, error) {
	if !filepath.IsAbs(o.Program) || strings.ContainsAny(o.Program, "\n\r\"\\`$") && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%w: %q", ErrPath, o.Program)
	}
	if o.Args == nil {
		o.Args = []string{"serve"}
	}
	for _, a := range o.Args {
		if strings.ContainsAny(a, "\n\r\"`$") {
			return nil, fmt.Errorf("%w: %q", ErrPath, a)
		}
	}
	if o.Home == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("service: %w", err)
		}
		o.Home = home
	}
	if o.Run == nil {
		o.Run = run
	}
	if o.Backend == "" {
		o.Backend = detect(context.Background(), &o)
	}
	a := &Agent{o: o}
	switch o.Backend {
	case Systemd, Launchd:
		a.b = supervised(&a.o)
	case Autostart:
		a.b = &autostart{&a.o}
	case RunKey:
		a.b = &runKey{&a.o}
	}
	if a.b == nil {
		return nil, fmt.Errorf("service: %s is not of this system", o.Backend)
	}
	return a, nil
}

// detect prefers whatever manages the session.
func detect(ctx context.Context, o *Options) Backend {
	switch runtime.GOOS {
	case "windows":
		return RunKey
	case "darwin":
		return Launchd
	}
	if o.Machine {
		if _, err := os.Stat("/run/systemd/system"); err == nil {
			return Systemd
		}
		return Autostart
	}
	// The user's manager answers, or there is none to start a unit.
	if _, err := o.Run(ctx, "systemctl", "--user", "show", "--property=Version"); err == nil {
		return Systemd
	}
	return Autostart
}

// Backend tells how the agent is started.
func (a *Agent) Backend() Backend { return a.o.Backend }

// Entries is everything Install makes, folders apart.
func (a *Agent) Entries() []Entry { return a.b.entries() }

// Packaged names the entry that a package of the system brought: there is
// nothing to install then, and nothing to remove.
func (a *Agent) Packaged() string {
	if a.o.Machine {
		return ""
	}
	return a.b.packaged()
}

// Installed reports whether there is an entry, whoever made it.
func (a *Agent) Installed() bool { return a.Packaged() != "" || present(a.b.entries()[0]) }

// Current reports whether what is installed is what Install would make.
func (a *Agent) Current() bool {
	for _, e := range a.b.entries() {
		if !current(e) {
			return false
		}
	}
	return true
}

// Install makes the entries. They replace older ones of ours.
func (a *Agent) Install(ctx context.Context) error {
	if a.Packaged() != "" || a.Current() {
		return nil
	}
	if present(a.b.entries()[0]) {
		if err := a.b.remove(ctx); err != nil {
			return err
		}
	}
	return a.b.install(ctx)
}

// Remove stops the agent and takes the entries away, also half-made ones.
func (a *Agent) Remove(ctx context.Context) error {
	if err := a.b.stop(ctx); err != nil && !errors.Is(err, ErrNotRunning) {
		return err
	}
	return a.b.remove(ctx)
}

// Start starts the agent unless it runs.
func (a *Agent) Start(ctx context.Context) error {
	if !a.Installed() {
		return ErrNotInstalled
	}
	return a.b.start(ctx)
}

// Stop ends the agent; nothing starts it again before the next login or Start.
func (a *Agent) Stop(ctx context.Context) error {
	if !a.Installed() {
		return ErrNotInstalled
	}
	return a.b.stop(ctx)
}

// Restart is Stop and Start; an agent that does not run is started.
func (a *Agent) Restart(ctx context.Context) error {
	if err := a.Stop(ctx); err != nil && !errors.Is(err, ErrNotRunning) {
		return err
	}
	return a.b.start(ctx)
}

// Status asks the system.
func (a *Agent) Status(ctx context.Context) (Status, error) {
	up, err := a.b.running(ctx)
	switch {
	case err != nil:
		return Stopped, err
	case up:
		return Running, nil
	case !a.Installed():
		return NotInstalled, nil
	}
	return Stopped, nil
}

func present(e Entry) bool {
	if isRegistry(e.Path) {
		return registryHas(e)
	}
	_, err := os.Lstat(e.Path)
	return err == nil
}

func current(e Entry) bool {
	switch {
	case isRegistry(e.Path):
		return registryEquals(e)
	case e.Link != "":
		target, err := os.Readlink(e.Path)
		return err == nil && target == e.Link
	}
	data, err := os.ReadFile(e.Path)
	return err == nil && string(data) == e.Text
}

func isRegistry(path string) bool { return strings.HasPrefix(path, "HK") }

func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return out, fmt.Errorf("service: %s: %w: %s", name, err, first)
	}
	return out, nil
}

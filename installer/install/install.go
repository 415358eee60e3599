// Package install puts Tanba on a machine and takes it off again without a
// trace.
//
// Install does, in this order: the program's place (a copy of itself in the
// person's folder, unless a package of the system brought it), settings and
// browser policies an administrator asked for, the entry that starts the agent
// at login (package service), the agent's start, and the local certificate in the
// browsers' stores (package trust), ended by a real handshake. Every change is
// written to a manifest, install.json in the state directory, before it is made,
// and reported.
//
// Uninstall goes through the manifest backwards. A file that was there before is
// put back octet for octet with its mode; one that was not is deleted; a folder
// goes when it was made for us and is empty. What somebody else has changed since
// is left as he left it, except that values of ours are taken out of policy files
// and our own program goes whatever has become of it. Each undone change leaves
// the manifest at once, so that a killed Uninstall is simply run again. The state
// directory goes last: with keys, settings, permissions and the journal of
// signatures, unless they are to be kept.
//
// For the whole machine (Options.Machine) an administrator installs the same
// once: the entry for everybody who logs in, and in the machine's settings the
// permission for each person's agent to add its own certificate to that person's
// stores. Each agent's key and certificate stay its person's.
package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"tanba/installer/service"
	"tanba/installer/trust"
	"tanba/internal/localca"
	"tanba/internal/settings"
	"tanba/internal/state"
)

// Options say what and where. State and Program are required.
type Options struct {
	State   state.Dir // of the person, or of the machine with Machine
	Program string    // the running program
	Home    string    // "" = the person's
	Machine bool      // for everybody who logs in
	InPlace bool      // do not copy the program
	Default bool      // State is the platform's place, so all of it is ours

	Settings []byte   // text of a settings file to put in place; nil = none
	Portals  []string // origins for the browsers' policies

	Trust  bool // add the certificate; the person has agreed
	System bool // also to the system store
	Java   bool // also to Java's

	NoStart bool // do not start the agent
	Keep    bool // Uninstall: keep settings, permissions and journals
	Dry     bool // report, change nothing

	Backend service.Backend // "" = what this system has
	Args    []string        // of the program, nil = serve
	// Report is told of each change, before it is made.
	Report func(Event)
	// Run runs a program; nil = exec.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
	Now func() time.Time
	// At is called before each change on disk; tests end the process there.
	At func(point string)
	// PolicyRoot stands before the paths of policies and of the machine's
	// settings, on Windows the name of a key instead of the policies' own;
	// "" = none. Tests set it.
	PolicyRoot string
}

// Action says what an Event is about; "install.ACTION" is its text.
type Action string

const (
	MakeFolder    Action = "folder"
	MakeFile      Action = "file"
	ReplaceFile   Action = "replace"
	SetPolicy     Action = "policy"
	WriteProfile  Action = "profile"
	AddAgent      Action = "agent"
	UsePackaged   Action = "packaged"
	StartAgent    Action = "start"
	StopAgent     Action = "stop"
	AddTrust      Action = "trust"
	Handshake     Action = "handshake"
	NoHandshake   Action = "no_handshake"
	RemoveFile    Action = "remove"
	RestoreFile   Action = "restore"
	RemoveFolder  Action = "remove_folder"
	RemovePolicy  Action = "remove_policy"
	RemoveAgent   Action = "remove_agent"
	RemoveTrust   Action = "remove_trust"
	RemoveState   Action = "remove_state"
	LeftChanged   Action = "left"
	CertutilNeeds Action = "certutil"
)

// Event is one change, or one thing a person should know.
type Event struct {
	Action Action
	Path   string
	Trust  *trust.Result // of AddTrust and RemoveTrust
	Err    error
}

var (
	// ErrNotInstalled: there is nothing to take away.
	ErrNotInstalled = errors.New("install: not installed")
	// ErrNewer: a later version has installed itself here.
	ErrNewer = errors.New("install: installed by a later version")
	// ErrPortal: a policy names exact origins of https pages.
	ErrPortal = errors.New("install: not an origin of a portal")
)

func (o *Options) complete() error {
	if o.State == "" || o.Program == "" {
		return errors.New("install: no state directory or no program")
	}
	if o.Home == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("install: %w", err)
		}
		o.Home = home
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Report == nil {
		o.Report = func(Event) {}
	}
	if o.At == nil {
		o.At = func(string) {}
	}
	for _, p := range o.Portals {
		if err := checkPortal(p); err != nil {
			return err
		}
	}
	if o.Settings != nil {
		if _, err := settings.Parse(o.Settings); err != nil {
			return err
		}
	}
	return nil
}

// Agent is the entry that starts the program at login.
func (o *Options) Agent(program string) (*service.Agent, error) {
	return service.New(service.Options{
		Program: program, Args: o.Args, Machine: o.Machine, State: o.State, Home: o.Home, Backend: o.Backend, Run: o.Run,
	})
}

// Install does all that is missing; what is there already stays. An upgrade is
// the same call from the new program.
func Install(ctx context.Context, o Options) error {
	if err := o.complete(); err != nil {
		return err
	}
	m, err := open(&o)
	if err != nil {
		return err
	}
	program, replaced, err := m.program()
	if err != nil {
		return err
	}
	if err := m.settings(); err != nil {
		return err
	}
	if err := m.policies(); err != nil {
		return err
	}
	agent, err := o.Agent(program)
	if err != nil {
		return err
	}
	changed, err := m.agent(ctx, agent, program)
	if err != nil {
		return err
	}
	if !o.NoStart {
		if err := m.start(ctx, agent, changed || replaced); err != nil {
			return err
		}
	}
	if o.Trust && !o.Machine {
		return m.trust(ctx)
	}
	return nil
}

// start starts the agent, or restarts one that still runs what was there before.
func (m *manifest) start(ctx context.Context, agent *service.Agent, changed bool) error {
	status := service.Stopped
	if !m.o.Dry {
		var err error
		if status, err = agent.Status(ctx); err != nil {
			return err
		}
	}
	if status == service.Running && !changed {
		return nil
	}
	if m.o.Machine && os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" && os.Getenv("XDG_RUNTIME_DIR") == "" {
		return nil // nobody's session: people's agents start when they log in
	}
	m.report(StartAgent, string(agent.Backend()))
	if m.o.Dry {
		return nil
	}
	if status == service.Running {
		return agent.Restart(ctx)
	}
	return agent.Start(ctx)
}

// trust adds the certificate to the stores, then tries a handshake with what the
// stores hold.
func (m *manifest) trust(ctx context.Context) error {
	to := trust.Options{State: m.o.State, Home: m.o.Home, System: m.o.System, Java: m.o.Java, Run: m.o.Run, At: m.o.At, Now: m.o.Now}
	if m.o.Dry {
		m.report(AddTrust, "")
		return nil
	}
	bundle, _, err := localca.LoadOrIssue(m.o.State, m.o.Now())
	if err != nil {
		return err
	}
	to.Root = bundle.CA
	m.o.At("trust")
	if err := m.note(Change{Kind: kindTrust}); err != nil {
		return err
	}
	results, err := trust.Install(ctx, to)
	for _, r := range results {
		m.o.Report(Event{Action: AddTrust, Path: r.Path, Trust: &r, Err: r.Err})
	}
	if err != nil {
		return err
	}
	return m.handshake(ctx, to)
}

// handshake connects as a browser would, with the roots each store holds.
func (m *manifest) handshake(ctx context.Context, to trust.Options) error {
	if m.o.NoStart {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		p, up := service.Find(m.o.State)
		if up {
			addr := fmt.Sprintf("127.0.0.1:%d", p.Port)
			results, err := trust.CheckStores(ctx, to, addr)
			if err != nil {
				return err
			}
			for _, r := range results {
				action := Handshake
				if r.Err != nil || !r.Trusted {
					action = NoHandshake
				}
				m.o.Report(Event{Action: action, Path: r.Path, Trust: &r, Err: r.Err})
			}
			return nil
		}
		select {
		case <-wait.Done():
			m.report(NoHandshake, "")
			return fmt.Errorf("install: the bridge does not answer: %w", service.ErrNotRunning)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// program finds or makes the program's lasting place.
func (m *manifest) program() (path string, replaced bool, err error) {
	if m.o.InPlace || lasting(m.o.Program, m.o.Home) {
		return m.o.Program, false, nil
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	dir := m.o.programFolder()
	path = filepath.Join(dir, "tanba"+suffix)
	helper := "tanba-token" + suffix
	for to, from := range map[string]string{
		path:                       m.o.Program,
		filepath.Join(dir, helper): filepath.Join(filepath.Dir(m.o.Program), helper),
	} {
		if from == to {
			continue
		}
		data, err := os.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) && from != m.o.Program {
			continue // the helper for tokens is not part of every build
		}
		if err != nil {
			return "", false, fmt.Errorf("install: %w", err)
		}
		changed, err := m.file(to, data, 0o755, kindProgram)
		if err != nil {
			return "", false, err
		}
		replaced = replaced || changed
	}
	return path, replaced, nil
}

func (o *Options) programFolder() string {
	switch {
	case runtime.GOOS == "windows" && o.Machine:
		return filepath.Join(os.Getenv("ProgramFiles"), "Tanba")
	case runtime.GOOS == "windows":
		return filepath.Join(os.Getenv("LocalAppData"), "Programs", "Tanba")
	case o.Machine:
		return filepath.Join(o.PolicyRoot, "/usr/local/bin")
	case runtime.GOOS == "darwin":
		return filepath.Join(o.Home, "Library", "Application Support", "Tanba", "bin")
	}
	return filepath.Join(o.Home, ".local", "bin")
}

// lasting tells whether the program lies where programs stay: where packages put
// them, or inside an application bundle.
func lasting(program, home string) bool {
	if strings.Contains(program, ".app/Contents/MacOS/") {
		return true
	}
	places := []string{"/usr/", "/opt/", "/nix/store/", "/gnu/store/", "/snap/"}
	if runtime.GOOS == "windows" {
		places = []string{os.Getenv("ProgramFiles") + `\`, os.Getenv("LocalAppData") + `\Programs\`}
	}
	for _, p := range places {
		if len(p) > 1 && strings.HasPrefix(program, p) {
			return true
		}
	}
	return false
}

// settings puts an administrator's file in place.
func (m *manifest) settings() error {
	path := m.o.State.Path(settings.File)
	text, mode := m.o.Settings, os.FileMode(0o600)
	if m.o.Machine {
		path, mode = filepath.Join(m.o.PolicyRoot, settings.MachinePath()), 0o644
		if m.o.Trust {
			var err error
			if text, err = settings.WithTrust(text, path); err != nil {
				return err
			}
		}
	}
	if text == nil {
		return nil
	}
	_, err := m.file(path, text, mode, kindFile)
	return err
}

// agent makes the entry that starts the program at login.
func (m *manifest) agent(ctx context.Context, agent *service.Agent, program string) (changed bool, err error) {
	if p := agent.Packaged(); p != "" {
		m.report(UsePackaged, p)
		return false, nil
	}
	if agent.Current() && m.has(kindAgent) {
		return false, nil
	}
	for _, e := range agent.Entries() {
		m.report(AddAgent, e.Path)
		if m.o.Dry || strings.HasPrefix(e.Path, "HK") {
			continue
		}
		if err := m.keepFile(e.Path); err != nil {
			return false, err
		}
	}
	if m.o.Dry {
		return true, nil
	}
	if err := m.note(Change{Kind: kindAgent, Agent: &agentNote{agent.Backend(), program, m.o.Args, m.o.Machine}}); err != nil {
		return false, err
	}
	m.o.At("agent")
	return true, agent.Install(ctx)
}

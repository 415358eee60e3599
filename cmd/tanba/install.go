package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/term"

	"tanba/installer/install"
	"tanba/installer/service"
	"tanba/installer/trust"
	"tanba/internal/localca"
	"tanba/internal/settings"
	"tanba/internal/state"
	"time"
)

// Exit codes of the verbs about the installed bridge.
const (
	exitNotInstalled = int(service.NotInstalled)
	exitNotRunning   = int(service.Stopped)
)

// portals is a flag that may be given several times.
type portals []string

func (l *portals) String() string     { return strings.Join(*l, ",") }
func (l *portals) Set(s string) error { *l = append(*l, s); return nil }

func installVerb(c *command, args []string) int {
	var named portals
	yes := c.flags.Bool("yes", false, "")
	system := c.flags.Bool("system", false, "")
	java := c.flags.Bool("java", false, "")
	machine := c.flags.Bool("machine", false, "")
	enterprise := c.flags.Bool("enterprise", false, "")
	c.flags.Var(&named, "portal", "")
	settingsFile := c.flags.String("settings", "", "")
	inPlace := c.flags.Bool("in-place", false, "")
	noStart := c.flags.Bool("no-start", false, "")
	dry := c.flags.Bool("dry-run", false, "")
	words, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(words) > 0:
		return c.usageError(words[0])
	case *enterprise != (len(named) > 0):
		return c.usageError("--enterprise --portal https://…")
	}
	o, err := c.installOptions(*machine)
	if err != nil {
		return c.failInstall(err)
	}
	o.System, o.Java, o.InPlace, o.NoStart, o.Dry, o.Portals = *system, *java, *inPlace, *noStart, *dry, named
	if *settingsFile != "" {
		if o.Settings, err = os.ReadFile(*settingsFile); err != nil {
			return c.usageError(err.Error())
		}
	}
	if o.Trust, err = c.agreeToInstall(o, *yes); err != nil {
		return c.failInstall(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	trusted, troubled := false, false
	report := o.Report
	o.Report = func(e install.Event) {
		trusted = trusted || e.Action == install.AddTrust && e.Trust != nil && e.Trust.Trusted
		troubled = troubled || e.Err != nil || e.Action == install.NoHandshake
		report(e)
	}
	err = install.Install(ctx, o)
	switch {
	case errors.Is(err, trust.ErrNoCertutil) || errors.Is(err, trust.ErrNoStores) || errors.Is(err, trust.ErrNoJava):
		// The bridge is there and runs; what the browsers lack can be had.
		c.fail("cli.trust_failed", err)
		fmt.Fprintf(c.stderr, "tanba: %s: %s\n", c.text("cli.hint"), trust.Hint(c.lang, err))
		return exitError
	case err != nil:
		c.failInstall(err)
		c.hint("install.again")
		return exitError
	case *dry:
		c.say("install.dry")
		return exitOK
	case *machine:
		c.say("install.done_machine")
	case !*noStart:
		c.say("install.done")
	}
	if !o.Trust && !trusted {
		c.say("install.trust_later")
	}
	if troubled {
		return exitError
	}
	return exitOK
}

// agreeToInstall shows which certificate would be added and asks, unless the
// answer was given on the command line. A script that neither says --yes nor has
// a person at its terminal has not agreed.
func (c *command) agreeToInstall(o install.Options, yes bool) (bool, error) {
	if yes || o.Dry {
		return true, nil
	}
	if !term.IsTerminal(int(c.stdin.Fd())) {
		return false, nil
	}
	if o.Machine {
		return c.agree(), nil
	}
	bundle, err := localca.Load(o.State)
	if errors.Is(err, localca.ErrNoBundle) {
		// Not stored before the installation has its manifest: the question
		// is about the one that comes.
		fmt.Fprintln(c.stderr, trust.QuestionBefore(c.lang, time.Now().Add(localca.Lifetime)))
		return c.agree(), nil
	}
	if err != nil {
		return false, err
	}
	fmt.Fprintln(c.stderr, trust.Question(c.lang, bundle.CA))
	return c.agree(), nil
}

func uninstallVerb(c *command, args []string) int {
	machine := c.flags.Bool("machine", false, "")
	keep := c.flags.Bool("keep", false, "")
	dry := c.flags.Bool("dry-run", false, "")
	c.flags.Bool("yes", false, "")
	words, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(words) > 0:
		return c.usageError(words[0])
	}
	o, err := c.installOptions(*machine)
	if err != nil {
		return c.failInstall(err)
	}
	o.Keep, o.Dry = *keep, *dry
	// Not to be interrupted half-way by a hasty Ctrl+C; were it killed, the
	// next one goes on from there.
	err = install.Uninstall(context.Background(), o)
	switch {
	case errors.Is(err, install.ErrNotInstalled):
		c.say("service.not_installed")
		return exitNotInstalled
	case err != nil:
		return c.failInstall(err)
	case *dry:
		c.say("install.dry")
	default:
		c.say("install.removed")
	}
	return exitOK
}

// installOptions are the same for both directions.
func (c *command) installOptions(machine bool) (install.Options, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return install.Options{}, err
	}
	o := install.Options{Program: program, Machine: machine, Report: c.reportInstall}
	switch {
	case c.state != "":
		dir, err := filepath.Abs(c.state)
		if err != nil {
			return o, err
		}
		o.State = state.Dir(dir)
		o.Args = []string{"serve", "--state", dir}
	case machine:
		o.State, o.Default = machineState(), true
	default:
		if o.State, err = state.Default(); err != nil {
			return o, err
		}
		o.Default = true
	}
	return o, nil
}

// machineState holds the manifest of an installation for everybody.
func machineState() state.Dir {
	if runtime.GOOS == "linux" {
		return "/var/lib/tanba"
	}
	return state.Dir(filepath.Join(settings.MachineFolder(), "install"))
}

// reportInstall prints a change.
func (c *command) reportInstall(e install.Event) {
	if c.json {
		line := map[string]any{"action": e.Action}
		if e.Path != "" {
			line["path"] = e.Path
		}
		if e.Trust != nil {
			line["store"], line["trusted"], line["exact"] = e.Trust.Kind, e.Trust.Trusted, e.Trust.Exact
		}
		if e.Err != nil {
			line["error"] = e.Err.Error()
		}
		json.NewEncoder(c.stdout).Encode(line)
		return
	}
	if e.Trust != nil && (e.Action == install.AddTrust || e.Action == install.RemoveTrust) {
		fmt.Fprintln(c.stdout, trust.Describe(c.lang, *e.Trust))
		return
	}
	fmt.Fprintln(c.stdout, c.text("install."+string(e.Action), e.Path))
}

func (c *command) failInstall(err error) int {
	c.fail("install.failed", err)
	switch {
	case errors.Is(err, service.ErrNeedAdmin), errors.Is(err, os.ErrPermission) && os.Geteuid() != 0: // -1 on Windows
		c.hint("service.need_admin")
	case errors.Is(err, service.ErrPath):
		c.hint("service.path")
	case errors.Is(err, settings.ErrWritable):
		c.hint("settings.writable")
	case errors.Is(err, settings.ErrNewer):
		c.hint("settings.newer")
	}
	if hint := trust.Hint(c.lang, err); hint != "" {
		fmt.Fprintf(c.stderr, "tanba: %s: %s\n", c.text("cli.hint"), hint)
	}
	return exitError
}

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"tanba/bridge"
	"tanba/installer/trust"
	"tanba/internal/clock"
	"tanba/internal/doctor"
	"tanba/internal/settings"
)

// exitPortTaken: another program holds the port; the message names it.
const exitPortTaken = 3

func serve(c *command, args []string) int {
	port := c.flags.Int("port", bridge.Port(), "")
	developer := c.flags.Bool("developer", false, "")
	multisign := c.flags.Bool("multisign", false, "")
	tsa := c.flags.String("tsa", "", "")
	script, trialOf := scriptFlag(c.flags), trialFlags(c.flags)
	files, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(files) > 0:
		return c.usageError(files[0])
	case *port < 0 || *port > 65535:
		return c.usageError("--port")
	}
	if _, err := newStamper(*tsa); err != nil {
		return c.usageError("--tsa URL")
	}
	dir, err := c.dir()
	if err != nil {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	prompter, err := script()
	if err != nil {
		return c.usageError(err.Error())
	}
	trial, err := trialOf()
	if err != nil {
		return c.usageError(err.Error())
	}
	chosen, err := c.chosen()
	if err != nil {
		return c.failSettings(err)
	}
	sites, err := chosen.Sites()
	if err != nil {
		return c.failSettings(err)
	}
	useProxy(chosen)
	if chosen.Port != 0 && !c.given("port") && os.Getenv(bridge.PortVariable) == "" {
		*port = chosen.Port
	}
	if !c.given("multisign") {
		*multisign = chosen.Multisign
	}
	given := *tsa != ""
	if len(chosen.TSA) > 0 && !given {
		*tsa = strings.Join(chosen.TSA, ",")
	}
	level := new(slog.LevelVar)
	level.Set(c.logLevel(chosen))
	log := slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: level}))
	if prompter == nil {
		prompter = defaultPrompter(dir, c.lang, log, trial.window...)
	}
	t := newAgentTokens(dir, chosen, log)
	defer t.Close()
	stored := storedRoots(dir, log)
	observer := &doctor.Observer{Dir: dir}
	heard := observer.Heard(new(clock.Watch))
	checker, err := newChecker(dir, chosen, stored, heard)
	if err != nil {
		return c.failStart(err)
	}
	var a *agent
	a, err = startAgent(agentOptions{
		dir: dir, port: *port, language: c.lang, prompter: prompter, developer: *developer, multisign: *multisign, tsa: *tsa, tsaGiven: given, log: log,
		level:  func(s settings.Settings) { level.Set(c.logLevel(s)) },
		limits: limits(chosen), plain: chosen.PlainWS, storages: chosen.TokenStorages, roots: stored, revocation: checker, require: chosen.Revocation == "require",
		tokens: t.tokens, watch: t.cards, devices: t.devices,
		phrase: chosen.Phrase, remember: time.Duration(chosen.Remember) * time.Minute, kiosk: chosen.Kiosk, sites: sites, trial: trial,
		calls: c.doctorCalls(dir, func(nonce string) bool { return a.server.Saw(nonce) }), observer: observer, heard: heard,
	})
	if err != nil {
		return c.failStart(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	forget, err := announce(dir, a)
	if err != nil {
		return c.failStart(err)
	}
	defer forget()
	defer c.watchStop(ctx, cancel, a)()
	c.say("cli.listening", a.url())
	c.sayMultisign(a)
	go a.warnings.run(ctx)
	tended := make(chan struct{})
	go func() {
		defer close(tended)
		c.tend(ctx, dir, a, chosen, log)
	}()
	defer func() {
		cancel()
		<-tended // what it is changing in a store is finished
	}()
	if err := a.run(ctx); err != nil {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	return exitOK
}

// hintTrust says so when no browser's store trusts the bridge yet. Asking the
// stores takes longer than starting does, so nothing waits for it.
func (c *command) hintTrust(ctx context.Context, o trust.Options) {
	results, err := trust.Status(ctx, o)
	trusted := slices.ContainsFunc(results, func(r trust.Result) bool { return r.Trusted })
	if err == nil && !trusted && ctx.Err() == nil {
		c.say("cli.trust_hint")
	}
}

// failStart explains why the bridge could not start.
func (c *command) failStart(err error) int {
	var taken *bridge.PortTaken
	if !errors.As(err, &taken) {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	c.fail("cli.port_taken", taken.Addr, c.holder(taken))
	c.hint("cli.port_hint")
	return exitPortTaken
}

func (c *command) holder(taken *bridge.PortTaken) string {
	if taken.Holder.PID == 0 {
		return c.text("cli.holder_unknown")
	}
	return c.text("cli.holder", taken.Holder.Name, taken.Holder.PID, taken.Holder.User)
}

// sayMultisign tells what became of the second port. The bridge does without it
// when another program holds it.
func (c *command) sayMultisign(a *agent) {
	addr, err := a.server.Multisign()
	var taken *bridge.PortTaken
	switch {
	case errors.As(err, &taken):
		c.fail("cli.multisign_taken", taken.Addr, c.holder(taken))
		c.hint("cli.multisign_hint")
	case err != nil:
		c.fail("cli.multisign_failed", err)
	case addr != nil:
		c.say("cli.multisign_on", "https://"+addr.String())
	}
}

func hasDisplay() bool {
	return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

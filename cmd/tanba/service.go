package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tanba/installer/install"
	"tanba/installer/service"
)

// patience is how long starting and stopping may take: requests under way are
// finished first.
const patience = time.Minute

func startVerb(c *command, args []string) int {
	return c.withAgent(args, func(ctx context.Context, a *service.Agent, o install.Options) int {
		return c.started(ctx, a.Start(ctx), o)
	})
}

func restartVerb(c *command, args []string) int {
	return c.withAgent(args, func(ctx context.Context, a *service.Agent, o install.Options) int {
		return c.started(ctx, a.Restart(ctx), o)
	})
}

func stopVerb(c *command, args []string) int {
	return c.withAgent(args, func(ctx context.Context, a *service.Agent, _ install.Options) int {
		err := a.Stop(ctx)
		switch {
		case errors.Is(err, service.ErrNotInstalled):
			c.say("service.not_installed")
			return exitNotInstalled
		case errors.Is(err, service.ErrNotRunning):
			c.say("service.stopped")
			return exitNotRunning
		case err != nil:
			return c.failInstall(err)
		}
		c.say("service.now_stopped")
		return exitOK
	})
}

func statusVerb(c *command, args []string) int {
	return c.withAgent(args, func(ctx context.Context, a *service.Agent, o install.Options) int {
		status, err := a.Status(ctx)
		if err != nil {
			return c.failInstall(err)
		}
		p, up := service.Find(o.State)
		if up {
			status = service.Running // also one that somebody started by hand
		}
		if c.json {
			line := map[string]any{"installed": a.Installed(), "running": status == service.Running, "backend": a.Backend()}
			if up {
				line["pid"], line["port"], line["program"], line["version"], line["since"] = p.PID, p.Port, p.Program, p.Version, p.Since
			}
			json.NewEncoder(c.stdout).Encode(line)
			return int(status)
		}
		key := map[service.Status]string{service.Stopped: "service.stopped", service.NotInstalled: "service.not_installed"}[status]
		if key == "" {
			fmt.Fprintln(c.stdout, c.text("service.running", address(p)))
		} else {
			fmt.Fprintln(c.stdout, c.text(key))
		}
		return int(status)
	})
}

func address(p service.Process) string {
	if p.Port == 0 {
		return "…"
	}
	return fmt.Sprintf("wss://127.0.0.1:%d", p.Port)
}

// withAgent does what the four verbs share.
func (c *command) withAgent(args []string, do func(context.Context, *service.Agent, install.Options) int) int {
	machine := c.flags.Bool("machine", false, "")
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
	a, err := install.InstalledAgent(o)
	if err != nil {
		return c.failInstall(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return do(ctx, a, o)
}

// started waits until the bridge answers: that a unit was started says little.
func (c *command) started(ctx context.Context, err error, o install.Options) int {
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		c.say("service.not_installed")
		return exitNotInstalled
	case err != nil:
		return c.failInstall(err)
	}
	wait, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		if p, up := service.Find(o.State); up {
			c.say("service.running", address(p))
			return exitOK
		}
		select {
		case <-wait.Done():
			return c.failInstall(service.ErrNotRunning)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

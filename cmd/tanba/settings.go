package main

import (
	"errors"
	"flag"
	"log/slog"
	"os"
	"time"

	"tanba/bridge"
	"tanba/internal/settings"
)

// given tells which flags stand on the command line: those win over settings.
func (c *command) given(name string) bool {
	found := false
	c.flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// chosen reads the person's settings with the machine's over them.
func (c *command) chosen() (settings.Settings, error) {
	dir, err := c.dir()
	if err != nil {
		return settings.Settings{}, err
	}
	return settings.Effective(dir)
}

// speak takes the language of the settings unless the command line names one.
// Settings that cannot be read are the business of the verb that needs them.
func (c *command) speak() {
	if c.given("lang") {
		return
	}
	if s, err := c.chosen(); err == nil && s.Language != "" {
		c.lang = s.Language
	}
}

func (c *command) failSettings(err error) int {
	c.fail("cli.cannot_start", err)
	switch {
	case errors.Is(err, settings.ErrWritable):
		c.hint("settings.writable")
	case errors.Is(err, settings.ErrNewer):
		c.hint("settings.newer")
	}
	return exitError
}

// logLevel is what is written to the log.
func (c *command) logLevel(s settings.Settings) slog.Level {
	level := slog.LevelInfo
	if s.LogLevel != "" {
		_ = level.UnmarshalText([]byte(s.LogLevel)) // settings.Check knows the words
	}
	if c.quiet && level < slog.LevelWarn {
		level = slog.LevelWarn
	}
	return level
}

// limits are the bridge's, as far as settings change them. A question to the
// person may be open when the bridge is asked to end; drained requests have ended
// before, so little is left to wait for.
func limits(s settings.Settings) bridge.Limits {
	return bridge.Limits{Message: s.MessageBytes, FirstMessage: s.NewMessageBytes, Budget: s.BudgetBytes}
}

// useProxy makes a proxy of the settings the one of every HTTP client of this
// process. Addresses of this machine are never asked for through one.
func useProxy(s settings.Settings) {
	systemProxy() // as it was before
	if s.Proxy == "" {
		return
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		if s.Proxy == "none" {
			os.Unsetenv(name)
		} else {
			os.Setenv(name, s.Proxy)
		}
	}
}

// drainLimit is how long requests may take that were under way when the bridge
// was asked to end. The unit's TimeoutStopSec is longer.
const drainLimit = 30 * time.Second

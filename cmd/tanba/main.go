// Command tanba is a local signing bridge: web pages call it at
// wss://127.0.0.1:13579 to sign with the person's own key, and a person calls it
// on the command line to sign and verify files.
//
// The verbs, flags and exit codes are the ones scripts may rely on; each verb is
// one file here and holds no logic of its own. Results go to standard output,
// messages for people to standard error in Kazakh, Russian or English.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"tanba/internal/i18n"
	"tanba/internal/state"
)

// Exit codes that mean the same in every verb.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// verb is one word of the command line.
type verb struct {
	name string
	run  func(c *command, args []string) int
}

func verbs() []verb {
	return []verb{
		{"serve", serve},
		{"demo", runDemo},
		{"sign", sign},
		{"verify", verify},
		{"keys", keys},
		{"tokens", tokens},
		{"csr", makeRequest},
		{"import", importCertificate},
		{"passwd", changePassword},
		{"roots", roots},
		{"trust", trustVerb},
		{"install", installVerb},
		{"uninstall", uninstallVerb},
		{"start", startVerb},
		{"stop", stopVerb},
		{"restart", restartVerb},
		{"status", statusVerb},
		{"doctor", doctorVerb},
		{"snippet", printSnippet},
		{"version", version},
	}
}

// command carries what every verb shares: streams, language, state directory.
type command struct {
	name   string
	stdin  *os.File
	stdout io.Writer
	stderr io.Writer

	flags *flag.FlagSet
	help  bool
	json  bool
	quiet bool
	lang  string
	state string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		leaveConsole()
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	c := &command{stdin: stdin, stdout: stdout, stderr: stderr, lang: language()}
	if len(args) == 0 {
		c.usage(stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "--help", "-h":
		c.usage(stdout)
		return exitOK
	case "--version":
		args[0] = "version"
	}
	for _, v := range verbs() {
		if v.name == args[0] {
			c.name = v.name
			c.flags = flag.NewFlagSet(v.name, flag.ContinueOnError)
			c.flags.SetOutput(io.Discard)
			c.flags.BoolVar(&c.help, "help", false, "")
			c.flags.BoolVar(&c.help, "h", false, "")
			c.flags.BoolVar(&c.json, "json", false, "")
			c.flags.BoolVar(&c.quiet, "quiet", false, "")
			c.flags.StringVar(&c.lang, "lang", c.lang, "")
			c.flags.StringVar(&c.state, "state", "", "")
			return v.run(c, args[1:])
		}
	}
	c.fail("cli.unknown_verb", args[0])
	c.usage(stderr)
	return exitUsage
}

// parse reads flags wherever they stand among the files. It returns false with
// an exit code when the verb has nothing more to do.
func (c *command) parse(args []string) (files []string, code int, ok bool) {
	for {
		if err := c.flags.Parse(args); err != nil {
			return nil, c.usageError(err.Error()), false
		}
		rest := c.flags.Args()
		if len(rest) == 0 {
			break
		}
		// "--" ends the flags: everything after it is a file.
		if consumed := len(args) - len(rest); consumed > 0 && args[consumed-1] == "--" {
			files = append(files, rest...)
			break
		}
		files, args = append(files, rest[0]), rest[1:]
	}
	if !slices.Contains([]string{"kk", "ru", "en"}, c.lang) {
		return nil, c.usageError("--lang kk|ru|en"), false
	}
	c.speak()
	if c.help {
		fmt.Fprintln(c.stdout, c.text("cli.help."+c.name))
		fmt.Fprintln(c.stdout, c.text("cli.help.common"))
		return nil, exitOK, false
	}
	return files, exitOK, true
}

func (c *command) usage(w io.Writer) { fmt.Fprintln(w, c.text("cli.usage")) }

func (c *command) usageError(detail string) int {
	c.fail("cli.usage_error", detail)
	c.hint("cli.see_help", c.name)
	return exitUsage
}

func (c *command) text(key string, args ...any) string { return i18n.T(c.lang, key, args...) }

// say tells the person something, unless --quiet.
func (c *command) say(key string, args ...any) {
	if !c.quiet {
		fmt.Fprintln(c.stderr, c.text(key, args...))
	}
}

// fail and hint are said in any case, in one recognisable form.
func (c *command) fail(key string, args ...any) {
	fmt.Fprintf(c.stderr, "tanba: %s: %s\n", c.text("cli.error"), c.text(key, args...))
}

func (c *command) hint(key string, args ...any) {
	fmt.Fprintf(c.stderr, "tanba: %s: %s\n", c.text("cli.hint"), c.text(key, args...))
}

// dir returns the state directory: --state or the platform's place.
func (c *command) dir() (state.Dir, error) {
	if c.state != "" {
		return state.Dir(c.state), nil
	}
	return state.Default()
}

// language is that of the environment or, where none is set there, the system's.
func language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return i18n.Match(strings.SplitN(v, ".", 2)[0])
		}
	}
	return i18n.Match(systemLanguages())
}

func stopSignals() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	return c, func() { signal.Stop(c) }
}

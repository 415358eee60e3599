package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"tanba/installer/trust"
	"tanba/internal/localca"
)

func trustVerb(c *command, args []string) int {
	pem := c.flags.Bool("pem", false, "")
	yes := c.flags.Bool("yes", false, "")
	system := c.flags.Bool("system", false, "")
	java := c.flags.Bool("java", false, "")
	words, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(words) != 1 || !slices.Contains([]string{"install", "remove", "repair", "status", "export"}, words[0]):
		return c.usageError("install | remove | repair | status | export [--pem]")
	}
	dir, err := c.dir()
	if err != nil {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	ctx := context.Background()
	o := trust.Options{State: dir, System: *system, Java: *java}
	if words[0] == "remove" {
		results, err := trust.Remove(ctx, o)
		return c.reportTrust(results, err, func(r trust.Result) bool { return r.Err == nil })
	}
	bundle, _, err := localca.LoadOrIssue(dir, time.Now())
	if err != nil {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	o.Root = bundle.CA
	switch words[0] {
	case "export":
		return c.exportRoot(bundle, *pem)
	case "status":
		results, err := trust.Status(ctx, o)
		return c.reportTrust(results, err, func(r trust.Result) bool { return r.Trusted })
	}
	if agreed, err := trust.Agreed(o); words[0] == "repair" && err == nil && agreed {
		*yes = true // the person has agreed before; only what is amiss is mended
	}
	if !c.quiet && !*yes || words[0] == "install" && !c.quiet {
		fmt.Fprintln(c.stderr, trust.Question(c.lang, bundle.CA))
	}
	// Who types the command at a terminal is asked once more; a script that
	// runs it has been written by somebody who meant it.
	if !*yes && term.IsTerminal(int(c.stdin.Fd())) && !c.agree() {
		c.say("cli.nothing_changed")
		return exitError
	}
	if words[0] == "repair" {
		results, err := trust.Repair(ctx, o)
		return c.reportTrust(results, err, func(r trust.Result) bool { return r.Err == nil })
	}
	results, err := trust.Install(ctx, o)
	return c.reportTrust(results, err, func(r trust.Result) bool { return r.Trusted })
}

// reportTrust prints what happened to each store; every one must be as wanted.
func (c *command) reportTrust(results []trust.Result, err error, wanted func(trust.Result) bool) int {
	code := exitOK
	for _, r := range results {
		if !wanted(r) {
			code = exitError
		}
		if c.json {
			line := map[string]any{"kind": r.Kind, "path": r.Path, "present": r.Present, "trusted": r.Trusted, "changed": r.Changed, "exact": r.Exact}
			if r.Err != nil {
				line["error"] = r.Err.Error()
			}
			json.NewEncoder(c.stdout).Encode(line)
			continue
		}
		fmt.Fprintln(c.stdout, trust.Describe(c.lang, r))
		if hint := trust.Hint(c.lang, r.Err); hint != "" {
			fmt.Fprintf(c.stderr, "tanba: %s: %s\n", c.text("cli.hint"), hint)
		}
	}
	if err != nil {
		c.fail("cli.trust_failed", err)
		if hint := trust.Hint(c.lang, err); hint != "" {
			fmt.Fprintf(c.stderr, "tanba: %s: %s\n", c.text("cli.hint"), hint)
		}
		return exitError
	}
	return code
}

func (c *command) exportRoot(bundle *localca.Bundle, pem bool) int {
	data := bundle.CA.Raw
	if pem || term.IsTerminal(1) {
		data = trust.Export(bundle.CA)
	}
	if _, err := c.stdout.Write(data); err != nil {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	return exitOK
}

// agree asks for a yes in any of the three languages; everything else is a no.
func (c *command) agree() bool {
	fmt.Fprintf(c.stderr, "%s ", c.text("cli.agree"))
	line, err := bufio.NewReader(c.stdin).ReadString('\n')
	if err != nil {
		return false
	}
	return slices.Contains([]string{"y", "yes", "д", "да", "и", "иә"}, strings.ToLower(strings.TrimSpace(line)))
}

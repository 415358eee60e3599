package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"tanba/bridge"
	"tanba/bridge/prompt"
	"tanba/internal/demo"
	"tanba/internal/i18n"
	"tanba/internal/state"
)

func runDemo(c *command, args []string) int {
	port := c.flags.Int("port", bridge.Port(), "")
	files, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(files) > 0:
		return c.usageError(files[0])
	}
	dir, err := os.MkdirTemp("", "tanba-demo-")
	if err != nil {
		c.fail("cli.demo_failed", err)
		return exitError
	}
	defer removeDemo(dir)
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()

	material, err := demo.Make(dir, rand.Reader, time.Now())
	if err != nil {
		c.fail("cli.demo_failed", err)
		return exitError
	}
	c.step("demo.step.pki", material.Dir)

	display := runtime.GOOS != "linux" || hasDisplay()
	o := agentOptions{
		dir: state.Dir(filepath.Join(dir, "state")), port: *port, language: c.lang, developer: true, suggest: material.KeyFiles,
		log: slog.New(slog.DiscardHandler),
	}
	if display {
		o.prompter = defaultPrompter(o.dir, c.lang, o.log)
	} else {
		o.prompter = prompt.NewScript([]prompt.Answer{{Approve: true, Key: material.KeyFiles[0], Password: demo.Password}})
	}
	a, err := startAgent(o)
	if err != nil {
		return c.failStart(err)
	}
	served := make(chan error, 1)
	go func() { served <- a.run(ctx) }()
	defer func() { cancel(); <-served }()
	c.step("demo.step.bridge", a.url())

	portal := &demo.Portal{Roots: material.Roots, Bridge: a.url(), Now: time.Now}
	origin, err := portal.Listen(ctx)
	if err != nil {
		c.fail("cli.demo_failed", err)
		return exitError
	}
	c.step("demo.step.portal", origin)
	if display {
		return c.demoWindow(ctx, a, dir, origin)
	}
	return c.demoAlone(ctx, a, portal, origin)
}

// demoWindow opens the portal in a browser of its own and waits for its end.
func (c *command) demoWindow(ctx context.Context, a *agent, dir, origin string) int {
	c.step("demo.key_password", demo.Password)
	ca := filepath.Join(dir, "state", "tls", "ca.pem")
	browser := &demo.Browser{Dir: dir, CA: ca}
	closed, err := browser.Open(ctx, origin+"/?lang="+c.lang)
	if err != nil {
		c.step("demo.step.open_yourself", origin)
		c.step("demo.step.trust", ca)
		closed = nil
	} else {
		c.step("demo.step.opened")
	}
	select {
	case <-closed:
	case <-ctx.Done():
		if closed != nil {
			<-closed
		}
	}
	return exitOK
}

// removeDemo takes the demonstration's folder away. A browser that was just told
// to end may still be writing into it.
func removeDemo(dir string) {
	for range 20 {
		if os.RemoveAll(dir) == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// demoAlone plays the page and the person, verifies what comes, and shows that a
// changed signature is refused.
func (c *command) demoAlone(ctx context.Context, a *agent, portal *demo.Portal, origin string) int {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c.step("demo.step.no_display")
	page := &demo.Page{Bridge: a.url(), Origin: origin, CA: a.source.Bundle().CAPEM, Step: c.step}
	signature, err := page.Sign(ctx, i18n.T(c.lang, "demo.sample"))
	if err != nil {
		c.fail("cli.demo_failed", err)
		return exitError
	}
	verdict := portal.Verify(signature)
	if !verdict.Verified {
		c.fail("cli.demo_failed", verdict.Error)
		return exitError
	}
	c.step("demo.step.signer", verdict.Signer, verdict.IIN, verdict.Issuer)
	signature[len(signature)-1] ^= 1
	if portal.Verify(signature).Verified {
		c.fail("cli.demo_failed", "a changed signature was accepted")
		return exitError
	}
	c.step("demo.step.tampered")
	fmt.Fprintln(c.stdout, "verified")
	return exitOK
}

// step prints one line of the demonstration.
func (c *command) step(key string, args ...any) {
	if !c.quiet {
		fmt.Fprintln(c.stdout, "· "+c.text(key, args...))
	}
}

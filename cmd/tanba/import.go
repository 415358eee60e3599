package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"tanba/internal/enrollment"
	"tanba/internal/i18n"
	"tanba/internal/pki"
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ", ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

func importCertificate(c *command, args []string) int {
	var certificates list
	var key, token, out, passwordFile, roots string
	c.flags.Var(&certificates, "cert", "")
	c.flags.StringVar(&key, "key", "", "")
	c.flags.StringVar(&token, "token", "", "")
	c.flags.StringVar(&out, "out", "", "")
	c.flags.StringVar(&passwordFile, "password-file", "", "")
	c.flags.StringVar(&roots, "roots", "", "")
	more, code, ok := c.parse(args)
	certificates = append(certificates, more...)
	switch {
	case !ok:
		return code
	case len(certificates) == 0:
		return c.usageError("--cert FILE")
	case (key == "") == (token == ""):
		return c.usageError("--key FILE | --token SERIAL")
	case token != "" && out != "":
		return c.usageError("--token, --out")
	}
	var ders [][]byte
	for _, file := range certificates {
		found, err := certificatesOf(file)
		if err != nil {
			c.fail("cli.roots_unreadable", file, err)
			return exitError
		}
		for _, cert := range found {
			ders = append(ders, cert.Raw)
		}
	}
	check, err := c.checkWith(roots)
	if err != nil {
		c.fail("cli.roots_unreadable", roots, err)
		return exitUsage
	}
	var done *enrollment.Installed
	if token != "" {
		done, err = c.installOnToken(check, token, passwordFile, ders)
	} else {
		var secret []byte
		if secret, err = c.password(passwordFile, c.text("cli.password_of", key)); err == nil {
			done, err = check.InstallFile(key, out, secret, ders, nil)
			clear(secret)
		}
	}
	if err != nil {
		c.failLife(err)
		return exitError
	}
	c.forgetPending(done.Certificate)
	if c.json {
		json.NewEncoder(c.stdout).Encode(map[string]any{
			"key": done.Path, "token": token, "alias": done.Alias, "serial": done.Certificate.SerialHex(),
			"owner": done.Certificate.Person().CommonName, "notAfter": done.Certificate.NotAfter.UTC().Format(time.RFC3339),
		})
		return exitOK
	}
	fmt.Fprintln(c.stdout, first(done.Path, token))
	c.say("cli.life.imported", owner(done.Certificate.Person(), c.lang), i18n.DateUntil(c.lang, done.Certificate.NotAfter))
	return exitOK
}

// checkWith is what a certificate must be: of a national authority, or of one
// the person names with --roots.
func (c *command) checkWith(roots string) (enrollment.Check, error) {
	pool := pki.NewPool(pki.Anchors(true, false))
	if roots != "" {
		trusted, err := certificatesOf(roots)
		if err != nil {
			return enrollment.Check{}, err
		}
		for _, cert := range trusted {
			pool.AddRoot(cert)
		}
	}
	return enrollment.Check{Anchors: pool, Now: time.Now}, nil
}

// forgetPending takes a key off the list of those that wait. The list is a
// convenience: trouble with it does not undo what was done.
func (c *command) forgetPending(leaf *pki.Certificate) {
	dir, err := c.dir()
	if err != nil {
		return
	}
	if err := enrollment.NewRegistry(dir).Remove(fmt.Sprintf("%x", leaf.PublicKey.KeyID())); err != nil {
		c.say("cli.life.registry", err)
	}
}

// failLife says what went wrong with a new key, in words where there are any.
func (c *command) failLife(err error) {
	for _, t := range []struct {
		err error
		key string
	}{
		{enrollment.ErrOtherKey, "cli.life.other_key"},
		{enrollment.ErrNoCertificate, "cli.life.no_certificate"},
		{enrollment.ErrExpired, "cli.life.expired"},
		{enrollment.ErrNotYetValid, "cli.life.not_yet"},
		{enrollment.ErrPurpose, "cli.life.purpose"},
		{enrollment.ErrUnknownCA, "cli.life.unknown_ca"},
		{enrollment.ErrBrokenChain, "cli.life.broken_chain"},
		{enrollment.ErrReadOnly, "cli.life.read_only"},
		{enrollment.ErrDiskFull, "cli.life.disk_full"},
		{enrollment.ErrReadBack, "cli.life.read_back"},
		{enrollment.ErrNotPending, "cli.life.not_pending"},
		{enrollment.ErrWouldLose, "cli.life.would_lose"},
		{enrollment.ErrPasswordShort, "cli.life.password_short"},
		{enrollment.ErrPasswordLong, "cli.life.password_long"},
		{enrollment.ErrPasswordUpper, "cli.life.password_upper"},
		{enrollment.ErrPasswordLower, "cli.life.password_lower"},
		{enrollment.ErrPasswordDigit, "cli.life.password_digit"},
		{enrollment.ErrPasswordLatin, "cli.life.password_latin"},
		{errNotTheSame, "cli.life.differ"},
		{context.Canceled, "cli.stopping"},
	} {
		if errors.Is(err, t.err) {
			c.fail(t.key)
			return
		}
	}
	if errors.Is(err, enrollment.ErrExists) {
		_, name, _ := strings.Cut(err.Error(), ": ")
		c.fail("cli.life.exists", strings.TrimPrefix(name, "file exists: "))
		return
	}
	c.fail("cli.life.failed", c.keyTrouble(err))
}

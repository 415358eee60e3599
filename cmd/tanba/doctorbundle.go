package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"tanba/installer/trust"
	"tanba/internal/doctor"
	"tanba/internal/localca"
	"tanba/internal/settings"
	"tanba/internal/state"
)

// bundleText is what a support desk gets: no name, no number of a person, no path
// of a key, no secret; the home folder is written as ~ (security.md T24).
func bundleText(ctx context.Context, dir state.Dir, findings []doctor.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Tanba %s (%s), %s/%s, %s\n", releaseVersion, releaseCommit, runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format(time.RFC3339))
	for _, f := range findings {
		mark := "ok"
		if !f.OK {
			mark = "FAULT " + f.WithoutNames().Title("en")
		} else if f.Unknown {
			mark = "unknown"
		}
		fmt.Fprintf(&b, "%s: %s\n", f.Code, mark)
	}
	if s, err := settings.Effective(dir); err == nil {
		if data, err := json.MarshalIndent(impersonal(s), "", "  "); err == nil {
			fmt.Fprintf(&b, "settings: %s\n", data)
		}
	}
	if bundle, err := localca.Load(dir); err == nil {
		fmt.Fprintf(&b, "certificate: %s until %s\n", bundle.Fingerprint(), bundle.CA.NotAfter.UTC().Format(time.RFC3339))
		results, err := trust.Status(ctx, trust.Options{State: dir, Root: bundle.CA})
		for _, r := range results {
			fmt.Fprintf(&b, "store %s %s: present %v, trusted %v\n", r.Kind, r.Path, r.Present, r.Trusted)
		}
		if err != nil {
			fmt.Fprintf(&b, "stores: %v\n", err)
		}
	}
	return withoutPerson(b.String(), dir)
}

// impersonal takes out of the settings what is the person's own.
func impersonal(s settings.Settings) settings.Settings {
	const there = "(set)"
	mark := func(p *string) {
		if *p != "" {
			*p = there
		}
	}
	mark(&s.Phrase) // the person's sign that a window is genuine
	s.Proxy, s.OCSP = withoutUser(s.Proxy), withoutUser(s.OCSP)
	s.TSA = slices.Clone(s.TSA)
	for i := range s.TSA {
		s.TSA[i] = withoutUser(s.TSA[i])
	}
	s.KeyFolders = slices.Clone(s.KeyFolders)
	for i := range s.KeyFolders {
		mark(&s.KeyFolders[i])
	}
	s.Modules = slices.Clone(s.Modules)
	for i := range s.Modules {
		mark(&s.Modules[i].Token) // people name their tokens after themselves
	}
	storages := map[string]string{}
	for _, storage := range s.TokenStorages {
		storages[fmt.Sprintf("%s %d", there, len(storages)+1)] = storage
	}
	s.TokenStorages = storages
	return s
}

// withoutUser takes name and password out of an address, and all of it when it
// is none.
func withoutUser(address string) string {
	if address == "" || address == "none" {
		return address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "(set)"
	}
	return u.Scheme + "://" + u.Host
}

// personNumber is an ИИН or БИН.
var personNumber = regexp.MustCompile(`\b[0-9]{12}\b`)

// withoutPerson writes what is left of the person in paths and messages in
// general terms.
func withoutPerson(text string, dir state.Dir) string {
	replace := func(what, with string) {
		if len(what) > 1 {
			text = strings.ReplaceAll(text, what, with)
		}
	}
	home, err := os.UserHomeDir()
	replace(dir.Path(), "(state)")
	if err == nil {
		replace(home, "~")
		if real, err := filepath.EvalSymlinks(home); err == nil {
			replace(real, "~")
		}
	}
	if u, err := user.Current(); err == nil && u.Username != "root" {
		name := u.Username[strings.LastIndexByte(u.Username, '\\')+1:] // Windows: DOMAIN\name
		text = regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).ReplaceAllString(text, "(user)")
	}
	return personNumber.ReplaceAllString(text, "(number)")
}

// writeBundle shows the exact text before it writes it (T24).
func (c *command) writeBundle(path, text string, yes bool) error {
	fmt.Fprint(c.stdout, text)
	if !yes {
		fmt.Fprintln(c.stderr, c.text("doctor.bundle_question", path))
		if !c.agree() {
			c.say("doctor.declined")
			return nil
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	c.say("doctor.bundle_written", path)
	return nil
}

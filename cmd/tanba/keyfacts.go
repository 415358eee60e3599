package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/enrollment"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/keystore"
)

// places are where the person's keys are known to be.
type knownPlaces struct {
	dir     state.Dir
	recent  map[string]consent.RecentKey // by path
	folders []string                     // that the settings name
}

// knownPlaces reads what was used before, and with all of them the folders of the
// settings too. Trouble with either is no reason to show nothing.
func (c *command) knownPlaces(all bool) knownPlaces {
	k := knownPlaces{recent: map[string]consent.RecentKey{}}
	dir, err := c.dir()
	if err != nil || !all {
		return k
	}
	k.dir = dir
	for _, r := range consent.New(consent.Options{State: dir}).Recent() {
		if r.Path == "" {
			continue
		}
		if _, err := os.Stat(r.Path); err == nil {
			k.recent[r.Path] = r
		}
	}
	s, err := settings.Effective(dir)
	if err != nil {
		c.say("pages.settings.unreadable", err)
	}
	for _, folder := range s.KeyFolders {
		if fi, err := os.Stat(folder); err == nil && fi.IsDir() {
			k.folders = append(k.folders, folder)
		}
	}
	if own := enrollment.Folder(); own != "" {
		if fi, err := os.Stat(own); err == nil && fi.IsDir() {
			k.folders = append(k.folders, own)
		}
	}
	return k
}

func (k knownPlaces) files() (files []string) {
	for path := range k.recent {
		files = append(files, path)
	}
	return files
}

// distinct leaves out files that are named twice, in whatever way.
func distinct(files []string) (out []string) {
	seen := map[string]bool{}
	for _, f := range files {
		whole, err := filepath.Abs(f)
		if err != nil {
			whole = f
		}
		if !seen[whole] {
			seen[whole] = true
			out = append(out, f)
		}
	}
	return out
}

// listLocked says of a file without a password what was known of it when it was
// used last.
func (c *command) listLocked(file, storage string, last consent.RecentKey) bool {
	line := map[string]any{"storage": storage, "locked": true}
	text := c.text("cli.key_locked")
	if !last.Until.IsZero() {
		line["owner"], line["notAfter"], line["daysLeft"] = last.Owner, last.Until.UTC().Format(time.RFC3339), daysLeft(last.Until)
		text += "; " + last.Owner + "; " + c.validity(last.Until)
	}
	c.keyLine(file, line, text)
	return last.Until.IsZero() || time.Now().Before(last.Until)
}

// certificateFacts says whose a key is, what it is good for, until when, and what
// is wrong with it.
func (c *command) certificateFacts(cert *pki.Certificate) (line map[string]any, text string, well bool) {
	p, now := cert.Person(), time.Now()
	trouble := ""
	switch err := cert.ValidAt(now); {
	case err == nil:
	case now.After(cert.NotAfter):
		trouble = c.text("cli.key_expired", i18n.Date(c.lang, cert.NotAfter))
	default:
		trouble = c.text("cli.key_not_yet", i18n.Date(c.lang, cert.NotBefore))
	}
	purpose := c.text("use." + use(cert.CanAuthenticate(), cert.CanSign()))
	line = map[string]any{
		"owner": p.CommonName, "iin": p.IIN, "bin": p.BIN, "organisation": p.Organisation, "role": p.Role,
		"authentication": cert.CanAuthenticate(), "signature": cert.CanSign(), "purpose": purpose, "algorithm": cert.PublicKey.Family.KalkanName(),
		"issuer": cert.Issuer.CommonName(), "serial": cert.SerialHex(), "sha256": fmt.Sprintf("%x", cert.Fingerprint()),
		"notBefore": cert.NotBefore.UTC().Format(time.RFC3339), "notAfter": cert.NotAfter.UTC().Format(time.RFC3339),
		"daysLeft": daysLeft(cert.NotAfter),
	}
	facts := []string{
		owner(p, c.lang), algorithmName(cert.PublicKey.Family, c.lang), purpose, cert.Issuer.CommonName(),
		i18n.Date(c.lang, cert.NotBefore) + " – " + i18n.Date(c.lang, cert.NotAfter),
	}
	if trouble != "" {
		line["trouble"] = trouble
		facts = append(facts, trouble)
	} else {
		facts = append(facts, i18n.N(c.lang, "pages.keys.days", daysLeft(cert.NotAfter)))
	}
	return line, strings.Join(facts, "; "), trouble == ""
}

// validity is until when a key serves, or that it has ended.
func (c *command) validity(until time.Time) string {
	if time.Now().After(until) {
		return c.text("cli.key_expired", i18n.Date(c.lang, until))
	}
	return i18n.N(c.lang, "pages.keys.days", daysLeft(until))
}

func daysLeft(until time.Time) int { return int(time.Until(until) / (24 * time.Hour)) }

// listTokens prints the keys whose certificates show on the tokens that are in;
// no PIN is asked. Drivers that fail are the business of tanba tokens.
func (c *command) listTokens(k knownPlaces) (found int, healthy bool) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenListing)
	defer cancel()
	manager := newTokens(k.dir, nil)
	defer manager.Close()
	all, err := manager.List(ctx)
	if err != nil {
		return 0, true
	}
	healthy = true
	for _, t := range all {
		found++
		if !c.listToken(t) {
			healthy = false
		}
	}
	return found, healthy
}

func (c *command) listToken(t keystore.Token) bool {
	name := fmt.Sprintf("%s %s", cmp.Or(t.Label, t.Model), t.Serial)
	facts := func(line map[string]any) map[string]any {
		line["token"], line["storage"] = t.Serial, t.Storage
		return line
	}
	if t.Problem != "" {
		trouble := c.text(t.Problem)
		c.tokenLine(name, facts(map[string]any{"trouble": trouble}), trouble)
		return false
	}
	healthy, shown := true, false
	for _, cert := range t.Certificates {
		if cert.IsCA {
			continue
		}
		line, text, well := c.certificateFacts(cert)
		c.tokenLine(name, facts(line), text)
		healthy, shown = healthy && well, true
	}
	if !shown {
		c.tokenLine(name, facts(map[string]any{"locked": true}), c.text("cli.token_no_certificates"))
	}
	return healthy
}

func (c *command) tokenLine(name string, line map[string]any, text string) {
	if c.json {
		c.keyLine("", line, "")
		return
	}
	c.keyLine(name, nil, text)
}

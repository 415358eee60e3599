package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tanba/internal/cms"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/verification"
)

// exitUntrusted: every signature is good, but a certificate is expired or no
// known CA stands for it.
const exitUntrusted = 4

func verify(c *command, args []string) int {
	var contentFile, at, upgrade, out, roots string
	var offline bool
	c.flags.StringVar(&contentFile, "content", "", "")
	c.flags.StringVar(&at, "at", "", "")
	c.flags.BoolVar(&offline, "offline", false, "")
	c.flags.StringVar(&upgrade, "upgrade", "", "")
	c.flags.StringVar(&out, "out", "", "")
	c.flags.StringVar(&roots, "roots", "", "")
	files, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(files) == 0:
		return c.usageError("FILE…")
	case contentFile != "" && len(files) > 1:
		return c.usageError("--content")
	case upgrade != "" || out != "":
		c.fail("cli.not_yet", "--upgrade")
		return exitUsage
	}
	options := verification.Options{At: time.Now()}
	if at != "" {
		t, err := parseTime(at)
		if err != nil {
			return c.usageError("--at " + at)
		}
		options.At = t
	}
	if roots != "" {
		var err error
		if options.Roots, err = certificatesOf(roots); err != nil {
			c.fail("cli.roots_unreadable", roots, err)
			return exitUsage
		}
	}
	worst := exitOK
	for _, file := range files {
		switch code := c.verifyFile(file, contentFile, options); {
		case code == exitError || worst == exitOK:
			worst = code
		}
	}
	return worst
}

// inMemory is the size up to which files are read whole.
const inMemory = 64 << 20

func openRegular(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, fi.Size(), nil
}

// verifyFile judges one file and prints the verdict.
func (c *command) verifyFile(file, contentFile string, o verification.Options) int {
	signature, size, err := openRegular(file)
	if err != nil {
		return c.unreadable(file, c.text("cli.no_file"))
	}
	defer signature.Close()
	// A detached X.p7s finds X beside it; a wrong guess can only fail to verify.
	if contentFile == "" {
		if base, ok := strings.CutSuffix(file, ".p7s"); ok {
			if fi, err := os.Stat(base); err == nil && fi.Mode().IsRegular() {
				contentFile = base
			}
		}
	}
	if contentFile != "" {
		content, size, err := openRegular(contentFile)
		if err == nil {
			defer content.Close()
			o.Reader = content
			if size <= inMemory {
				o.Content, err = io.ReadAll(content)
			}
		}
		if err != nil {
			return c.unreadable(file, c.text("cli.no_content", contentFile))
		}
	}
	var report *verification.Report
	if size > inMemory {
		report, err = verification.Large(signature, size, o)
	} else {
		var data []byte
		if data, err = io.ReadAll(signature); err == nil && verification.IsXML(data) {
			report, err = verification.XML(data, o)
		} else if err == nil {
			report, err = verification.CMS(data, o)
		}
	}
	switch {
	case errors.Is(err, cms.ErrContentMissing):
		return c.unreadable(file, c.text("cli.content_missing"))
	case err != nil && (report == nil || len(report.Signers) == 0):
		return c.unreadable(file, c.text("cli.not_a_signature"))
	}
	code := exitOK
	switch {
	case !report.Good():
		code = exitError
	case !report.Trusted():
		code = exitUntrusted
	}
	if c.json {
		c.verdictJSON(file, report, code)
	} else {
		c.verdictText(file, report, code)
	}
	return code
}

func (c *command) unreadable(file, reason string) int {
	if c.json {
		json.NewEncoder(c.stdout).Encode(map[string]any{"file": file, "good": false, "error": reason})
	} else {
		fmt.Fprintf(c.stdout, "%s: %s: %s\n", file, c.text("cli.verdict.bad"), reason)
	}
	return exitError
}

func (c *command) verdictText(file string, r *verification.Report, code int) {
	key := map[int]string{exitOK: "cli.verdict.good", exitError: "cli.verdict.bad", exitUntrusted: "cli.verdict.untrusted"}[code]
	fmt.Fprintf(c.stdout, "%s: %s\n", file, c.text(key))
	if c.quiet {
		return
	}
	for _, s := range r.Signers {
		if s.Err != nil {
			fmt.Fprintf(c.stdout, "  %s\n", c.text("cli.signature_bad", s.Err))
		}
		if s.Certificate == nil {
			continue
		}
		p := s.Certificate.Person()
		fmt.Fprintf(c.stdout, "  %s\n", c.text("cli.signed_by", owner(p)))
		if s.Part != "" && s.Part != "/" {
			fmt.Fprintf(c.stdout, "  %s\n", c.text("cli.signed_part", printable(s.Part)))
		}
		if !s.SigningTime.IsZero() {
			fmt.Fprintf(c.stdout, "  %s\n", c.text("cli.signed_when", i18n.Date(c.lang, s.SigningTime)))
		}
		fmt.Fprintf(c.stdout, "  %s\n", c.text("cli.cert."+string(s.State),
			i18n.Date(c.lang, s.Certificate.NotBefore), i18n.Date(c.lang, s.Certificate.NotAfter), s.Anchor))
	}
	fmt.Fprintf(c.stdout, "  %s\n", c.text("cli.revocation_unchecked"))
}

func (c *command) verdictJSON(file string, r *verification.Report, code int) {
	signers := []map[string]any{}
	for _, s := range r.Signers {
		line := map[string]any{"good": s.Err == nil, "certificate": s.State}
		if s.Err != nil {
			line["error"] = s.Err.Error()
		}
		if s.Part != "" {
			line["part"] = s.Part
		}
		if !s.SigningTime.IsZero() {
			line["claimedTime"] = s.SigningTime.UTC().Format(time.RFC3339)
		}
		if cert := s.Certificate; cert != nil {
			p := cert.Person()
			line["subject"], line["issuer"], line["serial"] = cert.Subject.String(), cert.Issuer.String(), cert.SerialHex()
			line["name"], line["iin"], line["bin"], line["organisation"], line["role"] = p.CommonName, p.IIN, p.BIN, p.Organisation, p.Role
			line["notBefore"], line["notAfter"] = cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339)
			line["algorithm"], line["anchor"] = cert.PublicKey.Family.KalkanName(), s.Anchor
		}
		signers = append(signers, line)
	}
	facts := map[string]any{
		"file": file, "good": r.Good(), "trusted": code == exitOK, "detached": r.Detached,
		"revocation": "not checked", "signers": signers,
	}
	if r.Content != nil {
		facts["size"] = len(r.Content)
	}
	json.NewEncoder(c.stdout).Encode(facts)
}

// owner names a certificate's holder as people do: person, identifier, organisation.
func owner(p pki.Subject) string {
	parts := []string{strings.TrimSpace(p.CommonName + " " + p.Patronymic)}
	if p.IIN != "" {
		parts = append(parts, "ИИН "+p.IIN)
	}
	if p.Organisation != "" {
		parts = append(parts, p.Organisation)
	}
	if p.BIN != "" {
		parts = append(parts, "БИН "+p.BIN)
	}
	return strings.Join(parts, ", ")
}

func parseTime(s string) (time.Time, error) {
	var err error
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		var t time.Time
		if t, err = time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q: %w", filepath.Base(s), err)
}

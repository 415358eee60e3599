package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tanba/internal/clock"
	"tanba/internal/cms"
	"tanba/internal/doctor"
	"tanba/internal/pki"
	"tanba/internal/verification"
	"tanba/internal/verification/report"
)

// exitUntrusted: every signature is good, but a certificate is expired, revoked
// or unknown.
const exitUntrusted = 4

// verifying is one run of the verb.
type verifying struct {
	*command
	verifier *verification.Verifier
	watch    clock.Watch
	content  string // --content
	at       time.Time
	asked    bool // the authority's services are asked
	require  bool // and have to answer
	upgrade  verification.Level
	out      string
	stamper  func() (upgradeStamper, error)
	page     []*report.Document
}

func verify(c *command, args []string) int {
	var at, upgrade, roots, page, tsa string
	var offline bool
	v := &verifying{command: c}
	c.flags.StringVar(&v.content, "content", "", "")
	c.flags.StringVar(&at, "at", "", "")
	c.flags.BoolVar(&offline, "offline", false, "")
	c.flags.StringVar(&upgrade, "upgrade", "", "")
	c.flags.StringVar(&v.out, "out", "", "")
	c.flags.StringVar(&roots, "roots", "", "")
	c.flags.StringVar(&page, "report", "", "")
	c.flags.StringVar(&tsa, "tsa", "", "")
	files, code, ok := c.parse(args)
	v.upgrade = verification.Level(strings.ToUpper(upgrade))
	switch {
	case !ok:
		return code
	case len(files) == 0:
		return c.usageError("FILE…")
	case v.content != "" && len(files) > 1:
		return c.usageError("--content")
	case upgrade == "" && (v.out != "" || tsa != ""):
		return c.usageError("--upgrade LT|LTA --out FILE")
	case upgrade != "" && (v.upgrade != verification.LevelLT && v.upgrade != verification.LevelLTA || v.out == "" || len(files) > 1 || offline || at != ""):
		return c.usageError("--upgrade LT|LTA --out FILE")
	}
	if at != "" {
		t, err := parseTime(at)
		if err != nil {
			return c.usageError("--at " + at)
		}
		v.at = t
	}
	if code, ok := v.prepare(roots, tsa, offline); !ok {
		return code
	}
	worst := exitOK
	for _, file := range files {
		switch code := v.file(file); {
		case code == exitError || worst == exitOK:
			worst = code
		}
	}
	if page != "" && !v.write(page, func(w io.Writer) error { return report.Page(w, c.lang, time.Now(), v.page...) }) {
		return exitError
	}
	if off, wrong := v.watch.Off(); wrong {
		key := "verify.clock_slow"
		if off.Ahead < 0 {
			key = "verify.clock_fast"
		}
		c.say(key, off.Ahead.Abs().Round(time.Minute), printable(off.Service))
	}
	return worst
}

// prepare makes the verifier as the flags and the settings say.
func (v *verifying) prepare(rootsFile, tsa string, offline bool) (code int, ok bool) {
	trust := verification.Trust{}
	if rootsFile != "" {
		var err error
		if trust.Roots, err = certificatesOf(rootsFile); err != nil {
			v.fail("cli.roots_unreadable", rootsFile, err)
			return exitUsage, false
		}
	}
	chosen, err := v.chosen()
	if err != nil {
		return v.failSettings(err), false
	}
	dir, err := v.dir()
	if err != nil {
		v.fail("cli.cannot_start", err)
		return exitError, false
	}
	trust.Known = storedRoots(dir, nil)
	if !offline {
		useProxy(chosen)
		if trust.Revocation, err = newRevocation(dir, chosen, (&doctor.Observer{Dir: dir}).Heard(&v.watch)); err != nil {
			v.fail("cli.cannot_start", err)
			return exitError, false
		}
	}
	v.asked, v.require = trust.Revocation != nil, trust.Revocation != nil && chosen.Revocation == "require"
	v.verifier = verification.New(trust)
	if tsa == "" {
		tsa = strings.Join(chosen.TSA, ",")
	}
	v.stamper = func() (upgradeStamper, error) { return newStamper(tsa, append(trust.Known, trust.Roots...)...) }
	return exitOK, true
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

// input is a file to be verified with the content it may stand beside.
type input struct {
	file      string
	signature *os.File
	size      int64
	content   *os.File // nil = none
	length    int64    // of content
}

func (i *input) close() {
	i.signature.Close()
	if i.content != nil {
		i.content.Close()
	}
}

// open opens a signature and its content. The text says what is missing.
func (v *verifying) open(file string) (in *input, missing string) {
	in = &input{file: file}
	var err error
	if in.signature, in.size, err = openRegular(file); err != nil {
		return nil, v.noFile(err)
	}
	content := v.content
	// A detached X.p7s finds X beside it; a wrong guess can only fail to verify.
	if content == "" {
		if base, ok := strings.CutSuffix(file, ".p7s"); ok {
			if fi, err := os.Stat(base); err == nil && fi.Mode().IsRegular() {
				content = base
			}
		}
	}
	if content != "" {
		if in.content, in.length, err = openRegular(content); err != nil {
			in.close()
			return nil, v.text("cli.no_content", content)
		}
	}
	return in, ""
}

// judge reads and judges. The error is for a file that is no signature.
func (v *verifying) judge(ctx context.Context, in *input) (*verification.Report, error) {
	o := verification.Options{At: v.at}
	if in.content != nil {
		o.Reader = in.content
		if in.length <= inMemory {
			var err error
			if o.Content, err = io.ReadAll(in.content); err != nil {
				return nil, err
			}
		}
	}
	if in.size > inMemory {
		return v.verifier.Large(ctx, in.signature, in.size, o)
	}
	data, err := io.ReadAll(in.signature)
	switch {
	case err != nil:
		return nil, err
	case verification.IsXML(data):
		return v.verifier.XML(ctx, data, o)
	}
	return v.verifier.CMS(ctx, data, o)
}

// file judges one file and prints the verdict.
func (v *verifying) file(file string) int {
	in, missing := v.open(file)
	if missing != "" {
		return v.unreadable(file, missing)
	}
	defer in.close()
	r, err := v.judge(context.Background(), in)
	switch {
	case errors.Is(err, cms.ErrContentMissing):
		return v.unreadable(file, v.text("cli.content_missing"))
	case err != nil && (r == nil || len(r.Signers) == 0):
		return v.unreadable(file, v.noSignature(in.signature))
	}
	code := exitOK
	switch {
	case !r.Good():
		code = exitError
	case !r.Trusted(), v.require && r.Unchecked():
		code = exitUntrusted
	}
	size := in.size
	if r.Detached {
		size = in.length
	}
	words := report.Words(r, report.Options{Language: v.lang, File: printable(file), Size: size, Asked: v.asked, Require: v.require})
	v.page = append(v.page, words)
	if v.json {
		v.verdictJSON(file, r, code)
	} else {
		v.print(words, "")
	}
	if v.upgrade == "" || code != exitOK {
		return code
	}
	return v.carry(in, r)
}

func (v *verifying) unreadable(file, reason string) int {
	v.page = append(v.page, &report.Document{
		File: printable(file), Verdict: report.Line{Kind: report.Bad, Text: v.text("cli.verdict.bad") + ": " + reason},
	})
	if v.json {
		v.line(map[string]any{"file": file, "good": false, "error": reason})
	} else {
		fmt.Fprintf(v.stdout, "%s: %s: %s\n", printable(file), v.text("cli.verdict.bad"), reason)
	}
	return exitError
}

// print writes a verdict for people.
func (v *verifying) print(d *report.Document, indent string) {
	if d.File != "" {
		fmt.Fprintf(v.stdout, "%s: ", d.File)
	}
	fmt.Fprintln(v.stdout, d.Verdict.Text)
	if v.quiet {
		return
	}
	say := func(lines []report.Line, indent string) {
		for _, l := range lines {
			fmt.Fprintf(v.stdout, "%s%s\n", indent, l.Text)
		}
	}
	say(d.Lines, indent+"  ")
	for i, s := range d.Signers {
		if len(d.Signers) > 1 {
			fmt.Fprintf(v.stdout, "%s  %s\n", indent, v.text("verify.signer", i+1))
			say(s.Lines, indent+"    ")
			continue
		}
		say(s.Lines, indent+"  ")
	}
	if d.Inner != nil {
		fmt.Fprintf(v.stdout, "%s  %s\n%s    ", indent, v.text("verify.inner"), indent)
		v.print(d.Inner, indent+"    ")
	}
}

// owner names a certificate's holder as people do: person, identifier, organisation.
func owner(p pki.Subject, lang string) string { return report.Owner(p, lang) }

// algorithmName is that of a standard: ГОСТ in Kazakh and Russian, GOST in English.
func algorithmName(f pki.Family, lang string) string {
	if lang == "en" {
		return strings.Replace(f.String(), "ГОСТ", "GOST", 1)
	}
	return f.String()
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

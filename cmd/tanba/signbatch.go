package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"tanba/internal/filesign"
	"tanba/internal/i18n"
	"tanba/internal/xmldsig"
)

// named is how many files a list at the end names before it says "and so many
// more"; --json names all.
const named = 20

// signBatch signs the files and tells of each as it is done. The first Ctrl+C
// lets the files in work be finished, a second one ends the program at once.
func (c *command) signBatch(b *filesign.Batch, files []filesign.File) int {
	screen := newConsole(c.stdout, c.stderr)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals, restore := stopSignals()
	defer restore()
	go func() {
		select {
		case <-signals:
			restore()
			if !c.quiet {
				screen.Errorf("%s\n", c.text("cli.sign.stopping"))
			}
			cancel()
		case <-ctx.Done():
		}
	}()

	if !c.quiet {
		screen.Show(c.progress(b, files))
	}
	start := time.Now()
	var failed, unreached []filesign.Result
	sum := b.Run(ctx, files, func(r filesign.Result) {
		switch {
		case r.Err == nil:
		case errors.Is(r.Err, filesign.ErrNotReached):
			unreached = append(unreached, r)
		default:
			failed = append(failed, r)
		}
		c.reportSigned(screen, r)
	})
	screen.Close()

	if len(files) > 1 {
		c.say("cli.sign.summary", c.counts(sum), c.seconds(time.Since(start)))
	}
	if sum.OK() {
		return exitOK
	}
	c.say("cli.sign_failed", i18n.Number(c.lang, int64(sum.Failed+sum.NotReached)), i18n.Number(c.lang, int64(sum.Total())))
	if !c.json {
		// Among many lines the errors have long scrolled away.
		if len(files) > named {
			c.nameFailed(failed)
		}
		c.nameUnreached(unreached)
	}
	return exitError
}

func (c *command) counts(s filesign.Summary) string {
	var parts []string
	for _, p := range []struct {
		key string
		n   int
	}{
		{"cli.sign.done", s.Signed},
		{"cli.sign.already", s.Already},
		{"cli.sign.failed", s.Failed},
		{"cli.sign.not_reached", s.NotReached},
	} {
		if p.n > 0 {
			parts = append(parts, i18n.N(c.lang, p.key, p.n))
		}
	}
	return strings.Join(parts, ", ")
}

func (c *command) nameFailed(failed []filesign.Result) {
	for _, r := range failed[:min(len(failed), named)] {
		_, reason := c.reason(r.Err)
		fmt.Fprintf(c.stderr, "  %s: %s\n", printable(r.File.Path), reason)
	}
	if more := len(failed) - named; more > 0 {
		fmt.Fprintf(c.stderr, "  %s\n", i18n.N(c.lang, "cli.sign.more", more))
	}
}

// nameUnreached names the files nobody came to. They are the end of the list,
// so of many the first and the last say it all.
func (c *command) nameUnreached(unreached []filesign.Result) {
	if len(unreached) == 0 {
		return
	}
	if n := len(unreached); n > named {
		fmt.Fprintf(c.stderr, "  %s\n", i18n.N(c.lang, "cli.sign.not_reached_range", n,
			printable(unreached[0].File.Path), printable(unreached[n-1].File.Path)))
		return
	}
	for _, r := range unreached {
		fmt.Fprintf(c.stderr, "  %s: %s\n", printable(r.File.Path), c.text("cli.sign.unreached"))
	}
}

// reportSigned tells of one file: a line on standard output if it is signed, on
// standard error if not; with --json always an object on standard output.
func (c *command) reportSigned(screen *console, r filesign.Result) {
	code, reason := "", ""
	if r.Err != nil {
		code, reason = c.reason(r.Err)
	}
	switch {
	case c.json:
		screen.Outf("%s\n", resultJSON(r, code, reason))
	case errors.Is(r.Err, filesign.ErrNotReached): // named together at the end
	case r.Err != nil:
		screen.Errorf("tanba: %s: %s: %s\n", c.text("cli.error"), printable(r.File.Path), reason)
	case c.quiet:
	case r.Already:
		screen.Outf("%s → %s (%s)\n", printable(r.File.Path), printable(r.Output), c.text("cli.sign.was_signed"))
	default:
		screen.Outf("%s → %s\n", printable(r.File.Path), printable(r.Output))
	}
}

func resultJSON(r filesign.Result, code, reason string) []byte {
	line := map[string]any{"file": r.File.Path, "signed": r.Err == nil}
	if r.Err == nil {
		line["signature"] = r.Output
	} else {
		line["code"], line["error"] = code, reason
	}
	if r.Already {
		line["already"] = true
	}
	data, _ := json.Marshal(line) // strings and truth values always can
	return data
}

// reason says why a file was not signed: a code for programs, a text for people.
func (c *command) reason(err error) (code, text string) {
	if errors.Is(err, filesign.ErrStamp) {
		return c.stampReason(err)
	}
	for _, t := range []struct {
		err       error
		code, key string
	}{
		{filesign.ErrExists, "exists", "cli.exists"},
		{filesign.ErrNotRegular, "not_a_file", "cli.not_a_file"},
		{filesign.ErrNoMatch, "no_match", "cli.sign.no_match"},
		{filesign.ErrChanged, "changed", "cli.sign.changed"},
		{filesign.ErrNotReached, "not_reached", "cli.sign.unreached"},
		{filesign.ErrTooLarge, "too_large", "cli.sign.too_large"},
		{xmldsig.ErrNoElement, "no_element", "cli.sign.no_element"},
		{syscall.ENOSPC, "disk_full", "cli.sign.disk_full"},
		{fs.ErrNotExist, "no_file", "cli.no_file"},
		{fs.ErrPermission, "no_permission", "cli.no_permission"},
	} {
		if errors.Is(err, t.err) {
			return t.code, c.text(t.key)
		}
	}
	var syntax *xmldsig.SyntaxError
	if errors.As(err, &syntax) {
		return "not_xml", c.text("cli.sign.not_xml", syntax.Line, printable(syntax.Reason))
	}
	return "other", printable(err.Error())
}

// reportCollisions names the files that would get the same output. Nothing has
// been written, and nothing is.
func (c *command) reportCollisions(job *filesign.Job, files []filesign.File, collisions []filesign.Collision) {
	reasons := map[string]string{}
	for i, x := range collisions {
		text := c.text("cli.sign.collision", printable(x.First.Path), printable(x.Second.Path), printable(x.Output))
		reasons[x.First.Path], reasons[x.Second.Path] = text, text
		if i < named && !c.json {
			fmt.Fprintf(c.stderr, "tanba: %s: %s\n", c.text("cli.error"), text)
		}
	}
	if more := len(collisions) - named; more > 0 && !c.json {
		fmt.Fprintf(c.stderr, "  %s\n", i18n.N(c.lang, "cli.sign.more", more))
	}
	if c.json {
		for _, f := range files {
			code, text := "collision", reasons[f.Path]
			if text == "" {
				code, text = c.reason(filesign.ErrNotReached)
			}
			fmt.Fprintf(c.stdout, "%s\n", resultJSON(filesign.Result{File: f, Output: job.Output(f), Err: filesign.ErrNotReached}, code, text))
		}
	}
	c.fail("cli.sign.nothing_written")
	if !c.json {
		c.hint("cli.sign.collision_hint")
	}
}

// printable keeps the name of a file from speaking to the terminal.
func printable(name string) string {
	if strings.ContainsFunc(name, unicode.IsControl) {
		return strconv.Quote(name)
	}
	return name
}

func (c *command) seconds(d time.Duration) string {
	s := strconv.FormatFloat(d.Seconds(), 'f', 1, 64)
	if c.lang != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return c.text("cli.sign.seconds", s)
}

// progress describes how far a batch is, as a share of the work and in words.
func (c *command) progress(b *filesign.Batch, files []filesign.File) func() progress {
	// A signature costs as much as hashing so many octets.
	const perFile = 16 << 10
	var octets int64
	for _, f := range files {
		octets += f.Size
	}
	start := time.Now()
	return func() progress {
		done, read := b.Progress()
		p := progress{Share: float64(read+perFile*int64(done)) / float64(octets+perFile*int64(len(files)))}
		p.Share = min(p.Share, 1)
		if len(files) > 1 {
			p.Count = i18n.N(c.lang, "cli.sign.progress", len(files), i18n.Number(c.lang, int64(done)))
		} else {
			p.Count = c.text("cli.sign.progress_size", i18n.Size(c.lang, min(read, octets)), i18n.Size(c.lang, octets))
		}
		// The first moments say little about the rest.
		if elapsed := time.Since(start); elapsed > time.Second && p.Share > 0.01 && p.Share < 1 {
			left := time.Duration(float64(elapsed) * (1 - p.Share) / p.Share).Round(time.Second)
			p.Left = c.text("cli.sign.left", fmt.Sprintf("%d:%02d", int(left.Minutes()), int(left.Seconds())%60))
		}
		return p
	}
}

package prompt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

type dialogKind int

const (
	askConsent dialogKind = iota // yes or no, no being what Enter means where a tool can
	askRow                       // one of several rows: answers its number
	askFile                      // a path
	askSecret                    // a password
	tellOnly
)

// dialog is one dialog, for any tool.
type dialog struct {
	kind       dialogKind
	title      string
	text       string
	yes, no    string
	rows       []string // each begins with its number
	unfit      []string // rows that cannot be chosen, with the reason; only windows of ours show them
	start      string   // folder
	extensions []string
	folder     bool
}

// tool is a program that shows dialogs.
type tool struct {
	path      string
	arguments func(dialog) []string
}

// findTool returns the tool that fits the desktop best. As with browsers, PATH is
// not searched.
func findTool() *tool {
	var known []tool
	switch runtime.GOOS {
	case "windows":
		return nil
	case "darwin":
		known = []tool{{"/usr/bin/osascript", osascript}}
	default:
		known = []tool{{"/usr/bin/zenity", zenity}, {"/usr/bin/kdialog", kdialog}, {"/usr/bin/yad", yad}}
		if strings.Contains(os.Getenv("XDG_CURRENT_DESKTOP"), "KDE") {
			known[0], known[1] = known[1], known[0]
		}
	}
	for _, t := range known {
		if fi, err := os.Stat(t.path); err == nil && fi.Mode().IsRegular() {
			return &t
		}
	}
	return nil
}

// longestAnswer is more than any password or path has.
const longestAnswer = 8 << 10

// runTool runs a tool and reads its answer without its line end, in memory that is
// read into once, so that clearing it clears all there is. The tool's own end, other
// than with 0, is a no.
func runTool(ctx context.Context, argv []string) (out []byte, yes bool, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, false, err
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout = w // a file: nothing is copied on the way
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return nil, false, err
	}
	buffer := make([]byte, longestAnswer)
	n := 0
	for n < len(buffer) {
		m, err := r.Read(buffer[n:])
		n += m
		if err != nil {
			break // the tool has said everything
		}
	}
	r.Close() // a tool that says more does not wait for us
	err = cmd.Wait()
	out = buffer[:n]
	for len(out) > 0 && (out[len(out)-1] == '\n' || out[len(out)-1] == '\r') {
		out = out[:len(out)-1]
	}
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil, errors.As(err, &ended):
		clear(buffer)
		// 255 is said by a tool that could not show anything.
		if ended != nil && ctx.Err() == nil && ended.ExitCode() == 255 {
			return nil, false, errors.New("the tool for dialogs gave up")
		}
		return nil, false, nil
	case err != nil:
		clear(buffer)
		return nil, false, err
	}
	return out, true, nil
}

// patterns are those of file names for a filter, in both cases.
func patterns(extensions []string) string {
	var out []string
	for _, e := range extensions {
		out = append(out, "*."+e, "*."+strings.ToUpper(e))
	}
	return strings.Join(out, " ")
}

// folderOf is a folder as tools take it; what is no absolute path is left out: it may
// be a page's.
func folderOf(start string) string {
	if !filepath.IsAbs(start) {
		return ""
	}
	if strings.HasSuffix(start, "/") {
		return start
	}
	return start + "/"
}

func zenity(d dialog) []string {
	switch d.kind {
	case askConsent:
		return []string{"--question", "--no-markup", "--default-cancel", "--width=560", "--title=" + d.title, "--text=" + d.text, "--ok-label=" + d.yes, "--cancel-label=" + d.no}
	case askRow:
		args := []string{"--list", "--hide-header", "--width=560", "--height=320", "--title=" + d.title, "--text=" + d.text, "--column=", "--column=", "--hide-column=1", "--print-column=1"}
		for i, row := range d.rows {
			args = append(args, strconv.Itoa(i+1), row)
		}
		return args
	case askSecret:
		return []string{"--entry", "--hide-text", "--width=420", "--title=" + d.title, "--text=" + d.text}
	case askFile:
		return gtkFile("--file-selection", d)
	}
	return []string{"--error", "--no-markup", "--width=420", "--title=" + d.title, "--text=" + d.text, "--ok-label=" + d.no}
}

func yad(d dialog) []string {
	switch d.kind {
	case askConsent:
		return []string{"--no-markup", "--width=560", "--title=" + d.title, "--text=" + d.text, "--button=" + d.yes + ":0", "--button=" + d.no + ":1"}
	case askRow:
		args := []string{"--list", "--no-markup", "--no-headers", "--width=560", "--height=320", "--title=" + d.title, "--text=" + d.text, "--column=n", "--column=t", "--hide-column=1", "--print-column=1", "--separator="}
		for i, row := range d.rows {
			args = append(args, strconv.Itoa(i+1), row)
		}
		return args
	case askSecret:
		return []string{"--entry", "--hide-text", "--no-markup", "--width=420", "--title=" + d.title, "--text=" + d.text}
	case askFile:
		return gtkFile("--file", d)
	}
	return []string{"--no-markup", "--width=420", "--title=" + d.title, "--text=" + d.text, "--button=" + d.no + ":0"}
}

func gtkFile(what string, d dialog) []string {
	args := []string{what, "--title=" + d.title + ": " + d.text}
	if start := folderOf(d.start); start != "" {
		args = append(args, "--filename="+start)
	}
	if d.folder {
		return append(args, "--directory")
	}
	if p := patterns(d.extensions); p != "" {
		args = append(args, "--file-filter="+p)
	}
	return args
}

func kdialog(d dialog) []string {
	args := []string{"--title", d.title}
	switch d.kind {
	case askConsent:
		return append(args, "--yes-label", d.yes, "--no-label", d.no, "--warningyesno", d.text)
	case askRow:
		args = append(args, "--menu", d.text)
		for i, row := range d.rows {
			args = append(args, strconv.Itoa(i+1), row)
		}
		return args
	case askSecret:
		return append(args, "--password", d.text)
	case askFile:
		start := folderOf(d.start)
		if start == "" {
			start = "."
		}
		if d.folder {
			return append(args, "--getexistingdirectory", start)
		}
		return append(args, "--getopenfilename", start, patterns(d.extensions))
	}
	return append(args, "--error", d.text)
}

// osascript gets texts as arguments of the script, never as a part of it. It has not
// been run on a Mac.
func osascript(d dialog) []string {
	script := func(body string, argv ...string) []string {
		return append([]string{"-e", "on run argv", "-e", body, "-e", "end run", d.title, d.text}, argv...)
	}
	const to = ` with title (item 1 of argv)`
	switch d.kind {
	case askConsent:
		return script(`display dialog (item 2 of argv)`+to+` buttons {item 4 of argv, item 3 of argv} default button 1 cancel button 1 with icon caution`, d.yes, d.no)
	case askRow:
		return script(`choose from list (items 3 thru -1 of argv)`+to+` with prompt (item 2 of argv)`, d.rows...)
	case askSecret:
		return script(`text returned of (display dialog (item 2 of argv)` + to + ` default answer "" with hidden answer)`)
	case askFile:
		what := "file"
		if d.folder {
			what = "folder"
		}
		if start := folderOf(d.start); start != "" {
			return script(`POSIX path of (choose `+what+` with prompt (item 2 of argv) default location (POSIX file (item 3 of argv)))`, start)
		}
		return script(`POSIX path of (choose ` + what + ` with prompt (item 2 of argv))`)
	}
	return script(`display dialog (item 2 of argv)`+to+` buttons {item 3 of argv} default button 1`, d.no)
}

package prompt

import (
	"html"
	"path/filepath"
	"strconv"
	"strings"
)

// escaped is a text for a tool that reads backslashes as C does.
func escaped(s string) string { return strings.ReplaceAll(s, `\`, `\\`) }

// underscored is a text for a label in which an underscore marks a key.
func underscored(s string) string { return strings.ReplaceAll(s, "_", "__") }

// rich is a text for Qt.
func rich(s string) string {
	return "<html>" + strings.ReplaceAll(escaped(html.EscapeString(s)), "\n", "<br>") + "</html>"
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

// zenity takes markup in the text of a list only, where it cannot be told not to, and
// escapes there and above an entry, but in no question (zenity 3.44).
func zenity(d dialog) []string {
	switch d.kind {
	case askConsent:
		return []string{"--question", "--no-markup", "--default-cancel", "--width=560", "--title=" + d.title, "--text=" + d.text, "--ok-label=" + d.yes, "--cancel-label=" + d.no}
	case askRow:
		args := []string{"--list", "--hide-header", "--width=560", "--height=320", "--title=" + d.title, "--text=" + escaped(html.EscapeString(d.text)), "--column=", "--column=", "--hide-column=1", "--print-column=1"}
		for i, row := range d.rows {
			args = append(args, strconv.Itoa(i+1), row)
		}
		return args
	case askSecret:
		return []string{"--entry", "--hide-text", "--width=420", "--title=" + d.title, "--text=" + underscored(escaped(d.text))}
	case askFile:
		return gtkFile("--file-selection", d)
	case stopOnly:
		return []string{"--progress", "--percentage=0", "--auto-close", "--width=420", "--title=" + d.title, "--text=" + escaped(d.text), "--cancel-label=" + d.no}
	}
	return []string{"--error", "--no-markup", "--width=420", "--title=" + d.title, "--text=" + d.text, "--ok-label=" + d.no}
}

// yad takes escapes in every text, and Enter for its first button (yad 0.40).
func yad(d dialog) []string {
	switch d.kind {
	case askConsent:
		return []string{"--no-markup", "--width=560", "--title=" + d.title, "--text=" + escaped(d.text), "--button=" + d.no + ":1", "--button=" + d.yes + ":0"}
	case askRow:
		args := []string{"--list", "--no-markup", "--no-headers", "--width=560", "--height=320", "--title=" + d.title, "--text=" + escaped(d.text), "--column=n", "--column=t", "--hide-column=1", "--print-column=1", "--separator="}
		for i, row := range d.rows {
			args = append(args, strconv.Itoa(i+1), row)
		}
		return args
	case askSecret:
		return []string{"--entry", "--hide-text", "--no-markup", "--width=420", "--title=" + d.title, "--text=" + escaped(d.text)}
	case askFile:
		return gtkFile("--file", d)
	case stopOnly:
		return []string{"--progress", "--percentage=0", "--auto-close", "--no-markup", "--width=420", "--title=" + d.title, "--text=" + escaped(d.text), "--button=" + d.no + ":1"}
	}
	return []string{"--no-markup", "--width=420", "--title=" + d.title, "--text=" + escaped(d.text), "--button=" + d.no + ":0"}
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

// kdialog is given markup always, since otherwise it guesses from the text whether it
// is some; "[*]" in a title is Qt's place for the mark of a changed document.
func kdialog(d dialog) []string {
	args := []string{"--title", strings.ReplaceAll(d.title, "[*]", "[*][*]")}
	text := rich(d.text)
	switch d.kind {
	case askConsent:
		return append(args, "--yes-label", d.yes, "--no-label", d.no, "--warningyesno", text)
	case askRow:
		args = append(args, "--menu", text)
		for i, row := range d.rows {
			args = append(args, strconv.Itoa(i+1), row)
		}
		return args
	case askSecret:
		return append(args, "--password", text)
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
	if d.kind == stopOnly {
		return append(args, "--ok-label", d.no, "--msgbox", text)
	}
	return append(args, "--error", text)
}

// kdialogProgress is the dialog that kdialog leaves behind, moved over the bus.
func kdialogProgress(d dialog, total int) []string {
	return []string{"--title", strings.ReplaceAll(d.title, "[*]", "[*][*]"), "--progressbar", rich(d.text), strconv.Itoa(total)}
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
	if d.kind == stopOnly { // nothing that Enter presses by chance
		return script(`display dialog (item 2 of argv)`+to+` buttons {item 3 of argv} with icon note`, d.no)
	}
	return script(`display dialog (item 2 of argv)`+to+` buttons {item 3 of argv} default button 1`, d.no)
}

package prompt

import (
	"os"
	"runtime"
	"strings"
)

type dialogKind int

const (
	askConsent dialogKind = iota // yes or no, no being what Enter means where a tool can
	askRow                       // one of several rows: answers its number
	askFile                      // a path
	askSecret                    // a password
	tellOnly
	stopOnly // what is shown while the work is done; its only button, no, means Stop
)

// dialog is one dialog, for any tool. Its texts are plain: what a tool would take for
// markup, for an escape or for the mark of a key is for the tool's own function to
// write so that it is seen as it is.
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
	// no are the codes with which it ends when the person says no. Every other
	// end but 0 means that it could show nothing, or no longer.
	no []int
	// denied, where there is one, must be in what it said for such an end to be
	// a no.
	denied string
	// percent: stopOnly is a bar that reads from the standard input how far it is.
	percent bool
}

var (
	theZenity    = tool{path: "/usr/bin/zenity", arguments: zenity, no: []int{1}, percent: true}
	theKDialog   = tool{path: "/usr/bin/kdialog", arguments: kdialog, no: []int{1, 2}}
	theYad       = tool{path: "/usr/bin/yad", arguments: yad, no: []int{1, 252}, percent: true}
	theOsascript = tool{path: "/usr/bin/osascript", arguments: osascript, no: []int{1}, denied: "(-128)"} // userCanceledErr
)

// findTool returns the tool that fits the desktop best. As with browsers, PATH is
// not searched.
func findTool() *tool {
	var known []tool
	switch runtime.GOOS {
	case "windows":
		return nil
	case "darwin":
		known = []tool{theOsascript}
	default:
		known = []tool{theZenity, theKDialog, theYad}
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

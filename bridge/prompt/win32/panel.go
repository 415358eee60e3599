package win32

import (
	"errors"
	"time"
)

// Panel is what a window shows and asks. Texts may have line feeds; empty ones take
// no room.
type Panel struct {
	Heading  string // who asks, in large letters
	Sentence string // what for
	Detail   string
	Notes    string // warnings about the question, each with its own sign
	Account  string // to read, in a field that scrolls
	Message  string // what went wrong just now
	Label    string // above the rows or the password
	Phrase   string // beside the buttons

	Rows   []Row
	Secret bool // a password is asked for

	Yes, No string // buttons; no Yes = there is only something to read
	Busy    string // on the yes button after it was pressed

	// Caps and Layout are shown under a password while Caps Lock is on, and
	// when Cyrillic letters are typed.
	Caps, Layout string

	// Minimum is how long the window must have been in front before the yes
	// counts.
	Minimum time.Duration
}

// Row is one of several to choose from; one without Fits can be read only.
type Row struct {
	Text string
	Fits bool
}

// Answer is what a person did.
type Answer struct {
	Yes    bool
	Row    int    // index of Panel.Rows
	Secret []byte // the caller clears it
}

// ErrNoDesktop: this process has no desktop that a person sees.
var ErrNoDesktop = errors.New("no desktop")

// Choice is a question for a file or a folder in Windows' own dialog.
type Choice struct {
	Title      string
	Folder     bool
	Start      string   // folder where choosing begins, "" = Windows' own
	Extensions []string // without a dot; nil = all files
}

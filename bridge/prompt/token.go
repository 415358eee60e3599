package prompt

import "time"

// Token is a token in a slot, as shown before its PIN.
type Token struct {
	ID      string // opaque: what Request.UnlockToken takes
	Label   string // cleaned
	Serial  string
	Owners  []Owner // of the certificates that show without the PIN
	PIN     PIN
	Problem string // catalogue key of what is wrong with it, "" = nothing
	Factory string // catalogue key of a hint about the PIN it was sold with, "" = none
	Last    bool   // the person used it last
}

// Owner is whose a certificate is, and until when.
type Owner struct {
	Name  string
	Until time.Time
}

// PIN is what a token says of its PIN.
type PIN struct {
	Min, Max   int  // length; 0 = unknown
	Left       int  // tries left, exact; -1 = unknown
	Low        bool // at least one wrong try
	LastTry    bool // one more wrong PIN blocks it
	Locked     bool
	Unset      bool // not initialised
	MustChange bool
	Pad        bool // typed on the device itself
}

// usable reports whether a PIN can be tried at all.
func (p PIN) usable() bool { return !p.Locked && !p.Unset && !p.MustChange }

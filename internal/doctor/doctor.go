// Package doctor finds out why signing does not work: one code, one sentence and
// one fix for each fault portals print the same "not running" for.
//
// [Run] looks; it changes nothing and asks nothing of the network. [Fix] mends
// what can be mended without deciding for the person. The sentences are in the
// catalogue under doctor.CODE, doctor.CODE.fix and doctor.CODE.good; the command
// line, the status page and the snippet for portals use the same codes.
//
// A check that cannot be made on this system says so ([Finding.Unknown]) and is
// neither a fault nor a good mark.
package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tanba/installer/trust"
	"tanba/internal/i18n"
	"tanba/internal/peer"
	"tanba/internal/settings"
	"tanba/internal/state"
)

// Code names a fault (product.md §3). Codes are stable: scripts and support
// desks go by them.
type Code string

// The faults, in the order they are looked for.
const (
	NotRunning Code = "NOT_RUNNING"
	PortTaken  Code = "PORT_TAKEN"
	NotTrusted Code = "NOT_TRUSTED"
	LNABlocked Code = "LNA_BLOCKED"
	Extension  Code = "EXTENSION"
	ClockWrong Code = "CLOCK_WRONG"
	TokenStack Code = "TOKEN_STACK"
	NoModule   Code = "NO_MODULE"
	Settings   Code = "SETTINGS"
)

// Codes lists all of them in order.
var Codes = []Code{NotRunning, PortTaken, NotTrusted, LNABlocked, Extension, ClockWrong, TokenStack, NoModule, Settings}

// Finding is what came of one look.
type Finding struct {
	Code    Code
	OK      bool
	Unknown bool   // this system cannot tell; OK is true then
	Variant string // a more exact sentence: "ncalayer", "installed", …; "" = the general one
	Args    []any  // of the sentences: names, paths, times
	// Fixable: Fix can mend it, if need be with the right the Variant names.
	Fixable bool

	autostart []string // files that start the program at the next log-in
	fix       func(context.Context) error
}

// Title is the sentence that names the fault.
func (f Finding) Title(lang string) string { return f.sentence(lang, "") }

// Advice says what to do.
func (f Finding) Advice(lang string) string {
	text := f.sentence(lang, ".fix")
	for _, file := range f.autostart {
		key := "doctor.autostart"
		if strings.HasSuffix(file, ".service") {
			key = "doctor.autostart_unit"
		}
		text += " " + i18n.T(lang, key, file, filepath.Base(file))
	}
	return text
}

// WithoutNames is the finding for somebody else's eyes: the user who holds the
// port is not named.
func (f Finding) WithoutNames() Finding {
	if f.Code == PortTaken && !f.OK {
		f.Args = append(slices.Clone(f.Args[:3]), "…")
	}
	return f
}

// Good is the sentence when there is no fault.
func (f Finding) Good(lang string) string {
	if f.Unknown {
		return i18n.T(lang, "doctor.unknown", string(f.Code))
	}
	return i18n.T(lang, "doctor."+string(f.Code)+".good", f.Args...)
}

func (f Finding) sentence(lang, part string) string {
	if f.Variant != "" {
		key := "doctor." + string(f.Code) + "." + f.Variant + part
		if text := i18n.T(lang, key, f.Args...); text != key {
			return text
		}
	}
	return i18n.T(lang, "doctor."+string(f.Code)+part, f.Args...)
}

// ErrNotFixable says that the person has to do it.
var ErrNotFixable = errors.New("doctor: this cannot be mended from here")

// Fix mends a fault.
func Fix(ctx context.Context, f Finding) error {
	if f.fix == nil {
		return ErrNotFixable
	}
	return f.fix(ctx)
}

// Options say what to look at. Every function may be nil: then the system is
// asked, or the check is left out where there is nothing to ask.
type Options struct {
	State state.Dir
	Port  int
	Home  string // of the person; browsers' profiles are there
	Root  string // "" = "/"; tests put /etc elsewhere

	Now    func() time.Time
	Holder func(netip.AddrPort) (peer.Holder, error)
	Mine   func(peer.Holder) bool // is it our own agent?
	// Arguments of a process, as far as the system shows them.
	Arguments func(pid int) []string
	// Roots is the local authority now; nil = there is none yet.
	Roots *x509.Certificate
	// Handshake is a real one with what each store holds.
	Handshake func(ctx context.Context, addr string) ([]trust.Result, error)
	Readers   func(context.Context) error  // nil error = the card service answers
	Modules   func(context.Context) []Load // of PKCS#11, as the settings name them
	Settings  func() (settings.Settings, error)

	Start       func(context.Context) error // of the agent
	Installed   func() bool
	Repair      func(context.Context) error // of trust
	Stop        func(context.Context, peer.Holder) error
	Allow       func(ctx context.Context, origins []string) error // browser policies; administrators only
	SetClock    func(context.Context) error
	StartReader func(context.Context) error
}

// Load is a module that does not load.
type Load struct {
	Path string
	Err  string
}

// Run looks for every fault.
func Run(ctx context.Context, o Options) []Finding {
	o.complete()
	notes, _ := LoadNotes(o.State)
	port, running := o.port(ctx)
	findings := append(port, o.trusted(ctx, running))
	findings = append(findings, o.lna(notes), o.extensions(), o.clock(notes), o.tokens(ctx), o.module(notes), o.settings())
	return findings
}

// Faults are the findings that are not well.
func Faults(all []Finding) []Finding {
	var faults []Finding
	for _, f := range all {
		if !f.OK {
			faults = append(faults, f)
		}
	}
	return faults
}

func (o *Options) complete() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Holder == nil {
		o.Holder = peer.Listening
	}
	if o.Arguments == nil {
		o.Arguments = arguments
	}
	if o.Port == 0 {
		o.Port = 13579
	}
	if o.Root == "" {
		o.Root = "/"
	}
}

func good(c Code, args ...any) Finding { return Finding{Code: c, OK: true, Args: args} }

func unknown(c Code) Finding { return Finding{Code: c, OK: true, Unknown: true} }

// withFix makes a finding fixable when there is a way.
func (f Finding) withFix(fix func(context.Context) error) Finding {
	f.fix, f.Fixable = fix, fix != nil
	return f
}

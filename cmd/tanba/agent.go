package main

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"time"

	"tanba/bridge"
	"tanba/bridge/consent"
	"tanba/bridge/pages"
	"tanba/bridge/prompt"
	"tanba/installer/install"
	"tanba/internal/doctor"
	"tanba/internal/enrollment"
	"tanba/internal/localca"
	"tanba/internal/pki"
	"tanba/internal/session"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/keystore"
)

// agent is the bridge with everything it stands on.
type agent struct {
	server *bridge.Server
	source *localca.Source
	addr   net.Addr

	warnings *warnings
}

type agentOptions struct {
	dir       state.Dir
	port      int // 0 = any free one
	language  string
	prompter  prompt.Prompter
	developer bool
	multisign bool               // also KAZTOKEN desktop's port
	tsa       string             // address of the time-stamping authority, "" = the national one
	suggest   []string           // key files offered before any was used
	tokens    keystore.Tokens    // nil = none
	watch     consent.TokenWatch // nil = insertion is not noticed
	storages  map[string]string  // settings.Settings.TokenStorages
	devices   bridge.Devices     // nil = sites are told of no token
	limits    bridge.Limits
	plain     bool                  // ws:// for native programs, too
	roots     []*pki.Certificate    // certificates of pinned authorities; see roots.go
	calls     map[string]pages.Call // more of them, for the pages
	// revocation is asked about keys, nil = nobody; require: it has to answer.
	revocation bridge.Revocation
	require    bool
	tsaGiven   bool                    // tsa is of the command line, which settings do not change
	level      func(settings.Settings) // of the log; nil = it stays
	phrase     string                  // the person's sign that a window is genuine
	remember   time.Duration           // a password may be kept that long, 0 = not at all
	kiosk      bool                    // nothing is remembered
	sites      []settings.Site
	observer   *doctor.Observer
	heard      func(service string, ahead time.Duration) // of clocks, nil = nobody
	trial      trial
	log        *slog.Logger
}

// startAgent makes what is missing (the local CA on the first run), opens the
// port and returns; serving starts with run.
func startAgent(o agentOptions) (*agent, error) {
	if err := install.Claim(o.dir); err != nil {
		return nil, err
	}
	// A leaf that ends soon is still served: replacing it needs the person,
	// since browsers have to be told to trust the new one.
	bundle, _, err := localca.LoadOrIssue(o.dir, time.Now())
	if err != nil {
		return nil, err
	}
	source, err := localca.NewSource(bundle)
	if err != nil {
		return nil, err
	}
	anchors := pki.NewPool(pki.Anchors(true, false))
	for _, r := range o.roots {
		anchors.AddCertificate(r)
	}
	for _, r := range o.trial.roots {
		anchors.AddRoot(r)
	}
	desk := consent.New(consent.Options{
		Prompter: o.prompter, State: o.dir, Language: o.language, Log: o.log,
		Phrase: o.phrase, Kiosk: o.kiosk, Seeded: seeded(o.sites),
		Anchors:   anchors,
		KeyFolder: enrollment.Folder(),
		Tokens:    o.tokens, TokenWatch: o.watch, TokenStorages: o.storages,
	})
	desk.Suggest(o.suggest...)
	l := &live{o: o, desk: desk, stamper: &liveStamper{}, checker: &liveChecker{checker: o.revocation, required: o.require}, watch: session.Watch}
	stamper, err := newHeardStamper(o.heard, o.tsa, nil, o.roots...)
	if err != nil {
		return nil, err
	}
	l.stamper.Store(stamper)
	l.choose(o.language, o.phrase, o.remember)
	var second string
	if o.multisign {
		second = net.JoinHostPort("127.0.0.1", strconv.Itoa(bridge.MultisignPort))
	}
	a := &agent{source: source, warnings: newWarnings(o, desk)}
	a.server, err = bridge.New(bridge.Options{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)), State: o.dir, Desk: desk, TLS: source,
		Version: releaseVersion, DeveloperMode: o.developer, Multisign: second, Stamper: l.stamper,
		Revocation: l.checker,
		Limits:     o.limits, PlainWS: o.plain, Devices: o.devices, Pages: a.newPages(o, desk, l, time.Now()), Log: o.log,
		UnknownModule: func(module, origin string) {
			if err := o.observer.Module(module, origin); err != nil {
				o.log.Warn("notes", "error", err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	if a.addr, err = a.server.Listen(); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *agent) run(ctx context.Context) error { return a.server.Serve(ctx) }

func (a *agent) url() string { return "wss://" + a.addr.String() }

// seeded are the sites of the administrator's list.
func seeded(sites []settings.Site) []consent.Seeded {
	out := make([]consent.Seeded, 0, len(sites))
	for _, s := range sites {
		out = append(out, consent.Seeded{Origin: s.Origin, List: s.MayList()})
	}
	return out
}

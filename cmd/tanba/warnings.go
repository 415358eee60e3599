package main

import (
	"cmp"
	"context"
	"net"
	"strconv"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/notify"
	"tanba/internal/renewal"
	"tanba/internal/settings"
	"tanba/keystore"
)

// warnings are what is said before keys end, beside the clock and on the pages.
type warnings struct {
	plan *renewal.Plan
	desk *consent.Desk
	o    agentOptions

	inserted []renewal.Key // of the tokens, as they were listed last
	listed   <-chan struct{}
}

func newWarnings(o agentOptions, desk *consent.Desk) *warnings {
	return &warnings{plan: renewal.Open(o.dir, renewal.DefaultQuiet), desk: desk, o: o}
}

// run tells of keys that end until ctx ends; where nothing shows notes, the
// windows and the pages still do.
func (w *warnings) run(ctx context.Context) {
	notes, err := notify.New()
	if err != nil {
		w.o.log.Info("keys that end are told of in windows and pages only", "error", err)
		return
	}
	watcher := &renewal.Watcher{Plan: w.plan, Keys: w.keys, Notes: notes, Ask: w.ask, Open: w.open, Log: w.o.log}
	if w.o.watch != nil {
		watcher.Changed = w.o.watch.Changed
	}
	watcher.Run(ctx)
}

// ask reads the settings of now.
func (w *warnings) ask() (on bool, lang string, quiet renewal.Quiet) {
	s, err := settings.Effective(w.o.dir)
	if err != nil {
		return true, w.o.language, renewal.DefaultQuiet
	}
	if quiet, err = renewal.ParseQuiet(s.QuietHours); err != nil {
		quiet = renewal.DefaultQuiet
	}
	return s.Warnings != "off", cmp.Or(s.Language, w.o.language), quiet
}

// open shows what to do about a key that ends, in the person's own browser: the
// renewal while it is possible, else what is known of the key.
func (w *warnings) open(lang string, warning renewal.Warning) {
	page := "/renew"
	if warning.Ended || warning.Replaced {
		page = "/keys"
	}
	address := "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(w.o.port)) + page + "?lang=" + lang
	if _, err := prompt.Tab()(context.Background(), address); err != nil {
		w.o.log.Warn("the page of a key that ends cannot be opened", "error", err)
	}
}

// keys are those used lately and those on the tokens that are in. Only the
// watcher calls it, so that no driver is loaded for a page.
func (w *warnings) keys(ctx context.Context) []renewal.Key {
	w.list(ctx)
	keys := recentKeys(w.desk.Recent())
	known := map[string]bool{}
	for _, k := range keys {
		known[k.ID] = true
	}
	for _, k := range w.inserted {
		if !known[k.ID] {
			keys = append(keys, k)
		}
	}
	return keys
}

// tokenListing bounds how long a driver may take.
const tokenListing = 30 * time.Second

// list asks the tokens for their certificates, once after each change and only
// when one is in.
func (w *warnings) list(ctx context.Context) {
	if w.o.tokens == nil || w.o.watch == nil {
		return
	}
	if w.listed != nil {
		select {
		case <-w.listed:
		default:
			return // as it was
		}
	}
	w.listed = w.o.watch.Changed()
	w.inserted = nil
	if !w.o.watch.Present() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tokenListing)
	defer cancel()
	all, err := w.o.tokens.List(ctx)
	if err != nil {
		w.o.log.Debug("tokens cannot be looked at", "error", err)
		return
	}
	for _, t := range all {
		w.inserted = append(w.inserted, tokenKeys(t)...)
	}
}

func tokenKeys(t keystore.Token) []renewal.Key {
	var keys []renewal.Key
	for _, c := range t.Certificates {
		if c.IsCA {
			continue
		}
		keys = append(keys, renewal.Key{
			ID: renewal.IDOf(c), Owner: c.Person().CommonName, Subject: renewal.SubjectOf(c),
			Place: cmp.Or(t.Label, t.Serial), Token: true, NotAfter: c.NotAfter,
		})
	}
	return keys
}

// recentKeys are the keys used before whose end is known.
func recentKeys(recent []consent.RecentKey) []renewal.Key {
	var keys []renewal.Key
	for _, r := range recent {
		if !r.Until.IsZero() {
			keys = append(keys, renewalKey(r))
		}
	}
	return keys
}

func renewalKey(r consent.RecentKey) renewal.Key {
	return renewal.Key{
		ID: cmp.Or(r.Certificate, r.ID()), Owner: r.Owner, Subject: r.Subject,
		Place: cmp.Or(r.Label, r.Token), Token: r.Token != "", NotAfter: r.Until,
	}
}

// later puts the warnings of a key off by a day.
func (w *warnings) later(id string, now time.Time) error {
	for _, k := range recentKeys(w.desk.Recent()) {
		if k.ID != id {
			continue
		}
		if due, ok := renewal.State(k, recentKeys(w.desk.Recent()), now); ok {
			return w.plan.Later(due, now)
		}
	}
	return nil
}

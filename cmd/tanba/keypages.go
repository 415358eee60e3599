package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/pages"
	"tanba/internal/i18n"
	"tanba/internal/renewal"
)

// keyCalls are what the page of keys asks for.
func keyCalls(w *warnings) map[string]pages.Call {
	return map[string]pages.Call{
		"keys": func(_ context.Context, lang string, _ []byte) (any, error) {
			return knownKeys(w.desk.Recent(), lang, time.Now()), nil
		},
		"keys/forget": func(_ context.Context, _ string, body []byte) (any, error) {
			in, err := pages.Decode[struct{ ID string }](body)
			if err != nil || in.ID == "" {
				return nil, &pages.Fault{Key: "pages.failed"}
			}
			w.desk.ForgetRecent(in.ID)
			return struct{}{}, nil
		},
		"keys/later": func(_ context.Context, _ string, body []byte) (any, error) {
			in, err := pages.Decode[struct{ Warning string }](body)
			if err != nil || in.Warning == "" {
				return nil, &pages.Fault{Key: "pages.failed"}
			}
			if err := w.later(in.Warning, time.Now()); err != nil {
				return nil, err
			}
			return struct{}{}, nil
		},
	}
}

// knownKey is a key as the page shows it.
type knownKey struct {
	ID      string `json:"id"`
	Owner   string `json:"owner"`
	Place   string `json:"place"`
	Token   bool   `json:"token"`
	Until   string `json:"until"`
	Days    int    `json:"days"` // -1 = ended or unknown
	Note    string `json:"note"`
	Advice  string `json:"advice"`
	Urgent  bool   `json:"urgent"`
	Recent  bool   `json:"recent"`
	Warning string `json:"warning,omitempty"` // what keys/later takes, "" = nothing to put off
	Renew   bool   `json:"renew,omitempty"`   // it can be renewed now
}

func knownKeys(recent []consent.RecentKey, lang string, now time.Time) []knownKey {
	out := []knownKey{}
	all := recentKeys(recent)
	for _, r := range recent {
		k := knownKey{ID: r.ID(), Owner: r.Owner, Place: first(r.Path, r.Label+" "+r.Token), Token: r.Token != "", Days: -1, Recent: true}
		if r.Path != "" {
			if _, err := os.Stat(r.Path); err != nil {
				k.Note = i18n.T(lang, "pages.keys.gone")
			}
		}
		if !r.Until.IsZero() {
			k.Until = i18n.DateUntil(lang, r.Until)
			if left := r.Until.Sub(now); left > 0 {
				k.Days = int(left / (24 * time.Hour))
			}
			if w, ok := renewal.State(renewalKey(r), all, now); ok && k.Note == "" {
				k.Note, k.Advice, k.Urgent = warningText(lang, w)
				k.Warning, k.Renew = w.Key.ID, !w.Ended && !w.Replaced
			}
		}
		out = append(out, k)
	}
	return out
}

// warningText puts what holds for a key into words: what, and what to do.
func warningText(lang string, w renewal.Warning) (note, advice string, urgent bool) {
	switch {
	case w.Replaced:
		return i18n.T(lang, "pages.keys.advice_revoke"), "", false
	case w.Ended:
		return i18n.T(lang, "pages.keys.ended", i18n.DateOn(lang, w.Key.NotAfter)), i18n.T(lang, "pages.keys.advice_late"), true
	}
	return i18n.N(lang, "pages.keys.soon", w.Days), i18n.T(lang, "pages.keys.advice_renew"), w.Days <= 7
}

// renewal leads through a new key, on our own pages.
func (a *agent) renewal(o agentOptions, desk *consent.Desk) *pages.Renewal {
	return &pages.Renewal{
		Desk: desk, Registry: desk.Registry(), Now: time.Now,
		Origin: "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)),
	}
}

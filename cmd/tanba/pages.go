package main

import (
	"context"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/pages"
	"tanba/internal/i18n"
	"tanba/internal/renewal"
	"tanba/internal/settings"
)

// newPages serves what the agent knows of itself.
func (a *agent) newPages(o agentOptions, desk *consent.Desk, started time.Time) *pages.Handler {
	calls := map[string]pages.Call{
		"status": func(_ context.Context, lang string, _ []byte) (any, error) { return a.status(lang, started), nil },
		"about":  func(context.Context, string, []byte) (any, error) { return a.about(o), nil },
		"keys": func(_ context.Context, lang string, _ []byte) (any, error) {
			return knownKeys(desk.Recent(), lang, time.Now()), nil
		},
		"keys/forget": func(_ context.Context, _ string, body []byte) (any, error) {
			in, err := pages.Decode[struct{ ID string }](body)
			if err != nil || in.ID == "" {
				return nil, &pages.Fault{Key: "pages.failed"}
			}
			desk.ForgetRecent(in.ID)
			return struct{}{}, nil
		},
	}
	for _, more := range []map[string]pages.Call{
		o.calls,
		pages.DeskCalls(desk),
		pages.SettingsCalls(pages.Settings{
			Load:  func() (settings.Settings, error) { return settings.Load(o.dir) },
			Save:  func(s settings.Settings) error { return settings.Save(o.dir, s) },
			Fixed: fixedSettings,
		}),
	} {
		for name, call := range more {
			calls[name] = call
		}
	}
	return pages.New(pages.Options{Calls: calls, Language: func() string { return personLanguage(o) }, Log: o.log})
}

// personLanguage is that of the settings of now, "" when the person chose none.
func personLanguage(o agentOptions) string {
	s, err := settings.Effective(o.dir)
	if err != nil {
		return ""
	}
	return s.Language
}

// fixedSettings names the members an administrator's file decides.
func fixedSettings() []string {
	s, err := settings.Machine()
	if err != nil {
		return nil
	}
	return s.Members()
}

func (a *agent) status(lang string, started time.Time) any {
	out := map[string]string{
		"version": releaseVersion, "address": a.url(),
		"since":      i18n.Date(lang, started) + ", " + i18n.Almaty(started).Format("15:04"),
		"trustUntil": i18n.T(lang, "pages.keys.until", i18n.DateUntil(lang, a.source.Bundle().CA.NotAfter)),
	}
	if addr, err := a.server.Multisign(); err == nil && addr != nil {
		out["multisign"] = "https://" + addr.String()
	}
	return out
}

type linkedModule struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

func (a *agent) about(o agentOptions) any {
	modules := []linkedModule{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			modules = append(modules, linkedModule{m.Path, m.Version})
		}
	}
	return map[string]any{
		"version": releaseVersion, "commit": releaseCommit, "features": strings.Join(cpuFeatures(), ", "),
		"folder": o.dir.Path(), "fingerprint": a.source.Bundle().Fingerprint(), "modules": modules,
	}
}

// knownKey is a key as the page shows it.
type knownKey struct {
	ID     string `json:"id"`
	Owner  string `json:"owner"`
	Place  string `json:"place"`
	Token  bool   `json:"token"`
	Until  string `json:"until"`
	Days   int    `json:"days"` // -1 = ended or unknown
	Note   string `json:"note"`
	Advice string `json:"advice"`
	Urgent bool   `json:"urgent"`
	Recent bool   `json:"recent"`
}

func knownKeys(recent []consent.RecentKey, lang string, now time.Time) []knownKey {
	out := []knownKey{}
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
			if w, ok := renewal.State(renewal.Key{ID: k.ID, NotAfter: r.Until}, nil, now); ok && k.Note == "" {
				k.Note, k.Advice, k.Urgent = warningText(lang, w)
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

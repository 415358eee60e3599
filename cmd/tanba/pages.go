package main

import (
	"context"
	"runtime/debug"
	"strings"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/pages"
	"tanba/internal/i18n"
	"tanba/internal/settings"
	"tanba/internal/verification"
)

// newPages serves what the agent knows of itself.
func (a *agent) newPages(o agentOptions, desk *consent.Desk, l *live, started time.Time) *pages.Handler {
	calls := map[string]pages.Call{
		"status": func(_ context.Context, lang string, _ []byte) (any, error) { return a.status(lang, started), nil },
		"about":  func(context.Context, string, []byte) (any, error) { return a.about(o), nil },
	}
	verify := pageVerify(o)
	for _, more := range []map[string]pages.Call{
		o.calls,
		verify.Calls(),
		pages.DeskCalls(desk),
		keyCalls(a.warnings),
		a.renewal(o, desk).Calls(),
		pages.SettingsCalls(pages.Settings{
			Load:  func() (settings.Settings, error) { return settings.Load(o.dir) },
			Save:  func(s settings.Settings) error { return l.save(s) },
			Fixed: fixedSettings,
		}),
	} {
		for name, call := range more {
			calls[name] = call
		}
	}
	return pages.New(pages.Options{Calls: calls, Streams: verify.Streams(), Language: func() string { return personLanguage(o) }, Log: o.log})
}

// pageVerify judges as the settings of the moment say, with no more trust than
// the command line has.
func pageVerify(o agentOptions) pages.Verify {
	return pages.Verify{
		Online: func() bool {
			chosen, err := settings.Effective(o.dir)
			return err == nil && chosen.Revocation != "off"
		},
		Verifier: func(online bool) (*verification.Verifier, bool, error) {
			trust := verification.Trust{Known: o.roots}
			chosen, err := settings.Effective(o.dir)
			if err != nil {
				return nil, false, err
			}
			if online {
				if trust.Revocation, err = newRevocation(o.dir, chosen, nil); err != nil {
					return nil, false, err
				}
			}
			return verification.New(trust), trust.Revocation != nil && chosen.Revocation == "require", nil
		},
	}
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

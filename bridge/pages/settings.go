package pages

import (
	"context"
	"net/url"

	"tanba/internal/renewal"
	"tanba/internal/settings"
)

// Settings is where the pages read and keep what the person chooses.
type Settings struct {
	Load func() (settings.Settings, error) // the person's own file
	Save func(settings.Settings) error
	// Fixed names the members an administrator's file decides.
	Fixed func() []string
}

// chosen are the settings a page may change. What decides which code is loaded,
// what is trusted and what is signed without a question is not among them.
type chosen struct {
	Language   string   `json:"language"`
	Phrase     string   `json:"phrase"`
	Port       int      `json:"port"`
	Multisign  bool     `json:"multisign"`
	Proxy      string   `json:"proxy"`
	TSA        []string `json:"tsa"`
	Revocation string   `json:"revocation"`
	LogLevel   string   `json:"logLevel"`
	Remember   int      `json:"rememberMinutes"`
	QuietHours string   `json:"quietHours"`
	Warnings   string   `json:"warnings"`
}

// SettingsCalls are the calls of the settings page.
func SettingsCalls(s Settings) map[string]Call {
	show := func() (any, error) {
		v, err := s.Load()
		if err != nil {
			return nil, &Fault{Key: "pages.settings.unreadable", Args: []any{err.Error()}}
		}
		fixed := s.Fixed()
		if fixed == nil {
			fixed = []string{}
		}
		tsa := v.TSA
		if tsa == nil {
			tsa = []string{}
		}
		return map[string]any{"fixed": fixed, "settings": chosen{
			v.Language, v.Phrase, v.Port, v.Multisign, v.Proxy, tsa, v.Revocation, v.LogLevel, v.Remember, v.QuietHours, v.Warnings,
		}}, nil
	}
	return map[string]Call{
		"settings": func(context.Context, string, []byte) (any, error) { return show() },
		"settings/save": func(_ context.Context, _ string, body []byte) (any, error) {
			in, err := Decode[chosen](body)
			if err != nil {
				return nil, err
			}
			if err := in.check(); err != nil {
				return nil, err
			}
			v, err := s.Load()
			if err != nil {
				return nil, &Fault{Key: "pages.settings.unreadable", Args: []any{err.Error()}}
			}
			v.Language, v.Phrase, v.Port, v.Multisign, v.Proxy, v.TSA = in.Language, in.Phrase, in.Port, in.Multisign, in.Proxy, in.TSA
			v.Revocation, v.LogLevel, v.Remember, v.QuietHours, v.Warnings = in.Revocation, in.LogLevel, in.Remember, in.QuietHours, in.Warnings
			if err := s.Save(v); err != nil {
				return nil, &Fault{Key: "pages.settings.not_saved", Args: []any{err.Error()}}
			}
			return show()
		},
	}
}

func (c chosen) check() error {
	bad := func(what string) error { return &Fault{Key: "pages.settings.bad_" + what} }
	if c.Port != 0 && (c.Port < 1024 || c.Port > 65535) {
		return bad("port")
	}
	for _, address := range c.TSA {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return bad("address")
		}
	}
	if c.Proxy != "" && c.Proxy != "none" {
		if u, err := url.Parse(c.Proxy); err != nil || u.Host == "" {
			return bad("proxy")
		}
	}
	if _, err := renewal.ParseQuiet(c.QuietHours); err != nil {
		return bad("quiet")
	}
	switch c.Remember {
	case 0, 5, 15:
	default:
		return bad("remember")
	}
	if len(c.Phrase) > 200 {
		return bad("phrase")
	}
	return nil
}

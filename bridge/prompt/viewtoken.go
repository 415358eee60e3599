package prompt

import (
	"errors"
	"time"

	"tanba/internal/i18n"
)

type viewToken struct {
	ID      string      `json:"id"`
	Label   string      `json:"label"`
	Serial  string      `json:"serial"`
	Owners  []viewOwner `json:"owners"`
	PIN     viewPIN     `json:"pin"`
	Problem local       `json:"problem,omitempty"`
	Hint    local       `json:"hint,omitempty"` // what to do about the problem
	Factory string      `json:"factory"`        // catalogue key
	Last    bool        `json:"last"`
}

type viewOwner struct {
	Name  string `json:"name"`
	Until local  `json:"until"`
	State string `json:"state"` // "", "soon", "ended"
}

type viewPIN struct {
	Stop   string `json:"stop"` // catalogue key: why no PIN can be tried; "" = one can
	Left   int    `json:"left"` // -1 = unknown
	Low    bool   `json:"low"`
	Last   bool   `json:"last"`
	Pad    bool   `json:"pad"`
	Length local  `json:"length,omitempty"` // "6–32"
}

func viewTokens(tokens []Token, now time.Time) []viewToken {
	out := make([]viewToken, 0, len(tokens))
	for _, t := range tokens {
		v := viewToken{ID: t.ID, Label: t.Label, Serial: t.Serial, PIN: pinView(t.PIN), Factory: t.Factory, Last: t.Last}
		if t.Problem != "" {
			v.Problem = each(func(l string) string { return i18n.T(l, t.Problem) })
			if hint := t.Problem + ".hint"; i18n.Has(hint) {
				v.Hint = each(func(l string) string { return i18n.T(l, hint) })
			}
		}
		for _, o := range t.Owners {
			until, state := ending(now, o.Until)
			v.Owners = append(v.Owners, viewOwner{o.Name, until, state})
		}
		out = append(out, v)
	}
	return out
}

func pinView(p PIN) viewPIN {
	v := viewPIN{Left: p.Left, Low: p.Low, Last: p.LastTry, Pad: p.Pad}
	switch {
	case p.Locked:
		v.Stop = UnlockPINLocked
	case p.Unset, p.MustChange:
		v.Stop = UnlockPINUnset
	}
	v.Length = each(func(l string) string { return pinLength(l, p) })
	return v
}

// pinLength says how long a PIN is, "" when that is not known.
func pinLength(lang string, p PIN) string {
	switch {
	case p.Min > 0 && p.Min == p.Max:
		return i18n.N(lang, "pin.length", p.Min)
	case p.Min > 0 && p.Max > p.Min && p.Max < 250:
		return i18n.T(lang, "pin.length_range", p.Min, p.Max)
	case p.Min > 0:
		return i18n.N(lang, "pin.length_min", p.Min)
	}
	return ""
}

// viewTrouble is the answer to a try that opened nothing.
func viewTrouble(err error) map[string]any {
	var trouble *UnlockError
	if !errors.As(err, &trouble) {
		return map[string]any{"error": UnlockFailed}
	}
	answer := map[string]any{"error": trouble.Code}
	if trouble.PIN != nil {
		answer["pin"] = pinView(*trouble.PIN)
	}
	return answer
}

package prompt

import (
	"encoding/base64"
	"encoding/hex"
	"path/filepath"
	"strings"
	"time"

	"tanba/internal/i18n"
)

// local is a text in every language of the page, so that switching the language
// needs no second rendering here.
type local map[string]string

func each(f func(lang string) string) local {
	out := local{}
	for _, lang := range i18n.Languages {
		out[lang] = f(lang)
	}
	return out
}

type viewDocument struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"` // catalogue key
	Size   local  `json:"size"`
	SHA256 string `json:"sha256"` // "" when the document is not read yet
	Text   bool   `json:"text"`   // there is a text to show

	Copy   bool        `json:"copy"` // a copy can be opened
	Fields []viewField `json:"fields"`
	More   bool        `json:"more"`
	Part   string      `json:"part"`
}

type viewField struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type viewFile struct {
	Path  string `json:"path"`
	Name  string `json:"name"`
	Place string `json:"place"` // folder, to tell files of one name apart
	Owner string `json:"owner"`
	Until local  `json:"until,omitempty"`
	State string `json:"state"` // "", "soon", "ended"
}

type viewKey struct {
	ID           string `json:"id"`
	Owner        string `json:"owner"`
	IIN          string `json:"iin"` // masked
	BIN          string `json:"bin"`
	Organisation string `json:"organisation"`
	Role         string `json:"role"` // catalogue keys
	Use          string `json:"use"`
	Reason       string `json:"reason"`
	Algorithm    local  `json:"algorithm"`
	Issuer       string `json:"issuer"`
	Validity     local  `json:"validity"`
	Left         local  `json:"left,omitempty"` // "осталось 12 дней", near the end
	Fits         bool   `json:"fits"`
	Expired      bool   `json:"expired"`
	Soon         bool   `json:"soon"`
	Confirm      bool   `json:"confirm"` // a second yes is needed
}

// view is everything the page shows at first.
func (s *session) view(key []byte) map[string]any {
	r := s.r
	texts := map[string]map[string]string{}
	for _, lang := range i18n.Languages {
		texts[lang] = i18n.Area(lang, "prompt")
		for _, area := range []string{"errors", "newkey"} {
			for k, v := range i18n.Area(lang, area) {
				texts[lang][k] = v
			}
		}
	}
	locale := r.Locale
	if locale == "" {
		locale = s.o.Language
	}
	now := s.o.Now()
	documents := make([]viewDocument, 0, len(r.Documents))
	for _, d := range r.Documents {
		v := viewDocument{Name: d.Name, Kind: "kind." + d.Kind, Size: each(func(l string) string { return i18n.Size(l, d.Size) }), Text: d.Text != "", More: d.More, Part: d.Part, Copy: s.copyable(d)}
		for _, f := range d.Fields {
			v.Fields = append(v.Fields, viewField(f))
		}
		if d.SHA256 != [32]byte{} {
			v.SHA256 = hex.EncodeToString(d.SHA256[:])
		} else if d.Kind == "file" {
			v.Size = nil // nobody has looked at it
		}
		documents = append(documents, v)
	}
	recent := make([]viewFile, 0, len(r.Recent))
	for _, f := range r.Recent {
		v := viewFile{Path: f.Path, Name: f.Name, Place: filepath.Dir(f.Path), Owner: f.Owner}
		v.Until, v.State = ending(now, f.Until)
		recent = append(recent, v)
	}
	var open []viewKey
	opentill := ""
	if r.Open != nil {
		open, opentill = viewKeys(r.Open, now), i18n.Almaty(r.OpenUntil).Format("15:04")
	}
	wanted := r.Wanted
	wanted.IIN = mask(wanted.IIN)
	return map[string]any{
		"key":        base64.RawURLEncoding.EncodeToString(key),
		"seal":       s.seal.PublicKey().Bytes(),
		"locale":     i18n.Match(locale),
		"languages":  i18n.Languages,
		"texts":      texts,
		"phrase":     r.Phrase,
		"minimum":    r.Minimum.Milliseconds(),
		"breath":     s.o.Breath.Milliseconds(),
		"reading":    reading * s.o.Breath.Milliseconds(),
		"purpose":    map[Purpose]string{Sign: "sign", ShowKey: "show", PickFile: "pick", ListTokens: "list", MakeKey: "make", InstallCertificate: "install"}[r.Purpose],
		"site":       map[string]any{"name": r.Site.Name, "detail": r.Site.Detail, "secure": r.Site.Secure, "loopback": r.Site.Loopback, "local": r.Site.Local, "suspicious": r.Site.Suspicious, "new": r.Site.New, "sha256": r.Site.SHA256, "changed": r.Site.Changed},
		"sentence":   each(func(l string) string { return Sentence(l, r) }),
		"documents":  documents,
		"total":      r.Total,
		"digests":    r.Digests,
		"unseen":     r.Unseen,
		"detached":   r.Detached,
		"login":      r.Login,
		"warning":    r.Warning,
		"wanted":     wanted,
		"recent":     recent,
		"open":       open,
		"opentill":   opentill,
		"remember":   int(r.RememberFor / time.Minute),
		"always":     r.MayAlways,
		"block":      r.MayBlock,
		"nofiles":    r.NoFiles,
		"tokens":     r.Tokens != nil,
		"first":      r.TokensFirst,
		"watched":    r.TokenChange != nil,
		"extensions": r.Extensions,
		"directory":  r.Directory,
		"start":      r.Start,
		"facts":      viewFacts(r.Facts),
		"newfile":    r.NewFile != nil,
		"folder":     r.Folder,
	}
}

// Sentence says what the key is wanted for, in our words (security.md §7.1): the
// predicate to the name of the site.
func Sentence(lang string, r *Request) string {
	total := max(r.Total, len(r.Documents))
	switch {
	case r.Purpose == ShowKey:
		return i18n.T(lang, "ask.show")
	case r.Purpose == ListTokens:
		return i18n.T(lang, "ask.tokens")
	case r.Purpose == MakeKey:
		return i18n.T(lang, "ask.make")
	case r.Purpose == InstallCertificate:
		return i18n.T(lang, "ask.install")
	case r.Purpose == PickFile && r.Directory:
		return i18n.T(lang, "ask.pick_folder")
	case r.Purpose == PickFile:
		return i18n.T(lang, "ask.pick_file")
	case r.Login:
		return i18n.T(lang, "ask.login")
	case r.Digests:
		return i18n.N(lang, "ask.digests", total)
	case total == 1 && len(r.Documents) == 1 && r.Documents[0].Kind == "file":
		return i18n.T(lang, "ask.file")
	case total == 1 && len(r.Documents) == 1:
		d := r.Documents[0]
		if d.Part != "" {
			return i18n.T(lang, "ask.part", i18n.T(lang, "kind."+d.Kind), i18n.Size(lang, d.Size))
		}
		return i18n.T(lang, "ask.document", i18n.T(lang, "kind."+d.Kind), i18n.Size(lang, d.Size))
	case r.Bytes > 0:
		return i18n.N(lang, "ask.documents", total, i18n.Size(lang, r.Bytes))
	}
	return i18n.N(lang, "ask.documents_unsized", total)
}

func viewKeys(keys []Key, now time.Time) []viewKey {
	out := make([]viewKey, 0, len(keys))
	for _, k := range keys {
		v := viewKey{
			ID: k.ID, Owner: k.Owner, IIN: mask(k.IIN), BIN: k.BIN, Organisation: k.Organisation,
			Role: k.Role, Use: k.Use, Reason: k.Reason, Algorithm: each(func(l string) string { return algorithm(l, k.Algorithm) }), Issuer: k.Issuer,
			Fits: k.Fits, Expired: k.Expired, Soon: k.ExpiresSoon, Confirm: k.NeedsConsent,
		}
		if !k.NotAfter.IsZero() {
			v.Validity = validity(now, k.NotBefore, k.NotAfter)
		}
		if k.ExpiresSoon {
			v.Left = each(func(l string) string { return left(l, now, k.NotAfter) })
		}
		out = append(out, v)
	}
	return out
}

// algorithm is the name of an algorithm in a language: the standards are ГОСТ in
// Kazakh and Russian.
func algorithm(lang, name string) string {
	if lang == "en" {
		return strings.ReplaceAll(name, "ГОСТ", "GOST")
	}
	return name
}

// ending says until when a certificate serves and whether that is "soon" or has
// "ended".
func ending(now, until time.Time) (local, string) {
	if until.IsZero() {
		return nil, ""
	}
	words := validity(now, time.Time{}, until)
	switch {
	case now.After(until):
		return words, "ended"
	case until.Sub(now) <= 30*24*time.Hour:
		return words, "soon"
	}
	return words, ""
}

// validity says in words until when, since when not, or from when a key serves.
func validity(now, from, until time.Time) local {
	return each(func(l string) string {
		switch {
		case now.After(until):
			return i18n.T(l, "key.ended", i18n.DateOn(l, until))
		case now.Before(from):
			return i18n.T(l, "key.from", i18n.DateFrom(l, from))
		}
		return i18n.T(l, "key.until", i18n.DateUntil(l, until))
	})
}

func left(lang string, now, until time.Time) string {
	if n := days(now, until); n > 0 {
		return i18n.N(lang, "key.days_left", n)
	}
	return i18n.T(lang, "key.last_day")
}

// mask hides an ИИН but for its last four digits.
func mask(iin string) string {
	r := []rune(iin)
	if len(r) <= 4 {
		return iin
	}
	for i := range r[:len(r)-4] {
		r[i] = '•'
	}
	return string(r[:len(r)-4]) + "\u2009" + string(r[len(r)-4:])
}
